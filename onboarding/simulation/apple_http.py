"""What a simulated device needs of an HTTP client; ``httpx2.Client`` has it, so can an in-process stand-in."""

from collections.abc import Mapping
from typing import Protocol

import httpx2


class Reply(Protocol):
    """An HTTP answer, read whole."""

    @property
    def status_code(self) -> int: ...

    @property
    def content(self) -> bytes: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class HttpClient(Protocol):
    """One blocking request. Network trouble is an OSError or an ``httpx2.TransportError``."""

    def request(
        self, method: str, url: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply: ...


class ServerUnreachable(Exception):
    """No answer came: the server is down, slow, or the connection broke."""


def send(
    http: HttpClient, method: str, url: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """One request. Raises ServerUnreachable, with the reason in words, when no answer comes."""
    try:
        return http.request(method, url, content=content, headers=headers)
    except (httpx2.TransportError, OSError) as error:
        raise ServerUnreachable(f"no answer from {url}: {error or type(error).__name__}") from error


def header_of(reply: Reply, name: str) -> str:
    """A header's value whatever its spelling, or an empty string."""
    return next((value for key, value in reply.headers.items() if key.lower() == name.lower()), "")
