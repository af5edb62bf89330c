"""How a fleet gets its pushes: one connection to the APNs stand-in's courier, JSON lines both ways."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable
from typing import Any

_TOKENS_PER_LINE = 500
_LINE_LIMIT = 1024 * 1024
_RECONNECT_SECONDS = (0.5, 10.0)  # first and longest wait


class CourierLine:
    """Subscribes tokens and hands each push to ``deliver(token, payload)``; reconnects for as long as it runs."""

    def __init__(
        self,
        address: tuple[str, int],
        *,
        tokens: Callable[[], Iterable[str]],
        deliver: Callable[[str, dict[str, Any]], None],
        say: Callable[[str], None],
    ) -> None:
        self._address = address
        self._tokens = tokens
        self._deliver = deliver
        self._say = say
        self._changed = asyncio.Event()

    def tokens_changed(self) -> None:
        """Another set of tokens is to be listened for."""
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        host, port = self._address
        pause, longest = _RECONNECT_SECONDS
        while True:
            try:
                reader, writer = await asyncio.open_connection(host, port, limit=_LINE_LIMIT)
            except OSError as error:
                self._say(f"courier {host}:{port} does not answer ({error}); trying again in {pause:g} s")
            else:
                pause = _RECONNECT_SECONDS[0]
                self._say(f"courier {host}:{port} connected")
                await self._talk(reader, writer)
                self._say(f"courier {host}:{port} closed the connection; connecting again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""
        subscribing = asyncio.create_task(self._keep_subscribed(writer))
        try:
            while line := await reader.readline():
                self._take(line)
        except (OSError, ValueError) as error:
            self._say(f"courier: {error}")
        finally:
            subscribing.cancel()
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await subscribing

    def _take(self, line: bytes) -> None:
        """One line of the courier. Raises ValueError when it is not JSON."""
        message = json.loads(line)
        payload = message.get("payload") if isinstance(message, dict) else None
        if isinstance(payload, dict):
            self._deliver(str(message.get("token", "")).lower(), payload)
        else:
            self._say(f"courier says: {line.decode(errors='replace').strip()}")

    async def _keep_subscribed(self, writer: asyncio.StreamWriter) -> None:
        """Subscribes what is new and unsubscribes what is gone, whenever the tokens change."""
        subscribed: set[str] = set()
        while True:
            self._changed.clear()
            wanted = set(self._tokens())
            await _send(writer, "subscribe", wanted - subscribed)
            await _send(writer, "unsubscribe", subscribed - wanted)
            subscribed = wanted
            await self._changed.wait()


async def _send(writer: asyncio.StreamWriter, verb: str, tokens: set[str]) -> None:
    ordered = sorted(tokens)
    for start in range(0, len(ordered), _TOKENS_PER_LINE):
        writer.write(json.dumps({verb: ordered[start : start + _TOKENS_PER_LINE]}).encode("ascii") + b"\n")
        await writer.drain()
