"""The supervisor of `make run` with stand-in programs, and the launcher's sentences."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.dev.console import LauncherError
from config.dev.processes import Program, Role, Supervisor
from config.dev.spawn import spawn
from config.dev.web import kept_port

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 20
# Python 3.12 warns of any fork while pytest-xdist's threads run; the launcher itself has one thread.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


def script(name: str, text: str, role: Role = Role.SERVER, stop_seconds: float = 5) -> Program:
    return Program(name, [sys.executable, "-u", "-c", text], role, stop_seconds)


def sleeper(name: str) -> Program:
    return script(name, "import time; print('up'); time.sleep(60)")


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(logs=tmp_path, environment=os.environ, directory=tmp_path, watch=lambda: None)
    yield supervisor
    supervisor.stop()


def test_output_goes_to_the_console_under_a_name_and_to_a_log(
    supervisor: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "web.log").write_text("an earlier run\n")
    supervisor.run_to_end(script("web", "print('one'); print('unfinished', end='')", Role.STEP))
    assert capsys.readouterr().out == "web        | one\nweb        | unfinished\n"
    assert (tmp_path / "web.log").read_text() == "one\nunfinished\n"
    assert (tmp_path / "web.log.1").read_text() == "an earlier run\n"


def test_failed_step_is_reported_with_its_last_lines(supervisor: Supervisor) -> None:
    with pytest.raises(LauncherError, match="migrate failed") as caught:
        supervisor.run_to_end(script("migrate", "print('no such table'); raise SystemExit(3)", Role.STEP))
    assert caught.value.details == ["no such table"]


def test_server_program_that_ends_right_after_its_start_is_everybodys_end(supervisor: Supervisor) -> None:
    supervisor.start(sleeper("worker"))
    supervisor.start(script("web", "print('out of memory'); raise SystemExit(4)"))
    with pytest.raises(LauncherError, match="web ended with exit code 4") as caught:
        supervisor.wait_for(lambda: False, SECONDS)
    assert caught.value.details == ["out of memory"]


@pytest.fixture
def patient_supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """Takes every program for settled at once."""
    supervisor = Supervisor(
        logs=tmp_path, environment=os.environ, directory=tmp_path, watch=lambda: None, settled_seconds=0
    )
    yield supervisor
    supervisor.stop()


def test_killed_server_program_is_started_again(
    patient_supervisor: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = patient_supervisor.start(sleeper("worker"))
    assert patient_supervisor.wait_for(lambda: list(worker.last_lines) == ["up"], SECONDS)
    worker.process.kill()
    assert patient_supervisor.wait_for(lambda: patient_supervisor.last_lines("worker") == ["up"], SECONDS)
    assert patient_supervisor.wait_for(lambda: (tmp_path / "worker.log.1").exists(), SECONDS)
    assert "and is started again" in capsys.readouterr().out


def test_server_program_that_keeps_ending_is_everybodys_end(patient_supervisor: Supervisor) -> None:
    patient_supervisor.start(script("worker", "print('no memory'); raise SystemExit(4)"))
    with pytest.raises(LauncherError, match="worker ended with exit code 4") as caught:
        patient_supervisor.wait_for(lambda: False, SECONDS)
    assert caught.value.details == ["no memory"]


def test_end_of_an_optional_program_is_only_reported(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet = supervisor.start(script("fleet", "raise SystemExit(4)", Role.OPTIONAL))
    assert supervisor.wait_for(lambda: fleet.reported, SECONDS)
    assert "fleet ended with exit code 4; the rest goes on without it." in capsys.readouterr().err


def test_programs_stop_in_reverse_order(supervisor: Supervisor, tmp_path: Path) -> None:
    text = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(print('bye {0}'))); "
        "print('up'); time.sleep(60)"
    )
    started = [supervisor.start(script(name, text.format(name))) for name in ("web", "beat", "fleet")]
    assert supervisor.wait_for(lambda: all(one.last_lines for one in started), SECONDS)
    supervisor.stop()
    times = [(tmp_path / f"{name}.log").stat().st_mtime_ns for name in ("fleet", "beat", "web")]
    assert times == sorted(times)
    assert [(tmp_path / f"{name}.log").read_text().split()[-1] for name in ("fleet", "web")] == ["fleet", "web"]


def test_stubborn_program_and_its_children_are_killed(supervisor: Supervisor) -> None:
    text = (
        "import os, signal, time; signal.signal(15, signal.SIG_IGN); child = os.fork(); "
        "child and print(child); time.sleep(60)"
    )
    stubborn = supervisor.start(script("stubborn", text, stop_seconds=0.1))
    assert supervisor.wait_for(lambda: bool(stubborn.last_lines), SECONDS)
    supervisor.stop()
    assert stubborn.code == -9
    state = subprocess.run(["ps", "-o", "state=", "-p", stubborn.last_lines[0]], capture_output=True, text=True).stdout
    assert state.strip() in ("", "Z")


def test_program_that_does_not_exist_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(LauncherError, match="fleet cannot be started: No such file or directory"):
        supervisor.start(Program("fleet", ["/nowhere/fleet"]))


def test_children_have_no_terminal_to_be_interrupted_from(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        process = spawn([sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid())"], output=log)
        process.wait(SECONDS)
    assert (tmp_path / "log").read_text() == "True\n"


@pytest.fixture
def launch(tmp_path: Path) -> Callable[..., str]:
    """Run `make run`'s command where it must refuse; its whole complaint."""

    def launch_and_read(**environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "config.dev", "run"],
            cwd=ROOT,
            env={**os.environ, "MUSTER_VAR": str(tmp_path / "var"), **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr

    return launch_and_read


def test_port_in_use_is_one_sentence(launch: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        said = launch(PORT=str(port))
    assert said.startswith(f"muster: port {port} is in use by another program: choose another, such as `make run PORT=")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"PORT": "http"}, "muster: PORT must be a whole number from 1 to 65535, not 'http'.\n"),
        ({"DEVICES": "-1"}, "muster: DEVICES must be a whole number from 0 to 10000, not '-1'.\n"),
        ({"HOST": "192.0.2.1"}, "muster: HOST=192.0.2.1 is not an address of this machine.\n"),
        ({"MUSTER_VAR": "/dev/null/var"}, "muster: cannot create /dev/null/var: Not a directory.\n"),
    ],
)
def test_wrong_setting_is_one_sentence(launch: Callable[..., str], environment: dict[str, str], sentence: str) -> None:
    assert launch(**environment) == sentence


@pytest.mark.parametrize("kept", ["", "nonsense", "-1", "0.5", "99999999"])
def test_a_port_is_kept_for_the_next_run_while_it_is_free(tmp_path: Path, kept: str) -> None:
    file = tmp_path / "port"
    if kept:
        file.write_text(kept)

    port = kept_port(file)

    assert kept_port(file) == port
    with socket.create_server(("127.0.0.1", port)):
        assert kept_port(file) != port
