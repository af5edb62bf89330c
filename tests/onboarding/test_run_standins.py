"""The command that runs the stand-ins."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

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
for words in "\\n".join(sys.argv[1:]).split("\\n--\\n"):  # once for each part
    try:
        Command().run_from_argv(["manage.py", "run_standins", *words.splitlines()])
    except SystemExit as ended:
        print("ended with", ended.code)
"""


def start(*runs: list[str]) -> subprocess.Popen[str]:
    """One run after the other."""
    first, *others = runs
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *first, *(word for run in others for word in ("--", *run))],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_says_when_it_is_ready_and_stops_when_told(tmp_path: Path) -> None:
    ports = [word for option in OPTIONS for word in (option, "0")]
    with start(["--directory", str(tmp_path), *ports]) as process:
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


def test_a_used_port_gives_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        runs = []
        for option in ("--apns-port", "--store-port", "--vpp-port", "--dep-port"):
            ports = {**dict.fromkeys(OPTIONS, "0"), option: str(port)}
            runs.append(["--directory", str(tmp_path), *(word for pair in ports.items() for word in pair)])
        with start(*runs) as process:
            told, complaints = process.communicate(timeout=30)

    assert told.splitlines() == ["ended with 1"] * 4
    assert (
        complaints.splitlines()
        == [f"CommandError: Port {port} on 127.0.0.1 cannot be used: another program uses it."] * 4
    )
