"""An embedded Valkey (or Redis) on a unix socket."""

import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from config.dev.console import LauncherError
from config.dev.logs import tail
from config.dev.spawn import bury, spawn, stop

START_SECONDS = 30  # loading the file of a large queue included
STOP_SECONDS = 4


@dataclass
class Valkey:
    """One server. `throwaway`: nothing is written to disk."""

    program: Path
    data: Path
    sockets: Path
    log: Path
    throwaway: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        """Returns when the server answers. Raises LauncherError with the last lines of its log."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        with self.log.open("ab") as output:
            self.process = spawn([self.program, *self._options()], output=output, directory=self.data)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                bury(self.process)
                self.process = None
                raise LauncherError("Valkey did not start; the end of its log:", tail(self.log))
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is None:
            return
        if not stop(self.process, signal.SIGTERM, STOP_SECONDS):
            raise LauncherError(f"Valkey did not stop in {STOP_SECONDS} seconds and was killed.")
        self.process = None

    def _options(self) -> list[str]:
        options = ["--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        options += ["--dir", str(self.data), "--daemonize", "no", "--logfile", "", "--save", ""]
        return [*options, "--appendonly", "no" if self.throwaway else "yes"]

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False
