"""How notifications reach simulated devices: JSON lines over TCP, one connection for any number of tokens.

A device sends {"subscribe": ["<token hex>", …]} or {"unsubscribe": […]} at any time and gets
{"token": "<hex>", "payload": {…}} for each notification. A line that is neither is answered with {"error": …}, and the
connection ends.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from onboarding.simulation.apns.requests import Received

MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_UNREAD_BYTES = 16 * 1024 * 1024  # a device that reads nothing is cut off


class Courier:
    """Who waits for which token, and the last notification of each token that nobody was there to take."""

    def __init__(self, *, clock: Callable[[], float], count: Callable[[str], None]) -> None:
        self._clock = clock
        self._count = count
        self._subscribers: dict[str, set[asyncio.StreamWriter]] = {}
        self._stored: dict[str, Received] = {}

    def subscribed(self, token: str) -> bool:
        return token in self._subscribers

    def stored(self, token: str) -> bool:
        return token in self._stored

    def deliver(self, notification: Received) -> None:
        """To all who wait for its token; kept until its expiry when nobody does."""
        subscribers = self._subscribers.get(notification.token)
        if subscribers:
            for writer in list(subscribers):
                self._send(writer, notification)
        elif notification.expiration > self._clock():
            self._stored[notification.token] = notification
            self._count("stored")
        else:
            self._count("dropped")

    async def serve(self, first_line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One device connection, until it ends."""
        tokens: set[str] = set()
        line = first_line
        try:
            while line:
                self._obey(line, writer, tokens)
                line = await reader.readline()
        except ValueError as error:
            writer.write(_line({"error": str(error)}))
        finally:
            for token in tokens:
                self._unsubscribe(token, writer)
            self._count("departures")

    def _obey(self, line: bytes, writer: asyncio.StreamWriter, tokens: set[str]) -> None:
        """Raises ValueError when the line says nothing we know."""
        message = json.loads(line)
        if not isinstance(message, dict) or not message.keys() & {"subscribe", "unsubscribe"}:
            raise ValueError("A line is an object with subscribe or unsubscribe.")
        for token in _tokens(message.get("unsubscribe")):
            tokens.discard(token)
            self._unsubscribe(token, writer)
        for token in _tokens(message.get("subscribe")):
            tokens.add(token)
            self._subscribers.setdefault(token, set()).add(writer)
            stored = self._stored.pop(token, None)
            if stored is not None and stored.expiration > self._clock():
                self._send(writer, stored)
        self._count("subscriptions")

    def _unsubscribe(self, token: str, writer: asyncio.StreamWriter) -> None:
        subscribers = self._subscribers.get(token, set())
        subscribers.discard(writer)
        if not subscribers:
            self._subscribers.pop(token, None)

    def _send(self, writer: asyncio.StreamWriter, notification: Received) -> None:
        if writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            writer.transport.abort()
            return
        self._count("delivered")
        writer.write(_line({"token": notification.token, "payload": notification.payload}))


def _tokens(value: object) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(token, str) for token in value):
        raise ValueError("Tokens are a list of hex strings.")
    return [token.lower() for token in value]


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
