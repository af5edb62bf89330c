"""What the launcher says, and how it fails: one sentence on stderr."""

import os
import sys
from collections.abc import Iterable
from typing import TextIO

COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "bold": 1, "dim": 2}
PREFIX_COLOURS = ("cyan", "green", "magenta", "yellow", "blue")


class LauncherError(Exception):
    """Something the person at the keyboard can mend; `str(error)` is the sentence to show, `details` quotes a log."""

    def __init__(self, message: str, details: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.details = list(details)


class Interrupted(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal: leave in order."""


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    stream = stream or sys.stdout
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"


def say(text: str = "") -> None:
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        drop_stdout()
        raise Interrupted from None


def complain(text: str) -> None:
    """Write to stderr; a reader that went away is no reason to fail a second time."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        return


def report(error: LauncherError) -> None:
    complain(paint(f"muster: {error}", "red", sys.stderr))
    for line in error.details:
        complain(f"  {line}")


def drop_stdout() -> None:
    """Point stdout at nothing, so that neither later output nor the interpreter's last flush fails again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def prefix(name: str, position: int, width: int) -> str:
    return paint(f"{name:<{width}} |", PREFIX_COLOURS[position % len(PREFIX_COLOURS)])
