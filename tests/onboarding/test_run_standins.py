"""The command that runs the stand-ins."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

OPTIONS = ("--apns-port", "--courier-port", "--store-port", "--vpp-port", "--dep-port")
PROJECT = Path(__file__).parents[2]
# Without the project's settings: the command must need none of them, and no database.
PROGRAM = """
import sys
import django
from django.conf import settings
from onboarding.management.commands.run_standins import Command
settings.configure()
django.setup()
Command().run_from_argv(["manage.py", "run_standins", *sys.argv[1:]])
"""


def start(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--directory", str(directory), *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_says_when_it_is_ready_and_stops_when_told(tmp_path: Path) -> None:
    with start(tmp_path, *(word for option in OPTIONS for word in (option, "0"))) as process:
        assert process.stdout is not None
        store = re.fullmatch(r"store stand-in at http://127\.0\.0\.1:(\d+)/.+/lookup\n", process.stdout.readline())
        assert store is not None
        vpp = re.fullmatch(r"apps and books stand-in at http://127\.0\.0\.1:(\d+)/mdm/v2\n", process.stdout.readline())
        assert vpp is not None
        assert (tmp_path / "demo.vpptoken").exists()
        dep = re.fullmatch(r"device assignment stand-in at http://127\.0\.0\.1:(\d+)\n", process.stdout.readline())
        assert dep is not None
        assert (tmp_path / "device-ca.pem").exists()
        ready = re.fullmatch(
            r"apns stand-in listening on 127\.0\.0\.1:(\d+), courier on 127\.0\.0\.1:(\d+)\n", process.stdout.readline()
        )
        assert ready is not None
        for port in (*store.groups(), *vpp.groups(), *dep.groups(), *ready.groups()):
            socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=30) == 0
        assert process.communicate() == ("", "")


@pytest.mark.parametrize("option", ["--apns-port", "--store-port", "--vpp-port", "--dep-port"])
def test_a_used_port_gives_one_sentence(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {**dict.fromkeys(OPTIONS, "0"), option: str(port)}
        with start(tmp_path, *(word for pair in ports.items() for word in pair)) as process:
            _output, complaint = process.communicate(timeout=30)

    assert process.returncode == 1
    assert complaint == f"CommandError: Port {port} on 127.0.0.1 cannot be used: another program uses it.\n"
