"""A caller of the REST API."""

from collections.abc import Iterator
from typing import Any

import httpx2

PAGE = 1000


class CallFailed(Exception):
    """The server refused a call; the text says which and how."""


class Caller:
    def __init__(self, http: httpx2.Client, base_url: str, *, tenant_id: str, token: str) -> None:
        self._http = http
        self._base_url = base_url
        self._headers = {
            "Authorization": f"Bearer {token}",
            "X-Tenant-Id": tenant_id,
            "X-Caller-Id": "story",
            "X-SCAPI-Private-URL": base_url,
        }

    def get(self, path: str, **query: Any) -> Any:
        return self._content("GET", path, params=query)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self._content("POST", path, **({"json": body} if body is not None else {}), **options)

    def put(self, path: str, body: Any) -> Any:
        return self._content("PUT", path, json=body)

    def all(self, path: str, **query: Any) -> Iterator[Any]:
        """Every object of a list."""
        offset = 0
        while True:
            told = self.get(path, limit=PAGE, offset=offset, **query)
            yield from told["results"]
            offset += PAGE
            if offset >= told["count"]:
                return

    def _content(self, method: str, path: str, **options: Any) -> Any:
        answer = self._http.request(method, f"{self._base_url}{path}", headers=self._headers, **options)
        if answer.status_code >= 400:
            raise CallFailed(f"{method} {path} was answered {answer.status_code}: {answer.text[:500]}")
        told = answer.json() if answer.content else None
        return told["content"] if isinstance(told, dict) and "content" in told else told
