"""Ctrl-C, SIGTERM and a closed terminal: the first asks for an orderly end, the second kills."""

import os
import signal
import time
from types import FrameType

from config.dev.console import Interrupted, complain
from config.dev.spawn import kill_everything

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# One request often arrives twice: `make` passes on a SIGTERM that its whole process group has got already.
SAME_REQUEST_SECONDS = 0.7


class StopRequests:
    """Raises `Interrupted` at the first request; at a later one kills every child and leaves with 130."""

    def __init__(self) -> None:
        self._first: float | None = None

    def install(self) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = now
            raise Interrupted
        if now - self._first > SAME_REQUEST_SECONDS:
            kill_everything()
            complain("muster: killed.")
            os._exit(130)
