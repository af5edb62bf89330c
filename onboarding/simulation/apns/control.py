"""Orders to the stand-in from outside: plain HTTP with JSON, on the courier's port.

GET    /           counters and faults in force
GET    /received   the notifications accepted so far
DELETE /received   forget them, and the counters
PUT    /faults     put a fault in force: the fields of Fault, and `token` in hex (absent: for all tokens)
DELETE /faults     take all faults back
POST   /drop       end all connections: {"how": "goaway"} or {"how": "abrupt"}
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from typing import Protocol as TypingProtocol

from onboarding.simulation.apns.faults import Drop, Fault
from onboarding.simulation.apns.requests import Received

MAX_BODY_BYTES = 1024 * 1024


class Controlled(TypingProtocol):
    """What can be ordered."""

    @property
    def notifications(self) -> list[Received]: ...
    def state(self) -> dict[str, Any]: ...
    def misbehave(self, fault: Fault, *, token: bytes | str | None = None) -> None: ...
    def behave(self) -> None: ...
    def forget(self) -> None: ...
    def drop_connections(self, how: Drop = "goaway") -> None: ...


async def serve_control(
    stand_in: Controlled, request_line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer one HTTP request. Raises ValueError or asyncio.IncompleteReadError when it is not one."""
    method, path, _version = request_line.decode("ascii").split()
    body = await reader.readexactly(await _body_length(reader))
    order = _ORDERS.get((method, path))
    if order is None:
        return _answer(writer, HTTPStatus.NOT_FOUND, {"error": f"There is no {method} {path}."})
    try:
        fields = json.loads(body) if body else {}
        if not isinstance(fields, dict):
            raise ValueError("The body is a JSON object.")
        result = order(stand_in, fields)
    except ValueError as error:
        return _answer(writer, HTTPStatus.BAD_REQUEST, {"error": str(error)})
    return _answer(writer, HTTPStatus.OK, result)


async def _body_length(reader: asyncio.StreamReader) -> int:
    """Read past the headers; the one that matters is Content-Length."""
    length = 0
    while (line := (await reader.readline()).strip()) != b"":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if not 0 <= length <= MAX_BODY_BYTES:
        raise ValueError("The body is too long.")
    return length


def _answer(writer: asyncio.StreamWriter, status: HTTPStatus, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)


def _state(stand_in: Controlled, _fields: dict[str, Any]) -> dict[str, Any]:
    return stand_in.state()


def _received(stand_in: Controlled, _fields: dict[str, Any]) -> dict[str, Any]:
    return {"received": [asdict(notification) for notification in stand_in.notifications]}


def _forget(stand_in: Controlled, _fields: dict[str, Any]) -> dict[str, Any]:
    stand_in.forget()
    return stand_in.state()


def _misbehave(stand_in: Controlled, fields: dict[str, Any]) -> dict[str, Any]:
    token = fields.pop("token", None)
    if token is not None and not isinstance(token, str):
        raise ValueError("token is a hex string.")
    stand_in.misbehave(Fault.from_json(fields), token=token)
    return stand_in.state()


def _behave(stand_in: Controlled, _fields: dict[str, Any]) -> dict[str, Any]:
    stand_in.behave()
    return stand_in.state()


def _drop(stand_in: Controlled, fields: dict[str, Any]) -> dict[str, Any]:
    how = fields.get("how", "goaway")
    if how not in ("goaway", "abrupt"):
        raise ValueError("how is goaway or abrupt.")
    stand_in.drop_connections(how)
    return stand_in.state()


_ORDERS: dict[tuple[str, str], Callable[[Controlled, dict[str, Any]], dict[str, Any]]] = {
    ("GET", "/"): _state,
    ("GET", "/received"): _received,
    ("DELETE", "/received"): _forget,
    ("PUT", "/faults"): _misbehave,
    ("DELETE", "/faults"): _behave,
    ("POST", "/drop"): _drop,
}
