"""Misbehaviour that can be ordered from the stand-in, for one kind of request or for all."""

import time
from dataclasses import dataclass, fields
from email.utils import formatdate
from typing import Any, Self

ENDPOINTS = (
    "session",
    "account",
    "fetch",
    "sync",
    "details",
    "disown",
    "define",
    "profile",
    "assign",
    "remove",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do instead of the right thing. `after` requests pass unharmed first, then `times` are hit (None: all)."""

    endpoint: str = ""  # one of ENDPOINTS; "" for all
    status: int | None = None  # refuse with this HTTP status
    body: str = ""  # and this body, as it stands: T_C_NOT_SIGNED, or "T_C_NOT_SIGNED" with its quotes
    problem: str = ""  # refuse with this word of OAuth: signature_invalid, timestamp_refused, …
    retry_after: str | None = None  # as it stands in the header
    retry_date: float | None = None  # the header as a date, so many seconds from now
    delay: float = 0.0  # seconds until the answer
    html: bool = False  # a page instead of JSON
    garbled: bool = False  # JSON that ends in the middle
    huge: bool = False  # more than anybody should read
    drop: bool = False  # no answer at all
    lose: bool = False  # the request is done, but its answer never arrives
    stuck: bool = False  # a page says that more follows, and gives the cursor it was asked with
    repeat: bool = False  # a page names each device twice, the newer word first
    odd: bool = False  # a page has entries that are no devices, and texts that are too long
    new_session: bool = False  # the answer carries another session token, and the old one ends
    after: int = 0
    times: int | None = None

    def __post_init__(self) -> None:
        if self.endpoint and self.endpoint not in ENDPOINTS:
            raise ValueError(f"endpoint is one of {', '.join(ENDPOINTS)}.")

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Raises ValueError naming what is unknown or of the wrong type."""
        known = {each.name: each.type for each in fields(cls)}
        if unknown := sorted(set(value) - set(known)):
            raise ValueError(f"A fault has no {', '.join(unknown)}.")
        for name, told in value.items():
            if not _fits(told, known[name]):
                raise ValueError(f"{name} is of the wrong type.")
        return cls(**value)

    @property
    def headers(self) -> dict[str, str]:
        if self.retry_date is not None:
            return {"Retry-After": _date_in(self.retry_date)}
        return {} if self.retry_after is None else {"Retry-After": self.retry_after}


def _fits(told: Any, kind: Any) -> bool:
    if told is None:
        return "None" in str(kind)
    if "float" in str(kind):
        return type(told) in (int, float)
    return type(told).__name__ in str(kind)


def _date_in(seconds: float) -> str:

    return formatdate(time.time() + seconds, usegmt=True)


class FaultBook:
    """The faults in force, one for each kind of request and one for all."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._met: dict[str, int] = {}

    def set(self, fault: Fault) -> None:
        self._faults[fault.endpoint], self._met[fault.endpoint] = fault, 0

    def clear(self) -> None:
        self._faults.clear()

    def in_force(self) -> list[Fault]:
        return list(self._faults.values())

    def take(self, endpoint: str) -> Fault:
        """The fault that hits this request; the harmless one when none does."""
        for key in (endpoint, ""):
            fault = self._faults.get(key)
            if fault is None:
                continue
            self._met[key] += 1
            if self._met[key] > fault.after and (fault.times is None or self._met[key] <= fault.after + fault.times):
                return fault
        return Fault()
