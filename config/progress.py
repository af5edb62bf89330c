"""How far a command is, in a terminal."""

from django.core.management.base import OutputWrapper

CLEAR = "\r\x1b[2K"


class Progress:
    """One line that is written over in a terminal; elsewhere nothing is written until the end."""

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
            self._last = ""
