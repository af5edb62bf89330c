"""An embedded PostgreSQL: makes the cluster, starts it on a unix socket, stops it.

Facts used: initdb(1), postgres(1) and the layout of postmaster.pid, whose eighth line tells the server's state
(src/include/utils/pidfile.h).
"""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from config.dev.binaries import PostgresBinaries
from config.dev.console import LauncherError
from config.dev.identity import Identity
from config.dev.logs import tail
from config.dev.places import FIRST_RUN_MEGABYTES, SOCKET_NAME, is_alive, require_space, shown
from config.dev.spawn import bury, spawn, stop

START_SECONDS = 60  # recovery after a crash included
RETRY_SECONDS = 15  # the remains of a killed server take a moment to go
STOP_SECONDS = 6
MAX_CONNECTIONS = 200
CREATE_SQL = "CREATE ROLE muster LOGIN CREATEDB;\nCREATE DATABASE muster OWNER muster;\n"
STILL_THERE = ("lock file", "shared memory block")
FULL = ("No space left on device", "Check free disk space")


@dataclass
class Postgres:
    """One server. `throwaway`: its data need not survive a crash, so it never waits for the disk."""

    binaries: PostgresBinaries
    identity: Identity
    data: Path
    sockets: Path
    log: Path
    throwaway: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def socket(self) -> Path:
        return self.sockets / SOCKET_NAME

    @property
    def url(self) -> str:
        return f"postgresql://muster@/muster?host={self.sockets}"

    def start(self) -> None:
        """Returns when the server takes connections. Raises LauncherError with the last lines of its log."""
        self.identity.own(self.sockets)
        if (self.data / "PG_VERSION").exists():
            self._check_version()
        else:
            self._create()
        deadline = time.monotonic() + RETRY_SECONDS
        while not self._try_start():
            if time.monotonic() > deadline:
                raise LauncherError(
                    f"another PostgreSQL (process {self._recorded_pid()}) still uses {shown(self.data)}: stop it first."
                )
            time.sleep(0.2)

    def stop(self) -> None:
        if self.process is None:
            return
        if not stop(self.process, signal.SIGINT, STOP_SECONDS):  # SIGINT: do not wait for clients
            raise LauncherError(f"PostgreSQL did not stop in {STOP_SECONDS} seconds and was killed.")
        self.process = None

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.binaries.major):
            raise LauncherError(
                f"{shown(self.data)} was made by PostgreSQL {made_by}, and this is PostgreSQL {self.binaries.version}: "
                "run that version yourself and set DATABASE_URL, or start over with `make clean`."
            )

    def _create(self) -> None:
        """Make the cluster beside its place and move it there when complete: an interrupted start leaves no half."""
        require_space(self.data.parent, FIRST_RUN_MEGABYTES)
        unfinished = self.data.with_name(f"{self.data.name}.new")
        for leftover in (unfinished, self.data):  # without PG_VERSION neither is a cluster
            shutil.rmtree(leftover, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.identity.own(unfinished)
        self._run([*self._program("initdb"), *self._initdb_options(), "-D", str(unfinished)])
        said = self._run([*self._program("postgres"), "--single", "-D", str(unfinished), "postgres"], CREATE_SQL)
        if "ERROR:" in said or "FATAL:" in said:
            raise LauncherError("PostgreSQL could not create the database muster.", said.splitlines()[-5:])
        unfinished.rename(self.data)

    def _initdb_options(self) -> list[str]:
        options = ["--username=postgres", "--auth-local=trust", "--auth-host=reject", "--encoding=UTF8"]
        # The built-in provider knows all of Unicode's letters, whatever locales the machine has.
        options += (
            ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            if (self.binaries.major >= 17)
            else ["--locale=C.UTF-8"]
        )
        return [*options, "--no-instructions", *(["--no-sync"] if self.throwaway else [])]

    def _server_options(self) -> dict[str, str]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": str(MAX_CONNECTIONS),
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if self.throwaway:
            options |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "wal_level": "minimal",
                "max_wal_senders": "0",
                "max_wal_size": "256MB",
            }
        return options

    def _program(self, name: str) -> list[str]:
        return [*self.identity.wrapper, str(self.binaries.folder / name)]

    def _run(self, command: list[str], script: str = "") -> str:
        """Run one of PostgreSQL's tools to its end; what it said, both streams."""
        done = subprocess.run(
            command,
            input=script,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=clean_environment(),
            cwd="/",
            user=self.identity.uid,
            group=self.identity.gid,
            extra_groups=None if self.identity.uid is None else [],
        )
        if any(words in done.stdout for words in FULL):
            raise LauncherError(f"the disk of {self.data.parent} is full.")
        if done.returncode != 0:
            name = Path(command[len(self.identity.wrapper)]).name
            raise LauncherError(f"PostgreSQL's {name} failed.", done.stdout.splitlines()[-8:])
        return done.stdout

    def _try_start(self) -> bool:
        """Start once; False if the remains of an earlier server are still in the way."""
        self._drop_stale_pid_file()
        start_of_log = self.log.stat().st_size if self.log.exists() else 0
        command = self._program("postgres") + ["-D", str(self.data)]
        for name, value in self._server_options().items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as output:
            self.process = spawn(
                command,
                output=output,
                death_signal=signal.SIGINT,
                environment=clean_environment(),
                directory=Path("/"),
                uid=self.identity.uid,
                gid=self.identity.gid,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready(self.process.pid):
            if self.process.poll() is not None:
                bury(self.process)
                self.process = None
                return self._judge_failure(tail(self.log, start=start_of_log))
            if time.monotonic() > deadline:
                bury(self.process)
                raise LauncherError(f"PostgreSQL was not ready after {START_SECONDS} seconds.", tail(self.log))
            time.sleep(0.02)
        return True

    def _judge_failure(self, said: list[str]) -> bool:
        text = "\n".join(said)
        if any(words in text for words in FULL):
            raise LauncherError(f"the disk of {self.data} is full.")
        if any(words in text for words in STILL_THERE):
            return False
        raise LauncherError("PostgreSQL did not start; the end of its log:", said)

    def _is_ready(self, pid: int) -> bool:
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _recorded_pid(self) -> int:
        lines = self._pid_file_lines()
        return int(lines[0]) if lines and lines[0].isdigit() else 0

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _drop_stale_pid_file(self) -> None:
        """PostgreSQL believes any living process that has the recorded number; a number may have found a new owner."""
        pid = self._recorded_pid()
        if pid and is_alive(pid) and "postgres" not in command_of(pid):
            (self.data / "postmaster.pid").unlink(missing_ok=True)


def command_of(pid: int) -> str:
    try:
        done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "postgres"  # cannot tell: leave its file alone
    return done.stdout


def clean_environment() -> dict[str, str]:
    """Ours without libpq's variables; the C locale, so that messages can be read by programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}
