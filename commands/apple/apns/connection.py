"""A lasting connection to APNs that is made again when it is lost."""

import asyncio
import logging
import ssl
import time
from collections.abc import Sequence

from commands.apple.apns import outcomes
from commands.apple.apns.exchange import Exchange
from commands.apple.apns.outcomes import Notification, Outcome, Verdict, judge
from commands.apple.apns.wire import Limits, Wire

logger = logging.getLogger(__name__)


class ConnectError(Exception):
    """No connection could be made; `reason` as in an outcome."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ApnsConnection:
    """One push certificate's connection, opened by the first `send` and kept. Belongs to one event loop."""

    def __init__(
        self, host: str, port: int, *, context: ssl.SSLContext, expiration_seconds: int, limits: Limits | None = None
    ) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._expiration_seconds = expiration_seconds
        self._limits = limits or Limits()
        self._authority = (host if port == 443 else f"{host}:{port}").encode()
        self._wire: Wire | None = None
        self._turn = asyncio.Lock()
        self._idle_alarm: asyncio.TimerHandle | None = None

    async def send(self, notifications: Sequence[Notification]) -> list[Outcome]:
        """One outcome for each notification, in their order. Raises nothing for what the network or APNs does."""
        expiration = b"%d" % (time.time() + self._expiration_seconds if self._expiration_seconds else 0)
        exchanges = [Exchange(each, authority=self._authority, expiration=expiration) for each in notifications]
        try:
            async with asyncio.timeout(self._limits.batch), self._turn:
                await self._carry(exchanges)
        except TimeoutError:
            logger.warning("APNs batch was not done after %s s", self._limits.batch)
        return [exchange.outcome or exchange.settle(outcomes.BATCH_TIMEOUT) for exchange in exchanges]

    async def close(self) -> None:
        async with self._turn:
            wire, self._wire = self._wire, None
            if self._idle_alarm is not None:
                self._idle_alarm.cancel()
            if wire is not None:
                wire.close()
                await wire.closed

    async def _carry(self, exchanges: Sequence[Exchange]) -> None:
        """Send; what a lost connection left unanswered is sent once more over a new one."""
        reason = outcomes.CONNECTION_LOST
        left = [exchange for exchange in exchanges if exchange.outcome is None]
        for _attempt in range(2):
            if not left:
                return
            try:
                wire = await self._usable_wire()
            except ConnectError as error:
                reason = error.reason
                break
            await wire.carry(left)
            self._close_when_idle()
            left = [exchange for exchange in left if exchange.outcome is None]
            reason = wire.reason
            if judge(0, reason) is Verdict.STOP_TOPIC:
                break
        for exchange in left:
            exchange.settle(reason)

    async def _usable_wire(self) -> Wire:
        wire = self._wire
        if wire is not None and wire.usable:
            silence = asyncio.get_running_loop().time() - wire.last_heard
            if silence < self._limits.probe_after or await wire.answers_ping():
                return wire
            wire.abort(outcomes.CONNECTION_LOST)
        self._wire = None
        self._wire = await self._connect()
        return self._wire

    async def _connect(self) -> Wire:
        """A connection whose server has introduced itself. Raises ConnectError."""
        loop = asyncio.get_running_loop()
        wire: Wire | None = None
        try:
            async with asyncio.timeout(self._limits.connect):
                _transport, wire = await loop.create_connection(
                    lambda: Wire(self._limits),
                    self._host,
                    self._port,
                    ssl=self._context,
                    server_hostname=self._host,
                    happy_eyeballs_delay=0.25,
                    ssl_shutdown_timeout=self._limits.probe,
                )
                await wire.ready
        except ssl.SSLCertVerificationError as error:
            raise self._failure(outcomes.SERVER_NOT_TRUSTED, error) from error
        except OSError as error:  # TimeoutError and SSLError are among them
            raise self._failure(outcomes.CONNECT_FAILED, error) from error
        finally:
            if wire is not None and not wire.ready.done():
                wire.abort(outcomes.CONNECT_FAILED)
        if not wire.usable:
            raise self._failure(wire.reason, None)
        return wire

    def _failure(self, reason: str, error: Exception | None) -> ConnectError:
        logger.warning("No connection to APNs at %s:%s: %s %s", self._host, self._port, reason, error or "")
        return ConnectError(reason)

    def _close_when_idle(self) -> None:
        if self._idle_alarm is not None:
            self._idle_alarm.cancel()
        if self._wire is not None:
            self._idle_alarm = asyncio.get_running_loop().call_later(self._limits.idle, self._close_idle, self._wire)

    def _close_idle(self, wire: Wire) -> None:
        if not self._turn.locked():
            wire.close()
