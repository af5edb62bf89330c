"""One location at the stand-in: what was bought, who has it, who manages it."""

import base64
import datetime as dt
import json
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

Assignment = tuple[str, str, str, str]  # adam id, pricing parameter, serial number, client user id
DISTANT = "2099-12-31T23:59:59+0000"


@dataclass
class Asset:
    adam_id: str
    total: int | None = 10  # None: no limit
    pricing_param: str = "STDQ"
    product_type: str = "App"
    retired: int = 0
    device_assignable: bool = True
    revocable: bool = True
    platforms: list[str] = field(default_factory=lambda: ["iOS"])


@dataclass
class Event:
    id: str
    kind: str  # ASSOCIATE, DISASSOCIATE
    due: float
    assets: list[tuple[str, str]]
    serials: list[str]
    done: bool = False
    completed: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)

    def status(self) -> dict[str, Any]:
        requested = len(self.assets) * len(self.serials)
        state = "PENDING" if not self.done else "FAILED" if self.failures else "COMPLETE"
        told = {"eventStatus": state, "eventType": self.kind, "numCompleted": self.completed, "numRequested": requested}
        return {**told, **({"failures": self.failures} if self.failures else {})}


class Refused(Exception):
    def __init__(self, number: int, status: int, message: str) -> None:
        super().__init__(message)
        self.number, self.status, self.message = number, status, message


class Library:
    """Not safe for threads by itself: the stand-in holds its lock."""

    def __init__(self, token: str, name: str = "Example Organisation", *, expires: str = DISTANT) -> None:
        self.token, self.name, self.expires = token, name, expires
        self.uid = str(2049_000_000_000_000 + int.from_bytes(token.encode()[-5:]))
        self.country = "US"
        self.refusal: tuple[int, str] | None = None  # of the token: (9625, "…")
        self.assets: dict[tuple[str, str], Asset] = {}
        self.assignments: dict[Assignment, None] = {}
        self.events: dict[str, Event] = {}
        self.mdm_info: dict[str, str] | None = None
        self.notifications: dict[str, Any] = {}
        self.version = str(uuid.uuid4())
        self._listed: tuple[str, list[Assignment], Counter[tuple[str, str]]] = ("", [], Counter())

    def listed(self) -> tuple[list[Assignment], Counter[tuple[str, str]]]:
        """All assignments, and how many of each asset; worked out once for each version."""
        if self._listed[0] != self.version:
            rows = list(self.assignments)
            self._listed = (self.version, rows, Counter(each[:2] for each in rows))
        return self._listed[1], self._listed[2]

    @property
    def vpptoken(self) -> bytes:
        """The file as Apple hands it out."""
        told = {"token": self.token, "expDate": self.expires, "orgName": self.name}
        return base64.b64encode(json.dumps(told).encode())

    @property
    def has_expired(self) -> bool:
        return dt.datetime.fromisoformat(self.expires) <= dt.datetime.now(dt.UTC)

    def own(self, *assets: Asset) -> None:
        for asset in assets:
            self.assets[asset.adam_id, asset.pricing_param] = asset
        self.changed()

    def changed(self) -> None:
        self.version = str(uuid.uuid4())

    def assign(self, adam_id: str, serial: str = "", *, person: str = "", pricing: str = "STDQ") -> None:
        """As somebody else would, behind the server's back."""
        self.assignments[adam_id, pricing, serial, person] = None
        self.changed()

    def unassign(self, adam_id: str, serial: str = "", *, person: str = "", pricing: str = "STDQ") -> None:
        self.assignments.pop((adam_id, pricing, serial, person), None)
        self.changed()

    def used(self, key: tuple[str, str]) -> int:
        return sum(1 for each in self.assignments if each[:2] == key)

    def serials_of(self, adam_id: str) -> set[str]:
        return {serial for found, _, serial, _ in self.assignments if found == adam_id and serial}

    # Events

    def carry_out(self, event: Event) -> list[dict[str, Any]]:
        """Does it; returns the notifications about it."""
        event.done = True
        told: list[dict[str, Any]] = []
        for key in event.assets:
            done, refused = self._carry_out_for(key, event)
            event.completed += len(done)
            told += self._told(event, key, done, {})
            if refused:
                error = {
                    "errorNumber": 9709,
                    "errorMessage": "There aren't enough assets available to complete this association.",
                }
                event.failures.append({**error, "errorInfo": {"serialNumbers": refused}})
                told += self._told(event, key, refused, error)
        self.changed()
        return told

    def _carry_out_for(self, key: tuple[str, str], event: Event) -> tuple[list[str], list[str]]:
        """Those it was done for, and those that no licence was left for."""
        if event.kind == "DISASSOCIATE":
            for serial in event.serials:
                self.assignments.pop((*key, serial, ""), None)
            return event.serials, []
        asset, used = self.assets.get(key), self.used(key)
        total = 0 if asset is None else asset.total
        done, refused = [], []
        for serial in event.serials:
            entry = (*key, serial, "")
            if entry not in self.assignments and total is not None and used >= total:
                refused.append(serial)
                continue
            used += entry not in self.assignments
            self.assignments[entry] = None
            done.append(serial)
        return done, refused

    def _told(
        self, event: Event, key: tuple[str, str], serials: list[str], error: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """At most 100 assignments in a notification."""
        result = {"eventId": event.id, "result": "FAILURE" if error else "SUCCESS", "type": event.kind}
        told = []
        for at in range(0, len(serials), 100):
            assignments = [
                {"adamId": key[0], "pricingParam": key[1], "serialNumber": serial} for serial in serials[at : at + 100]
            ]
            told.append({"assignments": assignments, **result, **({"error": error} if error else {})})
        return told

    # What is kept between two runs

    def saved(self) -> dict[str, Any]:
        return {
            "token": self.token,
            "name": self.name,
            "expires": self.expires,
            "mdm_info": self.mdm_info,
            "notifications": self.notifications,
            "assets": [asdict(asset) for asset in self.assets.values()],
            "assignments": [list(each) for each in self.assignments],
        }

    @classmethod
    def restored(cls, saved: dict[str, Any]) -> "Library":
        library = cls(saved["token"], saved["name"], expires=saved["expires"])
        library.mdm_info, library.notifications = saved["mdm_info"], saved["notifications"]
        library.own(*(Asset(**each) for each in saved["assets"]))
        library.assignments = {(each[0], each[1], each[2], each[3]): None for each in saved["assignments"]}
        return library
