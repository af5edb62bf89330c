"""`make test`: the whole suite against services of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from config.dev.places import ROOT
from config.dev.services import throwaway_services
from config.dev.spawn import die_with_parent

MOST_WORKERS = 4


def run_suite(arguments: Sequence[str]) -> int:
    """pytest's exit code. Services are stopped whatever happens."""
    with throwaway_services(os.environ) as services:
        environment = {**os.environ, **services.environment, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # every worker would compile every test on every run
        command = [sys.executable, "-m", "pytest", *parallel(arguments), *arguments]
        return run_in_foreground(command, environment)


def parallel(arguments: Sequence[str]) -> list[str]:
    """Two workers and more on larger machines; one process for a chosen file, where starting workers costs most."""
    chosen = any(word.startswith(("-n", "--numprocesses", "--pdb")) or ".py" in word for word in arguments)
    return [] if chosen else ["-n", str(min(MOST_WORKERS, max(2, os.cpu_count() or 2)))]


def run_in_foreground(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run a command that shares our terminal: Ctrl-C reaches it directly, SIGTERM we pass on; then wait for its end."""
    process = subprocess.Popen(command, env=environment, cwd=ROOT, preexec_fn=die_with_parent(signal.SIGTERM))

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT:
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
