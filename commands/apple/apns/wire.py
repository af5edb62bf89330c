"""One HTTP/2 connection to APNs: many requests at once, each with its own time limit."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    PingAckReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError

from commands.apple.apns import outcomes
from commands.apple.apns.exchange import Exchange
from commands.apple.apns.http2 import client_connection, goaway_reason, is_refusal

logger = logging.getLogger(__name__)

_PING = b"muster\0\0"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, except `streams`."""

    connect: float = 10.0  # TCP, TLS and the server's first SETTINGS together
    response: float = 10.0  # from sending a request to its answer
    batch: float = 120.0  # one whole `send`
    streams: int = 100  # requests under way at once; fewer when the server allows fewer
    probe_after: float = 60.0  # a connection silent for longer is tested with a PING before use
    probe: float = 2.0  # how long its answer may take
    idle: float = 3600.0  # a connection unused for longer is closed


class Wire(asyncio.Protocol):
    """Carries one batch at a time (`carry`). Once `usable` is False a new one is needed; `reason` then says why."""

    def __init__(self, limits: Limits) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._limits = limits
        self._h2 = client_connection()
        self._queue: deque[Exchange] = deque()
        self._in_flight: dict[int, Exchange] = {}  # by stream, oldest first
        self._blocked: dict[int, Exchange] = {}  # those of them whose body waits for the server's window
        self._batch: asyncio.Future[None] | None = None
        self._pong: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self.ready: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.usable = True
        self.reason = ""
        self.last_heard = loop.time()
        self._handlers: dict[type[Event], Callable[[Any], None]] = {
            ResponseReceived: self._on_response,
            DataReceived: self._on_data,
            StreamEnded: self._on_end,
            StreamReset: self._on_reset,
            RemoteSettingsChanged: self._on_settings,
            PingAckReceived: self._on_pong,
            ConnectionTerminated: self._on_goaway,
        }

    # The batch

    async def carry(self, exchanges: Sequence[Exchange]) -> None:
        """Send these and wait until each has its outcome, or the connection is over and no more answers can come."""
        self._queue.extend(exchanges)
        self._batch = self._loop.create_future()
        try:
            self._advance()
            await self._batch
        finally:
            self._batch = None
            self._queue.clear()
            for stream_id in list(self._in_flight):  # only when cancelled: the answers are no longer wanted
                self._forget(stream_id)
            self._flush()

    async def answers_ping(self) -> bool:
        """Whether the other end is still there."""
        if not self.usable:
            return False
        self._pong = self._loop.create_future()
        self._h2.ping(_PING)
        self._flush()
        try:
            async with asyncio.timeout(self._limits.probe):
                await self._pong
        except TimeoutError:
            return False
        return self.usable

    def close(self) -> None:
        """Say goodbye and close; does not wait for it."""
        if self.usable:
            self.usable = False
            self.reason = outcomes.CONNECTION_LOST
            self._h2.close_connection()
            self._flush()
        self._transport.close()

    def abort(self, reason: str) -> None:
        """Drop the connection without a word."""
        self._unusable(reason)
        self._transport.abort()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._h2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        self.last_heard = self._loop.time()
        try:
            for event in self._h2.receive_data(data):
                handler = self._handlers.get(type(event))
                if handler is not None:
                    handler(event)
            self._advance()
        except ProtocolError as error:
            logger.warning("APNs connection broke the protocol: %s", error)
            self._flush()
            self.abort(outcomes.CONNECTION_LOST)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unusable(outcomes.CERTIFICATE_REFUSED if is_refusal(exc) else outcomes.CONNECTION_LOST)
        self._in_flight.clear()
        self._blocked.clear()
        if self._alarm is not None:
            self._alarm.cancel()
        self.closed.set_result(None)
        for waiter in (self.ready, self._pong):
            if waiter is not None and not waiter.done():
                waiter.set_result(None)
        self._finish_batch()

    # h2's side

    def _on_settings(self, _event: RemoteSettingsChanged) -> None:
        if not self.ready.done():
            self.ready.set_result(None)

    def _on_response(self, event: ResponseReceived) -> None:
        exchange = self._in_flight.get(event.stream_id)
        if exchange is not None:
            exchange.read_headers(event.headers)

    def _on_data(self, event: DataReceived) -> None:
        exchange = self._in_flight.get(event.stream_id)
        if exchange is not None:
            exchange.read_body(event.data)
        self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def _on_end(self, event: StreamEnded) -> None:
        exchange = self._in_flight.pop(event.stream_id, None)
        if exchange is None:
            return
        exchange.answered()
        if self._blocked.pop(event.stream_id, None) is not None:  # answered before it had the whole body
            self._h2.reset_stream(event.stream_id, ErrorCodes.NO_ERROR)

    def _on_reset(self, event: StreamReset) -> None:
        self._blocked.pop(event.stream_id, None)
        exchange = self._in_flight.pop(event.stream_id, None)
        if exchange is not None:
            exchange.settle(outcomes.STREAM_RESET)

    def _on_pong(self, _event: PingAckReceived) -> None:
        if self._pong is not None and not self._pong.done():
            self._pong.set_result(None)

    def _on_goaway(self, event: ConnectionTerminated) -> None:
        """Requests above the last stream were not looked at and may be sent again; the others are still answered."""
        reason = goaway_reason(event.additional_data)
        logger.info("APNs ends the connection: %s", reason)
        self._unusable(reason)
        last = event.last_stream_id or 0
        for stream_id in [stream_id for stream_id in self._in_flight if stream_id > last]:
            del self._in_flight[stream_id]
            self._blocked.pop(stream_id, None)

    # Getting on with it

    def _advance(self) -> None:
        """Send what may be sent now; end the batch when nothing more can happen."""
        for stream_id in list(self._blocked):
            self._send_body(stream_id, self._blocked[stream_id])
        if self.usable:
            room = min(self._limits.streams, self._h2.remote_settings.max_concurrent_streams) - len(self._in_flight)
            while self._queue and room > 0 and self._h2.outbound_flow_control_window > 0:
                self._start(self._queue.popleft())
                room -= 1
        self._flush()
        self._finish_batch()

    def _start(self, exchange: Exchange) -> None:
        stream_id = self._h2.get_next_available_stream_id()
        exchange.deadline = self._loop.time() + self._limits.response
        self._in_flight[stream_id] = exchange
        self._h2.send_headers(stream_id, exchange.headers)
        exchange.unsent = exchange.payload
        self._send_body(stream_id, exchange)
        if self._alarm is None:
            self._alarm = self._loop.call_at(exchange.deadline, self._on_alarm)

    def _send_body(self, stream_id: int, exchange: Exchange) -> None:
        while exchange.unsent:
            room = min(self._h2.local_flow_control_window(stream_id), self._h2.max_outbound_frame_size)
            if room <= 0:
                self._blocked[stream_id] = exchange
                return
            chunk, exchange.unsent = exchange.unsent[:room], exchange.unsent[room:]
            self._h2.send_data(stream_id, chunk, end_stream=not exchange.unsent)
        self._blocked.pop(stream_id, None)

    def _on_alarm(self) -> None:
        """Give up on what has waited too long. One timer serves all requests: the oldest is always the first."""
        self._alarm = None
        now = self._loop.time()
        given_up = False
        while self._in_flight:
            stream_id, oldest = next(iter(self._in_flight.items()))
            if oldest.deadline > now:
                self._alarm = self._loop.call_at(oldest.deadline, self._on_alarm)
                break
            oldest.settle(outcomes.RESPONSE_TIMEOUT)
            self._forget(stream_id)
            given_up = True
        if given_up and self.usable:  # a slow server answers a PING, a dead connection does not
            self._h2.ping(_PING)
            self._loop.call_later(self._limits.probe, self._give_up_if_silent, self.last_heard)
        self._advance()

    def _give_up_if_silent(self, last_heard: float) -> None:
        if self.last_heard == last_heard and not self.closed.done():
            logger.info("APNs connection is dead")
            self.abort(outcomes.CONNECTION_LOST)

    def _forget(self, stream_id: int) -> None:
        self._in_flight.pop(stream_id)
        self._blocked.pop(stream_id, None)
        with suppress(ProtocolError):  # the connection may be past caring
            self._h2.reset_stream(stream_id, ErrorCodes.CANCEL)

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def _unusable(self, reason: str) -> None:
        if self.usable:
            self.usable = False
            self.reason = reason

    def _finish_batch(self) -> None:
        if self._in_flight or (self._queue and self.usable):
            return
        if self._batch is not None and not self._batch.done():
            self._batch.set_result(None)
        if not self.usable:
            self._transport.close()
