"""Apple's content metadata look-up: what the store says of an app.

https://developer.apple.com/documentation/devicemanagement/getting-app-and-book-information-legacy
Why this one of Apple's look-ups: docs/adr, "Apps are looked up in the catalogue for device management".
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2

from apps_domain.clients.store_listing import StoreListing, read_listing
from config.trust import trust

MAX_BYTES = 2 * 1024 * 1024
MAX_SECONDS = 5.0  # for all catalogues together: a caller waits for it
# The one that Apple documents for companies; countries where Apple has none for them list their apps in the other.
CATALOGUES = ("enterprisestore", "iphone")
THROTTLED = {403, 429}  # the store says 403 to those who ask too often
HEADERS = {
    "User-Agent": "Muster",
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # what is packed could unfold into more than MAX_BYTES
}


class StoreError(Exception):
    """The store gave no answer to rely on. `retryable`: perhaps later."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class StoreAway(StoreError):
    """Nobody gets an answer just now: it is down, slow, or has had enough of us."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


def look_up(url: str, apple_app_id: str, *, country: str, max_seconds: float) -> StoreListing | None:
    """What the store of that country lists under the id; None if it lists nothing. Raises StoreError."""
    deadline = time.monotonic() + max_seconds
    with httpx2.Client(
        follow_redirects=False, trust_env=False, headers=HEADERS, verify=trust(from_environment=False)
    ) as client:
        for catalogue in CATALOGUES:
            query = _query(apple_app_id, country, catalogue)
            record = _record(_ask(client, url, query, deadline), apple_app_id)
            if record is not None:
                return read_listing(record, country=country)
    return None


def _query(apple_app_id: str, country: str, catalogue: str) -> dict[str, str]:
    """`mdm-lockup` is no slip of ours: Apple spells it so."""
    fixed = {"version": "2", "p": "mdm-lockup", "caller": "MDM", "l": "en"}
    return {**fixed, "id": apple_app_id, "platform": catalogue, "cc": country}


def _ask(client: httpx2.Client, url: str, query: dict[str, str], deadline: float) -> bytes:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _late()
    try:
        with client.stream("GET", url, params=query, timeout=left) as response:
            _check_status(response.status_code)
            return b"".join(_bounded(response, deadline))
    except httpx2.TimeoutException:
        raise _late() from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise StoreAway(f"no connection to it: {error or type(error).__name__}") from None


def _late() -> StoreAway:
    return StoreAway("it did not answer in time")


def _check_status(status: int) -> None:
    if status in THROTTLED:
        raise StoreAway(f"it answers {status}, as to those who ask too often")
    if status >= 500:
        raise StoreAway(f"it answers {status}")
    if status != 200:
        raise StoreError(f"it answers {status}", retryable=False)


def _bounded(response: httpx2.Response, deadline: float) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > MAX_BYTES:
            raise StoreError(f"its answer is larger than {MAX_BYTES} bytes", retryable=False)
        if time.monotonic() > deadline:
            raise _late()
        yield chunk


def _record(body: bytes, apple_app_id: str) -> dict[str, Any] | None:
    """The record of this app in the answer, which is `{"results": {"<id>": {…}}}`."""
    try:
        results = json.loads(body)["results"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StoreError("its answer is not in the form that Apple documents", retryable=True) from None
    if not isinstance(results, dict):
        raise StoreError("its answer is not in the form that Apple documents", retryable=True)
    if not results:
        return None
    record = results.get(apple_app_id)
    if not isinstance(record, dict) or str(record.get("id", apple_app_id)) != apple_app_id:
        raise StoreError("its answer is about another app", retryable=False)
    return record
