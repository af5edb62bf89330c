"""A report's content, and the errors in it.

Codes: "Error Codes" of the last published "Mobile Device Management Protocol Reference".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_profile import ProfileError
from onboarding.simulation.apple_state import DeviceState

Status = Literal["Idle", "Acknowledged", "NotNow", "Error", "CommandFormatError"]


class MalformedCommand(Exception):
    """The command lacks something it must have: the answer is CommandFormatError."""


@dataclass(frozen=True)
class Answer:
    """A report's status and keys, and what the device does once the report is sent."""

    status: Status = "Acknowledged"
    fields: dict[str, Any] = field(default_factory=dict)
    afterwards: Literal["", "erase", "leave", "restart", "power off"] = ""


Value = TypeVar("Value")
Answerer = Callable[[Mapping[str, Any], Hardware, DeviceState], Answer]
Cause = tuple[str, int, str]
"""Domain, code and text of an error."""

NOT_SUPERVISED: Cause = ("MCChaperoneErrorDomain", 29000, "The device is not supervised.")


def error_chain(*causes: Cause) -> list[dict[str, Any]]:
    """The value of ErrorChain: the error itself, then what led to it."""
    return [
        {"ErrorDomain": domain, "ErrorCode": code, "LocalizedDescription": text, "USEnglishDescription": text}
        for domain, code, text in causes
    ]


def error_answer(domain: str, code: int, text: str, *causes: Cause) -> Answer:
    """An Error with its chain: the error itself, then what led to it."""
    return Answer("Error", {"ErrorChain": error_chain((domain, code, text), *causes)})


def profile_error_answer(error: ProfileError) -> Answer:
    """The Error for a profile that cannot be installed."""
    return not_installed("MCProfileErrorDomain", error.code, str(error))


def not_installed(domain: str, code: int, text: str) -> Answer:
    """The Error for a profile that cannot be installed, with its cause."""
    return error_answer("MCInstallationErrorDomain", 4001, "Profile Installation Failed.", (domain, code, text))


def required(command: Mapping[str, Any], key: str, kind: type[Value]) -> Value:
    """Raises MalformedCommand."""
    value = command.get(key)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise MalformedCommand(f"{key} is missing or of a wrong type")
    return value


def optional(command: Mapping[str, Any], key: str, kind: type[Value], default: Value) -> Value:
    """Raises MalformedCommand when it is there but of a wrong type."""
    return required(command, key, kind) if key in command else default
