"""Misbehaviour that can be ordered from the stand-in, for one token or for all."""

from dataclasses import dataclass, fields
from typing import Any, Literal, Self

from onboarding.simulation.apns.requests import STATUS_OF_REASON

Drop = Literal["goaway", "abrupt"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do instead of the right thing. The plain `Fault()` does nothing wrong.

    `after` requests pass unharmed first, then `times` are hit (None: all).
    """

    reason: str = ""  # refuse with this reason
    status: int | None = None  # … and this status; None: the one that goes with the reason
    retry_after: int | None = None  # seconds, sent with a refusal
    drop: Drop | None = None  # end the connection at this request: "goaway" says so (and the reason), "abrupt" does not
    delay: float = 0.0  # seconds until the answer; the notification itself is taken at once
    swallow: bool = False  # accept the notification and never deliver it
    after: int = 0
    times: int | None = None

    def __post_init__(self) -> None:
        if self.reason and self.status is None and self.reason not in STATUS_OF_REASON:
            raise ValueError(f"APNs has no reason {self.reason!r}: give its status too.")
        if self.drop not in {None, "goaway", "abrupt"}:
            raise ValueError("drop is goaway or abrupt.")

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Raises ValueError naming what is unknown or of the wrong type."""
        unknown = set(value) - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"A fault has no {', '.join(sorted(unknown))}.")
        for name in value:
            if not _fits(value[name], _JSON_TYPES[name]):
                raise ValueError(f"{name} is of the wrong type.")
        return cls(**value)

    @property
    def answer_status(self) -> int | None:
        """The status to refuse with; None when the request is not to be refused."""
        if self.status is not None:
            return self.status
        return STATUS_OF_REASON[self.reason] if self.reason else None


_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "reason": (str,),
    "status": (int, type(None)),
    "retry_after": (int, type(None)),
    "drop": (str, type(None)),
    "delay": (int, float),
    "swallow": (bool,),
    "after": (int,),
    "times": (int, type(None)),
}


def _fits(value: object, types: tuple[type, ...]) -> bool:
    """By exact type: JSON's true is not a number, although Python takes it for one."""
    return type(value) in types


class FaultBook:
    """The faults in force. One for a token goes before the one for all."""

    def __init__(self) -> None:
        self._faults: dict[str | None, Fault] = {}
        self._met: dict[str | None, int] = {}

    def set(self, fault: Fault, token: str | None) -> None:
        """In force from now on, with its counts at nought."""
        self._met[token] = 0
        self._faults[token] = fault

    def clear(self, token: str | None) -> None:
        self._faults.pop(token, None)

    def clear_all(self) -> None:
        self._faults.clear()

    def in_force(self) -> list[tuple[str | None, Fault]]:
        return list(self._faults.items())

    def take(self, token: str) -> Fault:
        """The fault that hits a request for this token; the harmless one when none does."""
        for key in (token, None):
            fault = self._faults.get(key)
            if fault is None:
                continue
            met = self._met[key] = self._met.get(key, 0) + 1
            if met > fault.after and (fault.times is None or met <= fault.after + fault.times):
                return fault
        return Fault()
