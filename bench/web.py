"""The web server as the Procfile runs it, on a free port of the loopback."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.dev.places import ROOT
from config.dev.web import ask_json, free_ports

START_SECONDS = 60


@dataclass(frozen=True)
class Web:
    pid: int
    port: int
    command: str


@contextlib.contextmanager
def running_web(log: Path) -> Iterator[Web]:
    command = procfile_command("web")
    (port,) = free_ports(1)
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "LOG_LEVEL": "INFO"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while ask_json(f"http://127.0.0.1:{port}/sys/health")[0] != 200:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"bench: the web server did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield Web(process.pid, port, command)
    finally:
        process.terminate()
        process.wait(timeout=40)


def procfile_command(name: str) -> str:
    for line in (ROOT / "Procfile").read_text().splitlines():
        key, _, command = line.partition(": ")
        if key == name:
            return command
    raise SystemExit(f"bench: the Procfile names no {name}.")
