"""Apple's Apps and Books, version 2, for one location's token.

https://developer.apple.com/documentation/devicemanagement/app-and-book-management

Errors also come with HTTP 200. Every answer tells which device-management server has the location: another one than
ours is an error, whatever was asked. Requests to assign are only taken for later: `event_status` tells how they went.
"""

import datetime as dt
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import orjson

from apps_domain.clients import vpp_answers as answers
from apps_domain.clients.vpp_answers import Asset, Assigned, ClientConfig, EventStatus, Page, ServiceConfig
from apps_domain.clients.vpp_errors import Kind, VppError, kind_of, seconds_of
from config.trust import trust

TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
MAX_SECONDS = 60.0  # for the whole of an answer
MAX_BYTES = 16 * 1024 * 1024
MDM_NAME = "Muster"
NOTIFICATION_TYPES = ("ASSET_COUNT", "ASSET_MANAGEMENT")
PATHS = {
    "clientConfig": "/client/config",
    "getAssets": "/assets",
    "getAssignments": "/assignments",
    "associateAssets": "/assets/associate",
    "disassociateAssets": "/assets/disassociate",
    "eventStatus": "/status",
}


@contextmanager
def open_library(base_url: str, token: str, *, mdm_id: str) -> "Iterator[Library]":
    """`token` is the text of the .vpptoken file; `mdm_id` the name that we go by at Apple."""
    headers = {"Authorization": f"Bearer {token}", "User-Agent": MDM_NAME, "Accept": "application/json"}
    with httpx2.Client(timeout=TIMEOUT, headers=headers, follow_redirects=False, verify=trust()) as client:
        yield Library(client, base_url, mdm_id)


class Library:
    """All methods raise VppError, and nothing else."""

    def __init__(self, client: httpx2.Client, base_url: str, mdm_id: str) -> None:
        self._client = client
        self._base = httpx2.URL(base_url)
        self._mdm_id = mdm_id
        self._urls: dict[str, str] = {}

    def use(self, config: ServiceConfig) -> None:
        """Go by the addresses that Apple names, as long as they are at Apple's or where we ask anyway."""
        self._urls = {name: url for name, url in config.urls.items() if self._is_ours(url)}

    def _is_ours(self, url: str) -> bool:
        try:
            parts = httpx2.URL(url)
        except httpx2.InvalidURL:
            return False
        if parts.scheme == "https" and parts.host.endswith(".apple.com") and self._base.host.endswith(".apple.com"):
            return True
        return all(getattr(parts, each) == getattr(self._base, each) for each in ("scheme", "host", "port"))

    def service_config(self) -> ServiceConfig:
        return answers.service_config(self.service_document())

    def service_document(self) -> dict[str, Any]:
        return self._send("GET", f"{self._base}/service/config")

    def client_config(self) -> ClientConfig:
        """Whoever has the location."""
        return answers.client_config(self._send("GET", self._url("clientConfig"), ours_only=False))

    def claim(self, *, metadata: str, notification_url: str = "", secret: str = "") -> ClientConfig:
        """Puts our name on the location, and says where to send notifications; "" for none.

        Apple tries the address at once: it must answer while this call lasts.
        """
        told: dict[str, Any] = {"mdmInfo": {"id": self._mdm_id, "name": MDM_NAME, "metadata": metadata[:255]}}
        if notification_url:
            told |= {
                "notificationUrl": notification_url,
                "notificationAuthToken": secret,
                "notificationTypes": list(NOTIFICATION_TYPES),
            }
        return answers.client_config(self._send("POST", self._url("clientConfig"), body=told))

    def assets(self, page_index: int = 0) -> Page[Asset]:
        told = self._send("GET", self._url("getAssets"), query=_page(page_index))
        return answers.page(told, "assets", answers.asset)

    def assignments(self, page_index: int = 0, *, adam_id: str = "", serial: str = "") -> Page[Assigned]:
        chosen = {name: value for name, value in (("adamId", adam_id), ("serialNumber", serial)) if value}
        told = self._send("GET", self._url("getAssignments"), query={**chosen, **_page(page_index)})
        return answers.page(told, "assignments", answers.assigned)

    def associate(self, *, adam_id: str, pricing_param: str, serials: Iterable[str]) -> str:
        """The id of the event."""
        return self._manage("associateAssets", adam_id, pricing_param, serials)

    def disassociate(self, *, adam_id: str, pricing_param: str, serials: Iterable[str]) -> str:
        return self._manage("disassociateAssets", adam_id, pricing_param, serials)

    def event_status(self, event_id: str) -> EventStatus:
        return answers.event_status(self._send("GET", self._url("eventStatus"), query={"eventId": event_id}))

    def _manage(self, name: str, adam_id: str, pricing_param: str, serials: Iterable[str]) -> str:
        body = {"assets": [{"adamId": adam_id, "pricingParam": pricing_param}], "serialNumbers": list(serials)}
        event_id = answers.text(self._send("POST", self._url(name), body=body).get("eventId"), 64)
        if not event_id:
            raise VppError("Apple took a request without saying how to ask about it.", kind=Kind.THEIRS)
        return event_id

    def _url(self, name: str) -> str:
        return self._urls.get(name) or f"{self._base}{PATHS[name]}"

    def _send(
        self, method: str, url: str, *, query: dict[str, str] | None = None, body: object = None, ours_only: bool = True
    ) -> dict[str, Any]:
        content = None if body is None else orjson.dumps(body)
        headers = {} if content is None else {"Content-Type": "application/json"}
        try:
            with self._client.stream(method, url, params=query, content=content, headers=headers) as response:
                document = _document(_bounded(response))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise VppError(f"Apple's service cannot be reached: {reason}.", kind=Kind.THEIRS) from None
        _raise_for(response, document)
        if ours_only:
            self._raise_for_another(document)
        return document

    def _raise_for_another(self, document: dict[str, Any]) -> None:
        told = answers.mdm_info(document)
        if told is not None and told.id != self._mdm_id:
            raise VppError(f"Another device-management server has this location: {told.name}.", kind=Kind.FOREIGN)


def _page(index: int) -> dict[str, str]:
    return {"pageIndex": str(index)} if index else {}


def _bounded(response: httpx2.Response) -> bytes:
    """At most MAX_BYTES, unpacked, within MAX_SECONDS."""
    deadline, size, chunks = time.monotonic() + MAX_SECONDS, 0, []
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_BYTES:
            raise VppError("Apple's answer is too long.", kind=Kind.THEIRS)
        if time.monotonic() > deadline:
            raise VppError("Apple's answer takes too long.", kind=Kind.THEIRS)
        chunks.append(chunk)
    return b"".join(chunks)


def _document(body: bytes) -> dict[str, Any]:
    """Empty if it is no JSON object: a proxy's page, for instance."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _raise_for(response: httpx2.Response, document: dict[str, Any]) -> None:
    told = answers.number(document.get("errorNumber"))
    if response.is_success and document and told is None:
        return
    message = answers.text(document.get("errorMessage"), 1000)[:200]
    retry_after = seconds_of(response.headers.get("Retry-After", ""), dt.datetime.now(dt.UTC))
    kind = kind_of(told, response.status_code) if document else _kind_of_page(response.status_code)
    raise VppError(
        message or f"Apple's service answered {response.status_code}, and nothing that makes sense.",
        kind=kind,
        number=told,
        retry_after=retry_after,
    )


def _kind_of_page(status: int) -> Kind:
    """What is not JSON is not Apple's own answer, and says nothing about the token."""
    return Kind.FLOOD if status == 429 else Kind.THEIRS
