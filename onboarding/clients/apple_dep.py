"""Apple's device assignment service (DEP), for one MDM server's token.

https://developer.apple.com/documentation/devicemanagement/device-assignment

A session is begun by a request signed by OAuth 1; any answer may replace its token. Errors are words in the body, see
dep_errors.
"""

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import orjson
from oauthlib.oauth1 import Client as OAuthClient

from apps_domain.clients.vpp_errors import seconds_of
from config.trust import trust
from onboarding.clients import dep_answers as answers
from onboarding.clients.dep_answers import Account, Assigned, Listed, Page
from onboarding.clients.dep_errors import MOST_SKEW, SAID, DepError, Kind, code_of, kind_of

TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
MAX_SECONDS = 60.0  # for the whole of an answer
MAX_BYTES = 16 * 1024 * 1024
MAX_DEVICES = 1000  # in a page, and in a request about devices
PROTOCOL_VERSION = "10"  # since 9 devices may be throttled, since 10 Apple tells for how long
USER_AGENT = "Muster/0.1"  # Apple may block a library's
SESSION_HEADER = "X-ADM-Auth-Session"


@dataclass(frozen=True)
class DepCredentials:
    """Of the token file, by its names."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    access_secret: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: httpx2.Headers
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        return "" if self.is_success else code_of(self.body[:4096].decode(errors="replace"))


@contextmanager
def open_service(base_url: str, credentials: DepCredentials) -> "Iterator[DepService]":
    """Asks nothing yet: the session is begun by the first question."""
    headers = {
        "User-Agent": USER_AGENT,
        "Accept": "application/json;charset=UTF8",
        "X-Server-Protocol-Version": PROTOCOL_VERSION,
    }
    with httpx2.Client(timeout=TIMEOUT, headers=headers, follow_redirects=False, verify=trust()) as client:
        yield DepService(client, base_url.rstrip("/"), credentials)


class DepService:
    """All methods raise DepError, and nothing else. At most MAX_DEVICES serials a call."""

    def __init__(self, client: httpx2.Client, base_url: str, credentials: DepCredentials) -> None:
        self._client = client
        self._base = base_url
        self._credentials = credentials
        self._session = ""
        self.has_answered = False  # with anything but an error

    def account(self) -> Account:
        return answers.account(self._ask("GET", "/account"))

    def fetch(self, cursor: str = "", limit: int = MAX_DEVICES) -> Page:
        """A page of all devices; the first without a cursor."""
        return answers.page(self._ask("POST", "/server/devices", _page(cursor, limit)))

    def sync(self, cursor: str, limit: int = MAX_DEVICES) -> Page:
        """A page of the changes since a cursor."""
        return answers.page(self._ask("POST", "/devices/sync", _page(cursor, limit)))

    def details(self, serials: Sequence[str]) -> dict[str, Listed | str]:
        """By serial: the device, or Apple's word for why not."""
        return answers.details(self._ask("POST", "/devices", {"devices": list(serials)}))

    def define(self, document: dict[str, Any]) -> str:
        """Apple's uuid of the profile, which cannot be changed: another text is another profile."""
        profile_uuid = answers.profile_uuid(self._ask("POST", "/profile", document).get("profile_uuid"))
        if not profile_uuid:
            raise DepError("Apple took a profile without saying how to name it.", kind=Kind.THEIRS)
        return profile_uuid

    def profile(self, profile_uuid: str) -> dict[str, Any]:
        return self._ask("GET", "/profile", query={"profile_uuid": profile_uuid})

    def assign(self, profile_uuid: str, serials: Sequence[str]) -> dict[str, Assigned]:
        """By serial; Apple may say nothing about some."""
        body = {"profile_uuid": profile_uuid, "devices": list(serials)}
        return answers.assigned(self._ask("POST", "/profile/devices", body))

    def remove(self, profile_uuid: str, serials: Sequence[str]) -> dict[str, str]:
        """They have this profile no more; Apple's word by serial."""
        body = {"profile_uuid": profile_uuid, "devices": list(serials)}
        return answers.results(self._ask("DELETE", "/profile/devices", body))

    def disown(self, serials: Sequence[str]) -> dict[str, str]:
        """For good: the organisation no longer owns them. Apple's word by serial."""
        return answers.results(self._ask("POST", "/devices/disown", {"devices": list(serials)}))

    def _ask(
        self, method: str, path: str, body: object = None, *, query: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Begins a session if there is none, and once more if Apple no longer knows it."""
        begun = self._session == ""
        if begun:
            self._begin_session()
        answer = self._send(method, path, body, query)
        if not begun and _is_forgotten(answer):
            self._begin_session()
            answer = self._send(method, path, body, query)
        document = _document(answer)
        self.has_answered = True
        return document

    def _begin_session(self) -> None:
        self._session = ""
        answer = self._receive("GET", "/session", {"Authorization": self._authorization()})
        document = _document(answer)
        self._session = self._session or _header_text(document.get("auth_session_token"))
        if not self._session:
            raise DepError("Apple began a session without naming it.", kind=Kind.THEIRS, status=answer.status)

    def _authorization(self) -> str:
        ours = self._credentials
        signer = OAuthClient(
            ours.consumer_key,
            client_secret=ours.consumer_secret,
            resource_owner_key=ours.access_token,
            resource_owner_secret=ours.access_secret,
            realm="ADM",
        )
        return str(signer.sign(f"{self._base}/session", http_method="GET")[1]["Authorization"])

    def _send(self, method: str, path: str, body: object, query: dict[str, str] | None) -> Answer:
        return self._receive(method, path, {SESSION_HEADER: self._session}, body, query)

    def _receive(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: object = None,
        query: dict[str, str] | None = None,
    ) -> Answer:
        content = None if body is None else orjson.dumps(body)
        told = headers if content is None else {**headers, "Content-Type": "application/json;charset=UTF8"}
        try:
            with self._client.stream(method, f"{self._base}{path}", params=query, content=content, headers=told) as it:
                answer = Answer(it.status_code, it.headers, _bounded(it))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise DepError(f"Apple's service cannot be reached: {reason}.", kind=Kind.THEIRS) from None
        self._session = _header_text(answer.headers.get(SESSION_HEADER)) or self._session
        return answer


def _page(cursor: str, limit: int) -> dict[str, Any]:
    return {"limit": min(limit, MAX_DEVICES), **({"cursor": cursor} if cursor else {})}


def _is_forgotten(answer: Answer) -> bool:
    """A session may end at any time; every other 403 says something else, and must be heard."""
    return answer.status == 401 or (answer.status == 403 and answer.code == "FORBIDDEN")


def _header_text(value: object) -> str:
    """What can be sent as a header; "" if it cannot."""
    told = value.strip() if isinstance(value, str) else ""
    return told if len(told) <= 8192 and told.isascii() and told.isprintable() else ""


def _bounded(response: httpx2.Response) -> bytes:
    """At most MAX_BYTES, unpacked, within MAX_SECONDS."""
    deadline, size, chunks = time.monotonic() + MAX_SECONDS, 0, []
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_BYTES:
            raise DepError("Apple's answer is too long.", kind=Kind.THEIRS)
        if time.monotonic() > deadline:
            raise DepError("Apple's answer takes too long.", kind=Kind.THEIRS)
        chunks.append(chunk)
    return b"".join(chunks)


def _document(answer: Answer) -> dict[str, Any]:
    """Of a success; DepError for everything else."""
    if not answer.is_success:
        raise _error(answer)
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        message = f"Apple's service answered {answer.status}, and nothing that makes sense."
        raise DepError(message, kind=Kind.THEIRS, status=answer.status)
    return document


def _error(answer: Answer) -> DepError:
    now = dt.datetime.now(dt.UTC)
    retry_after = seconds_of(answer.headers.get("Retry-After", ""), now)
    kind = kind_of(answer.code, answer.status, retry_after=retry_after)
    skew = _skew(answer, now) if kind in (Kind.TOKEN, Kind.CLOCK) else dt.timedelta()
    if abs(skew) > MOST_SKEW:
        kind = Kind.CLOCK  # a token cannot be told to be bad by whoever takes the request for an old one
    said = SAID.get(kind) or f"Apple's service answered {answer.status} {answer.code}".rstrip() + "."
    if kind is Kind.CLOCK and skew:
        said = f"This machine's clock is {round(abs(skew) / dt.timedelta(minutes=1))} minutes off Apple's."
    return DepError(said, kind=kind, code=answer.code, status=answer.status, retry_after=retry_after)


def _skew(answer: Answer, now: dt.datetime) -> dt.timedelta:
    """Of our clock from Apple's; none if Apple does not tell the time."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("Date", ""))
        return now - (theirs if theirs.tzinfo else theirs.replace(tzinfo=dt.UTC))
    except (TypeError, ValueError, OverflowError):
        return dt.timedelta()
