"""How far a request is, as a line for a terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

from commands.models.status import OPEN, State

WIDTH = 30
ENDED = tuple(state for state in State if state not in OPEN)


def bar(counts: Iterable[Mapping[str, Any]]) -> str:
    """`[######----] 6 of 10 devices: 5 Success, 1 Failure, 4 Queued`"""
    totals = {State(row["state"]): row["total"] for row in counts}
    total = sum(totals.values())
    ended = sum(totals.get(state, 0) for state in ENDED)
    filled = WIDTH * ended // total if total else 0
    words = [f"{totals[state]} {state.removeprefix('Command ')}" for state in (*ENDED, *OPEN) if totals.get(state)]
    told = f"{ended} of {total} devices: {', '.join(words)}" if total else "waits for a worker"
    return f"[{'#' * filled}{'-' * (WIDTH - filled)}] {told}"
