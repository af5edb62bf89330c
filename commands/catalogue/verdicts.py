"""A device's report as a command sees it, and what the command makes of it."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

NOW = dt.timedelta(0)


class Status(StrEnum):
    """https://developer.apple.com/documentation/devicemanagement/implementing-device-management (Status values)"""

    IDLE = "Idle"
    ACKNOWLEDGED = "Acknowledged"
    NOT_NOW = "NotNow"
    ERROR = "Error"
    COMMAND_FORMAT_ERROR = "CommandFormatError"


@dataclass(frozen=True)
class Answer:
    """What a device reported on a command."""

    status: Status
    reason: str = ""  # of an error, in the device's words
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def is_acknowledged(self) -> bool:
        return self.status is Status.ACKNOWLEDGED

    @property
    def is_not_now(self) -> bool:
        return self.status is Status.NOT_NOW


@dataclass(frozen=True)
class Succeeded:
    """The command is done; the reason, if any, says what is worth knowing about it."""

    reason: str = ""


@dataclass(frozen=True)
class Failed:
    reason: str


@dataclass(frozen=True)
class PutOff:
    """The device wants to be offered it later."""


@dataclass(frozen=True)
class NextStep:
    """The command goes on with another message to the device, at once or later.

    `optional`: it is done without it too, should nobody wait for it any more.
    """

    number: int
    after: dt.timedelta = NOW
    reason: str = ""
    optional: bool = False


Verdict = Succeeded | Failed | PutOff | NextStep
