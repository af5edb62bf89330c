"""What a device asks Apple about an app of the store: what it is, and whether its serial number holds a licence.

Apple's own way is not public; devices ask the stand-ins.
"""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from onboarding.simulation.apple_http import HttpClient, ServerUnreachable, send


@dataclass(frozen=True)
class Listing:
    """An app as the store has it now."""

    identifier: str
    name: str
    version: str
    size: int
    minimum_os: str
    families: frozenset[str]


class StoreUnreachable(Exception):
    """The store or Apps and Books does not answer, or there is none."""


class AppStore(Protocol):
    """Both raise StoreUnreachable."""

    def listing(self, store_id: str) -> Listing | None:
        """None: the store has no such app."""

    def is_licensed(self, store_id: str, serial: str) -> bool: ...


class StandInStore:
    """Asks stand-ins by HTTP: ``store_url`` is that of the store, ``licences_url`` that of Apps and Books."""

    def __init__(self, http: HttpClient, *, store_url: str, licences_url: str) -> None:
        self._http = http
        self._store_url = store_url.rstrip("/")
        self._licences_url = licences_url.rstrip("/")

    def listing(self, store_id: str) -> Listing | None:
        told = self._ask(f"{self._store_url}/devices/apps/{store_id}")
        if told is None:
            return None
        try:
            families = frozenset(str(family) for family in told["families"])
            identifier, name, version = (str(told[key]) for key in ("bundle_id", "name", "version"))
            return Listing(identifier, name, version, int(told["size"] or 0), str(told["minimum_os"] or ""), families)
        except (KeyError, TypeError, ValueError) as error:
            raise StoreUnreachable(f"The store's answer cannot be read: {error!r}.") from error

    def is_licensed(self, store_id: str, serial: str) -> bool:
        told = self._ask(f"{self._licences_url}/devices/{serial}/{store_id}")
        return told is not None and told.get("licensed") is True

    def _ask(self, url: str) -> dict[str, Any] | None:
        try:
            reply = send(self._http, "GET", url)
            if reply.status_code == 404:
                return None
            told = json.loads(reply.content)
        except (ServerUnreachable, ValueError) as error:
            raise StoreUnreachable(str(error)) from error
        if reply.status_code != 200 or not isinstance(told, dict):
            raise StoreUnreachable(f"{url} answered HTTP {reply.status_code}.")
        return told
