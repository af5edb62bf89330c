"""Misbehaviour that can be ordered from the stand-in, for one app or for all."""

from dataclasses import dataclass, fields
from typing import Any, Self

ANSWERS = ("", "html", "huge", "endless", "empty", "cut", "wrong_id", "odd")
_JSON_TYPES = {"status": (int,), "answer": (str,), "delay": (int, float), "times": (int, type(None))}


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do instead of the right thing. The plain `Fault()` does nothing wrong.

    `answer`: html (a page instead of JSON), huge (200 MB of it), endless (a byte now and then), empty (no body), cut
    (the connection ends half way), wrong_id (another app's record), odd (a record of wrong types).
    """

    status: int = 200
    answer: str = ""
    delay: float = 0.0  # seconds until the answer
    times: int | None = None  # requests that it hits; None: all

    def __post_init__(self) -> None:
        if self.answer not in ANSWERS:
            raise ValueError(f"answer is one of {', '.join(filter(None, ANSWERS))}.")
        if not 100 <= self.status <= 599:
            raise ValueError("status is an HTTP status.")

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Raises ValueError naming what is unknown or of the wrong type."""
        unknown = set(value) - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"A fault has no {', '.join(sorted(unknown))}.")
        for name, each in value.items():
            if type(each) not in _JSON_TYPES[name]:
                raise ValueError(f"{name} is of the wrong type.")
        return cls(**value)


class FaultBook:
    """The faults in force. One for an app goes before the one for all."""

    def __init__(self) -> None:
        self._faults: dict[str | None, Fault] = {}
        self._met: dict[str | None, int] = {}

    def set(self, fault: Fault, app_id: str | None) -> None:
        self._faults[app_id], self._met[app_id] = fault, 0

    def clear(self) -> None:
        self._faults.clear()

    def in_force(self) -> list[tuple[str | None, Fault]]:
        return list(self._faults.items())

    def take(self, app_id: str) -> Fault:
        """The fault that hits a request for this app; the harmless one when none does."""
        for key in (app_id, None):
            fault = self._faults.get(key)
            if fault is None:
                continue
            self._met[key] += 1
            if fault.times is None or self._met[key] <= fault.times:
                return fault
        return Fault()
