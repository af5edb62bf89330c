"""Misbehaviour that can be ordered from the stand-in, for one kind of request or for all."""

from dataclasses import dataclass, fields
from typing import Any, Self

ENDPOINTS = ("service", "client", "claim", "assets", "assignments", "associate", "disassociate", "status")
TYPES: dict[str, tuple[type, ...]] = {
    "endpoint": (str,),
    "number": (int, type(None)),
    "status": (int, type(None)),
    "message": (str,),
    "retry_after": (str, type(None)),
    "delay": (int, float),
    "html": (bool,),
    "huge": (bool,),
    "drop": (bool,),
    "lose": (bool,),
    "drift": (bool,),
    "skip_page": (bool,),
    "after": (int,),
    "times": (int, type(None)),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do instead of the right thing. `after` requests pass unharmed first, then `times` are hit (None: all)."""

    endpoint: str = ""  # one of ENDPOINTS; "" for all
    number: int | None = None  # refuse with this errorNumber
    status: int | None = None  # with this HTTP status; None: 200 with a number (as the older interface did)
    message: str = "The stand-in was told to refuse."
    retry_after: str | None = None  # as it stands in the header
    delay: float = 0.0  # seconds until the answer
    html: bool = False  # a page instead of JSON
    huge: bool = False  # more than anybody should read
    drop: bool = False  # no answer at all
    lose: bool = False  # the request is done, but its answer never arrives
    drift: bool = False  # the data change right after this page was given
    skip_page: bool = False  # nextPageIndex is one too many
    after: int = 0
    times: int | None = None

    def __post_init__(self) -> None:
        if self.endpoint and self.endpoint not in ENDPOINTS:
            raise ValueError(f"endpoint is one of {', '.join(ENDPOINTS)}.")

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Raises ValueError naming what is unknown or of the wrong type."""
        unknown = set(value) - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"A fault has no {', '.join(sorted(unknown))}.")
        for name, told in value.items():
            if type(told) not in TYPES[name]:
                raise ValueError(f"{name} is of the wrong type.")
        return cls(**value)

    @property
    def refuses(self) -> bool:
        return self.number is not None or self.status is not None


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
