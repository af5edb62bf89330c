"""The children of `make run`: starts them, forwards what they say under their names, notices an end, stops them.

One thread and one loop: everything that waits does so in `Supervisor.wait_for`, which keeps the output flowing.
"""

import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import IO, BinaryIO

from config.dev.console import Interrupted, LauncherError, prefix, report, say
from config.dev.logs import TAIL_LINES, rotate
from config.dev.spawn import ask, bury, ending, spawn

TICK_SECONDS = 0.1
CHUNK = 64 * 1024
CHUNKS_AT_ONCE = 16
LONGEST_LINE = 16 * 1024
STOP_SECONDS = 9.0  # for all programs together
RESTARTS = 3  # of one program in RESTART_WINDOW; one more end is everybody's
RESTART_WINDOW = 60.0  # seconds
SETTLED_SECONDS = 5.0  # a program that ends sooner would do so again


class Role(Enum):
    SERVER = "without it there is no server: it is started again, unless it keeps ending"
    OPTIONAL = "its end is reported"
    STEP = "supposed to end"


@dataclass(frozen=True)
class Program:
    """`stop_seconds`: how long it may take to stop before it is killed. `death_signal`: what it gets if we die."""

    name: str
    command: Sequence[str]
    role: Role = Role.SERVER
    stop_seconds: float = 3.0
    death_signal: int = signal.SIGTERM


@dataclass(eq=False)
class Running:
    program: Program
    process: subprocess.Popen[bytes]
    output: IO[bytes] | None
    log: BinaryIO
    position: int
    started_at: float = field(default_factory=time.monotonic)
    unfinished: bytes = b""
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    reported: bool = False

    @property
    def code(self) -> int | None:
        return self.process.poll()


class Supervisor:
    """Owns the programs it started. `watch` raises if something else that it needs has ended."""

    def __init__(
        self,
        *,
        logs: Path,
        environment: Mapping[str, str],
        directory: Path,
        watch: Callable[[], None],
        settled_seconds: float = SETTLED_SECONDS,
    ) -> None:
        self._settled_seconds = settled_seconds
        self._logs = logs
        self._environment = environment
        self._directory = directory
        self._watch = watch
        self._running: list[Running] = []
        self._restarts: dict[str, list[float]] = {}
        self._started = 0
        self._selector = selectors.DefaultSelector()
        self._width = 10

    def start(self, program: Program) -> Running:
        log = rotate(self._logs / f"{program.name}.log").open("wb")
        try:
            process = spawn(
                program.command,
                output=subprocess.PIPE,
                death_signal=program.death_signal,
                environment=self._environment,
                directory=self._directory,
            )
        except OSError as error:
            log.close()
            raise LauncherError(f"{program.name} cannot be started: {error.strerror} ({program.command[0]}).") from None
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        running = Running(program, process, process.stdout, log, position=self._started)
        self._started += 1
        self._selector.register(process.stdout, selectors.EVENT_READ, running)
        self._running.append(running)
        return running

    def run_to_end(self, program: Program) -> None:
        """Run a step such as `migrate`. Raises LauncherError with its last lines if it fails."""
        running = self.start(program)
        self.wait_for(lambda: running.code is not None)
        self._retire(running)
        if running.code != 0:
            raise LauncherError(f"{program.name} failed; the end of its log:", running.last_lines)

    def wait_for(self, condition: Callable[[], bool], seconds: float = float("inf")) -> bool:
        """Forward output until `condition` holds; False if time ran out. LauncherError if the server cannot go on."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self._forward(TICK_SECONDS)
            self._notice_ends()
        return True

    def last_lines(self, name: str) -> list[str]:
        return next((list(one.last_lines) for one in self._running if one.program.name == name), [])

    def stop(self) -> None:
        """Stop the programs, the last started first, each given its time but no more than all have together."""
        deadline = time.monotonic() + STOP_SECONDS
        for running in reversed(self._running.copy()):
            try:
                self._stop_one(running, deadline)
            except Interrupted:  # the reader of our output went away meanwhile; nobody has to read the rest
                self._stop_one(running, deadline)
        self._selector.close()

    def _stop_one(self, running: Running, deadline: float) -> None:
        limit = min(deadline, time.monotonic() + running.program.stop_seconds)
        ask(running.process, signal.SIGTERM)
        while running.code is None and time.monotonic() < limit:
            self._forward(0.05)
        if running.code is None:
            say(self._line(running, f"did not stop in time and is killed (process {running.process.pid})"))
        self._retire(running)

    def _retire(self, running: Running) -> None:
        """Take the program off the list; what it still had to say is said."""
        bury(running.process)
        self._read(running)
        self._emit(running, running.unfinished)
        self._forget(running)
        running.log.close()
        self._running.remove(running)

    def _forward(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(seconds)
            return
        for key, _ in self._selector.select(seconds):
            self._read(key.data)

    def _read(self, running: Running) -> None:
        """Take what is there, but no more than a few chunks: the others want to be heard too."""
        for _ in range(CHUNKS_AT_ONCE):
            if running.output is None:
                return
            try:
                chunk = os.read(running.output.fileno(), CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self._forget(running)
            *lines, running.unfinished = (running.unfinished + chunk).split(b"\n")
            for line in lines:
                self._emit(running, line)
            if len(running.unfinished) > LONGEST_LINE:
                self._emit(running, running.unfinished)
                running.unfinished = b""

    def _forget(self, running: Running) -> None:
        """Close our end of its pipe: an ended program's would be "ready to read" for ever."""
        if running.output is not None:
            self._selector.unregister(running.output)
            running.output.close()
            running.output = None

    def _emit(self, running: Running, line: bytes) -> None:
        if not line:
            return
        running.log.write(line + b"\n")
        running.log.flush()
        text = line.decode(errors="replace").rstrip("\r")
        running.last_lines.append(text)
        say(self._line(running, text))

    def _line(self, running: Running, text: str) -> str:
        return f"{prefix(running.program.name, running.position, self._width)} {text}"

    def _notice_ends(self) -> None:
        self._watch()
        for running in self._running.copy():
            if running.code is None or running.program.role is Role.STEP or running.reported:
                continue
            self._read(running)
            running.reported = True
            self._judge_end(running)

    def _judge_end(self, running: Running) -> None:
        what = f"{running.program.name} {ending(running.process)}"
        if running.program.role is Role.SERVER:
            self._restart(running, what)
        elif running.code != 0:
            report(LauncherError(f"{what}; the rest goes on without it.", running.last_lines))

    def _restart(self, running: Running, what: str) -> None:
        """Start a server program anew, as a service manager would."""
        now = time.monotonic()
        recent = [at for at in self._restarts.get(running.program.name, []) if now - at < RESTART_WINDOW]
        if len(recent) >= RESTARTS or now - running.started_at < self._settled_seconds:
            raise LauncherError(f"{what}; the end of its log:", running.last_lines)
        self._restarts[running.program.name] = [*recent, now]
        say(self._line(running, f"{what} and is started again"))
        self._retire(running)
        self.start(running.program)
