"""The server as the Procfile runs it: web, worker and beat, at an address of their own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.web import procfile_command
from config.dev.places import ROOT
from config.dev.web import ask_json

START_SECONDS = 90


@contextlib.contextmanager
def running_server(port: int, logs: Path) -> Iterator[None]:
    """The settings are those of this process. Ready when the block begins; all of it is gone when it ends."""
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "LOG_LEVEL": "INFO"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for name in ("web", "worker", "beat"):
            with (logs / f"{name}.log").open("wb") as output:
                command = ["sh", "-c", f"exec {procfile_command(name)}"]
                processes.append(
                    subprocess.Popen(
                        command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
                    )
                )
        _wait_until_ready(port, logs)
        yield
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)


def _wait_until_ready(port: int, logs: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while ask_json(f"http://127.0.0.1:{port}/sys/ready")[0] != 200:
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: the server was not ready:\n{(logs / 'web.log').read_text()[-2000:]}")
        time.sleep(0.2)
