"""The launcher's services, started for real by a launcher process of the test's own."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 20
OURS = ("DATABASE_URL", "REDIS_URL", "MUSTER_VAR", "PORT", "HOST", "DEVICES")


def launcher_environment(var: Path, **extra: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**inherited, "MUSTER_VAR": str(var), **extra}


def run_launcher(var: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.dev", *arguments],
        cwd=ROOT,
        env=launcher_environment(var, **extra),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_running(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


@dataclass
class Launcher:
    """`python -m config.dev services` on a `var` folder, and what it said."""

    var: Path
    process: subprocess.Popen[str] = field(init=False)
    exports: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.dev", "services"],
            cwd=ROOT,
            env=launcher_environment(self.var),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        self.exports = dict(re.findall(r"export (\w+)='(.*)'", said))

    @property
    def sockets(self) -> Path:
        return Path(self.exports["DATABASE_URL"].partition("?host=")[2])

    @property
    def postgres(self) -> int:
        return int((self.var / "pg" / "postmaster.pid").read_text().split()[0])

    @property
    def valkey(self) -> int:
        found = re.search(r"process_id:(\d+)", self.ask_valkey("INFO server"))
        assert found
        return int(found[1])

    def ask_valkey(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(SECONDS)
            connection.connect(self.exports["REDIS_URL"].removeprefix("unix://").partition("?")[0])
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(65536).decode()

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.exports["DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def end(self) -> tuple[int, str]:
        """Exit code and stderr."""
        _, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, errors


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whoever starts first makes the data there, and the others find them, whatever happened to the servers before."""
    return tmp_path_factory.mktemp("launcher") / "var"


@pytest.fixture
def start(var: Path) -> Iterator[Callable[[], Launcher]]:
    started: list[Launcher] = []

    def start_launcher() -> Launcher:
        started.append(Launcher(var))
        return started[-1]

    yield start_launcher
    for launcher in started:
        with contextlib.suppress(ProcessLookupError):
            launcher.process.terminate()
        launcher.process.communicate(timeout=SECONDS)
        shutil.rmtree(launcher.sockets, ignore_errors=True)  # a killed launcher cannot


def test_services_answer_and_stop_when_asked(start: Callable[[], Launcher]) -> None:
    launcher = start()
    pids = launcher.postgres, launcher.valkey
    facts = launcher.query("SELECT current_user, upper('ä'), current_setting('fsync')")
    launcher.process.send_signal(signal.SIGINT)
    assert facts == [("muster", "Ä", "on")]
    assert launcher.end() == (0, "")
    assert not any(is_running(pid) for pid in pids)
    assert not launcher.sockets.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_killed_launcher_leaves_no_servers(start: Callable[[], Launcher]) -> None:
    launcher = start()
    pids = launcher.postgres, launcher.valkey
    launcher.process.kill()
    assert eventually(lambda: not any(is_running(pid) for pid in pids))


def test_killed_postgres_is_reported_and_recovers_with_its_rows(start: Callable[[], Launcher]) -> None:
    launcher = start()
    launcher.query("CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(launcher.postgres, signal.SIGKILL)
    code, errors = launcher.end()
    assert code == 1
    assert "postgres was killed (signal 9)" in errors
    assert "Traceback" not in errors
    assert start().query("SELECT answer FROM kept") == [(42,)]


def test_deleted_socket_folder_is_reported(start: Callable[[], Launcher]) -> None:
    launcher = start()
    shutil.rmtree(launcher.sockets)
    code, errors = launcher.end()
    assert code == 1
    assert errors.startswith(f"muster: {launcher.sockets}/.s.PGSQL.5432 was deleted, so postgres cannot be reached")


def test_second_launcher_says_that_one_is_running(start: Callable[[], Launcher]) -> None:
    launcher = start()
    second = run_launcher(launcher.var, "services")
    assert second.returncode == 1
    assert second.stderr == (
        f"muster: Muster is already running here (process {launcher.process.pid}). Stop that one first.\n"
    )


def test_throwaway_services_pass_on_the_exit_code_and_leave_nothing(tmp_path: Path) -> None:
    script = "import os, sys; print(os.environ['DATABASE_URL']); print(os.environ['REDIS_URL']); sys.exit(7)"
    done = run_launcher(tmp_path, "services", "--throwaway", "--", sys.executable, "-c", script)
    database, broker = done.stdout.split()
    assert done.returncode == 7
    assert not Path(database.partition("?host=")[2]).parent.exists()
    assert not Path(broker.removeprefix("unix://").partition("?")[0]).parent.exists()
    assert list(tmp_path.iterdir()) == []


def test_given_urls_win(start: Callable[[], Launcher]) -> None:
    launcher = start()
    done = run_launcher(launcher.var, "services", "--throwaway", "--", "env", **launcher.exports)
    seen = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert {name: seen[name] for name in launcher.exports} == launcher.exports
    assert launcher.query("SELECT 1") == [(1,)]


@pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL"])
def test_given_url_where_nothing_answers_is_named(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = run_launcher(tmp_path, "services", **{variable: f"scheme://user:secret@127.0.0.1:{port}/0"})
    assert done.returncode == 1
    assert done.stderr.startswith(f"muster: {variable} names 127.0.0.1:{port}, but nothing answers there")
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_data_of_another_postgres_is_refused(tmp_path: Path) -> None:
    cluster = tmp_path / "var" / "pg"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("9\n")
    done = run_launcher(tmp_path / "var", "services")
    assert done.returncode == 1
    assert "was made by PostgreSQL 9, and this is PostgreSQL" in done.stderr
    assert "Traceback" not in done.stderr
