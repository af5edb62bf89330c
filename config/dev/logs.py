"""Log files of the children, `var/log/<name>.log`; the previous one is kept beside it."""

from collections import deque
from pathlib import Path

TAIL_LINES = 15
TAIL_BYTES = 16 * 1024


def rotate(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.replace(path.with_name(f"{path.name}.1"))
    return path


def tail(path: Path, *, start: int = 0) -> list[str]:
    """The last lines after byte `start`; empty if there is no such file."""
    if not path.exists():
        return []
    with path.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(max(start, size - TAIL_BYTES))
        text = handle.read().decode(errors="replace")
    return list(deque(text.splitlines(), maxlen=TAIL_LINES))
