"""The stand-in as a whole: starts and stops its two servers, and is what tests and operators hold in hand."""

import asyncio
import errno
import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from h2.settings import SettingCodes

from onboarding.simulation.apns.control import serve_control
from onboarding.simulation.apns.courier import MAX_LINE_BYTES, Courier
from onboarding.simulation.apns.faults import Drop, Fault, FaultBook
from onboarding.simulation.apns.http2 import Answer, PushConnection, Service
from onboarding.simulation.apns.requests import STATUS_OF_REASON, Received, Refusal, Request, read_notification
from onboarding.simulation.certificates import StandInRoot

MAX_REMEMBERED = 100_000


class PortTaken(OSError):
    """Another program listens on the port."""


class ApnsStandIn:
    """APNs for servers (TLS, HTTP/2) on one port, for simulated devices (courier) and for orders (HTTP) on another.

    `start` and `stop` belong to the event loop that runs it; everything else may be called from any thread.
    """

    def __init__(
        self,
        directory: Path,
        *,
        host: str = "127.0.0.1",
        apns_port: int = 0,
        courier_port: int = 0,
        max_streams: int = 1000,
        window_bytes: int = 65_535,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`directory` keeps the certificates. Port 0 picks a free one. The clock (Unix time) tells what has expired."""
        self.root = StandInRoot(directory)
        self.host = host
        self.apns_port = apns_port
        self.courier_port = courier_port
        self.received: deque[Received] = deque(maxlen=MAX_REMEMBERED)
        self.counters: Counter[str] = Counter()
        self._clock = clock
        self._faults = FaultBook()
        self._courier = Courier(clock=clock, count=self._count)
        self._changed = threading.Condition()
        self._push_connections: set[PushConnection] = set()
        self._courier_connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._servers: list[asyncio.Server] = []
        self._service = Service(
            take_fault=self._faults.take,
            answer=self._answer,
            opened=self._opened,
            closed=self._closed,
            settings={
                SettingCodes.MAX_CONCURRENT_STREAMS: max_streams,
                SettingCodes.INITIAL_WINDOW_SIZE: window_bytes,
            },
        )

    async def start(self) -> None:
        """Listen. Raises PortTaken."""
        self._loop = asyncio.get_running_loop()
        push = self._loop.create_server(
            lambda: PushConnection(self._service), self.host, self.apns_port, ssl=self._tls(), ssl_shutdown_timeout=0.3
        )
        self.apns_port = await self._listen(push, self.apns_port)
        courier = asyncio.start_server(self._courier_connected, self.host, self.courier_port, limit=MAX_LINE_BYTES)
        self.courier_port = await self._listen(courier, self.courier_port)

    async def stop(self) -> None:
        """Close the ports and all connections."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        self._drop("goaway")
        for writer in self._courier_connections.values():
            writer.close()
        ends = [*self._courier_connections, *(connection.closed for connection in self._push_connections)]
        if ends:
            await asyncio.wait(ends, timeout=2)

    # For tests and operators, from any thread

    @property
    def notifications(self) -> list[Received]:
        """What was accepted, oldest first."""
        return list(self.received)

    def misbehave(self, fault: Fault, *, token: bytes | str | None = None) -> None:
        """For one token (raw or in hex) or for all, until told otherwise."""
        self._faults.set(fault, _hex(token))

    def behave(self, *, token: bytes | str | None = None) -> None:
        """Take back the fault of one token, or all faults."""
        if token is None:
            self._faults.clear_all()
        else:
            self._faults.clear(_hex(token))

    def drop_connections(self, how: Drop = "goaway") -> None:
        """End all connections of servers now."""
        self._loop.call_soon_threadsafe(self._drop, how)

    def subscribed(self, token: bytes | str) -> bool:
        """Whether a device waits for this token's notifications."""
        return self._courier.subscribed(_hex(token) or "")

    def stored(self, token: bytes | str) -> bool:
        """Whether a notification is kept for this token."""
        return self._courier.stored(_hex(token) or "")

    def forget(self) -> None:
        """Empty the list of notifications and the counters."""
        self.received.clear()
        self.counters.clear()

    def wait_until(self, condition: Callable[[], bool], *, timeout: float = 5.0) -> None:
        """Wait until something the stand-in does makes this true. Raises TimeoutError. Not from its own event loop."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise TimeoutError(f"Not within {timeout} s; counters: {dict(self.counters)}")

    def state(self) -> dict[str, Any]:
        """For display: ports, counters, faults."""
        return {
            "apns_port": self.apns_port,
            "courier_port": self.courier_port,
            "counters": dict(self.counters),
            "faults": [{"token": token, **asdict(fault)} for token, fault in self._faults.in_force()],
        }

    # The work

    def _answer(self, request: Request, topic: str, fault: Fault) -> Answer:
        self._count("requests")
        try:
            if not topic:
                raise Refusal("BadCertificate")
            notification = read_notification(request, topic=topic, now=self._clock())
        except Refusal as refusal:
            return self._refuse(Answer(status=STATUS_OF_REASON[refusal.reason], reason=refusal.reason))
        if fault.answer_status is not None:
            return self._refuse(Answer(fault.answer_status, fault.reason, fault.retry_after))
        self.received.append(notification)
        if not fault.swallow:
            self._courier.deliver(notification)
        self._count("accepted")
        return Answer(apns_id=notification.apns_id)

    def _refuse(self, answer: Answer) -> Answer:
        self._count("refused")
        return answer

    def _opened(self, connection: PushConnection) -> None:
        self._push_connections.add(connection)
        self._count("connections")

    def _closed(self, connection: PushConnection) -> None:
        self._push_connections.discard(connection)
        self._count("disconnections")

    def _drop(self, how: Drop) -> None:
        for connection in list(self._push_connections):
            if how == "goaway":
                connection.go_away()
            else:
                connection.abort()

    def _courier_connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._serve_courier(reader, writer))
        self._courier_connections[task] = writer
        task.add_done_callback(self._courier_connections.pop)

    async def _serve_courier(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A device's line is an object; anything else is taken for an order by HTTP."""
        try:
            first_line = await reader.readline()
            if first_line.lstrip().startswith(b"{"):
                await self._courier.serve(first_line, reader, writer)
            elif first_line:
                await serve_control(self, first_line, reader, writer)
        except (ValueError, ConnectionError, asyncio.IncompleteReadError):
            self._count("unreadable")
        finally:
            writer.close()

    def _count(self, name: str) -> None:
        with self._changed:
            self.counters[name] += 1
            self._changed.notify_all()

    async def _listen(self, opening: Any, port: int) -> int:
        """The port it listens on."""
        try:
            server: asyncio.Server = await opening
        except OSError as error:
            await self.stop()
            why = "another program uses it" if error.errno == errno.EADDRINUSE else str(error)
            raise PortTaken(f"Port {port} on {self.host} cannot be used: {why}.") from error
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def _tls(self) -> ssl.SSLContext:
        files = self.root.server_certificate([self.host, "localhost", "127.0.0.1"])
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.root.certificate_path))
        context.verify_mode = ssl.CERT_REQUIRED
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(files.certificate, files.key)
        context.set_alpn_protocols(["h2"])
        return context


@contextmanager
def running_apns(
    directory: Path,
    *,
    apns_port: int = 0,
    courier_port: int = 0,
    max_streams: int = 1000,
    window_bytes: int = 65_535,
    clock: Callable[[], float] = time.time,
) -> Iterator[ApnsStandIn]:
    """A stand-in in a thread of its own for as long as the block lasts. Raises PortTaken."""
    stand_in = ApnsStandIn(
        directory,
        apns_port=apns_port,
        courier_port=courier_port,
        max_streams=max_streams,
        window_bytes=window_bytes,
        clock=clock,
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="apns-stand-in", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(stand_in.start(), loop).result()
        try:
            yield stand_in
        finally:
            asyncio.run_coroutine_threadsafe(stand_in.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _hex(token: bytes | str | None) -> str | None:
    return token.hex() if isinstance(token, bytes) else token.lower() if token is not None else None
