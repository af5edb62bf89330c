"""How far a command is, for a terminal: one line that is written over, or the figures once."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import OutputWrapper

from commands.models.status import OPEN, State

WIDTH = 30
ENDED = tuple(state for state in State if state not in OPEN)
CLEAR = "\r\x1b[2K"


def bar(counts: Iterable[Mapping[str, Any]]) -> str:
    """`[######----] 6 of 10 devices: 5 Success, 1 Failure, 4 Queued`"""
    totals = {State(row["state"]): row["total"] for row in counts}
    total = sum(totals.values())
    ended = sum(totals.get(state, 0) for state in ENDED)
    filled = WIDTH * ended // total if total else 0
    words = [f"{totals[state]} {state.removeprefix('Command ')}" for state in (*ENDED, *OPEN) if totals.get(state)]
    told = f"{ended} of {total} devices: {', '.join(words)}" if total else "waits for a worker"
    return f"[{'#' * filled}{'-' * (WIDTH - filled)}] {told}"


class Progress:
    """Written over in a terminal; elsewhere nothing is written until the end."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._live = out.isatty()
        self._last = ""

    def show(self, line: str) -> None:
        if self._live and line != self._last:
            self._out.write(f"{CLEAR}{line}", ending="")
            self._out.flush()
            self._last = line

    def clear(self) -> None:
        if self._last:
            self._out.write(CLEAR, ending="")
            self._out.flush()
