"""The push client for synchronous callers, such as Celery's worker processes."""

import asyncio
import os
import threading
from collections.abc import Coroutine, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from commands.apple.apns.connection import ApnsConnection
from commands.apple.apns.outcomes import Notification, Outcome
from commands.apple.apns.tls import client_context
from commands.apple.apns.wire import Limits

T = TypeVar("T")
WEEK_SECONDS = 7 * 24 * 3600


class _LoopThread:
    """An event loop in a thread of its own, started when first needed. One serves all clients of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it there and wait. An exception in the waiting thread (a task's time limit) cancels the work."""
        future = asyncio.run_coroutine_threadsafe(work, self._running_loop())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="apns", daemon=True).start()
            return self._loop


_loop_thread = _LoopThread()
# A forked child inherits loops and connections it must not use. They are kept, not collected: collecting closes them,
# and the parent's event queue is shared with the child.
_inherited: list[object] = []


def _start_anew_in_child() -> None:
    global _loop_thread
    _inherited.append(_loop_thread)
    _loop_thread = _LoopThread()


os.register_at_fork(after_in_child=_start_anew_in_child)


class ApnsClient:
    """Pushes with one certificate over one lasting connection. May be shared by threads and carried over a fork."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        ca_file: str | None = None,
        certificate_pem: bytes,
        private_key_pem: bytes,
        expiration_seconds: int = WEEK_SECONDS,
        limits: Limits | None = None,
    ) -> None:
        """`ca_file` replaces the system's trusted roots. APNs keeps a push for `expiration_seconds` when the device is
        away (0: not at all). Raises UnusableCertificate, or OSError when `ca_file` cannot be read."""
        context = client_context(certificate_pem=certificate_pem, private_key_pem=private_key_pem, ca_file=ca_file)
        self._new_connection = partial(
            ApnsConnection, host, port, context=context, expiration_seconds=expiration_seconds, limits=limits
        )
        self._pid = os.getpid()
        self._connection = self._new_connection()

    def send(self, notifications: Sequence[Notification]) -> list[Outcome]:
        """One outcome for each notification, in their order. Raises nothing for what the network or APNs does."""
        if not notifications:
            return []
        return _loop_thread.run(self._own_connection().send(notifications))

    def close(self) -> None:
        """Close the connection; a later `send` opens another."""
        _loop_thread.run(self._own_connection().close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _own_connection(self) -> ApnsConnection:
        if self._pid != os.getpid():
            _inherited.append(self._connection)
            self._pid, self._connection = os.getpid(), self._new_connection()
        return self._connection
