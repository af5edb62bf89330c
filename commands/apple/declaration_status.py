"""Status reports of a device's declarations: read with nothing in them trusted, and kept in parts.

https://developer.apple.com/documentation/devicemanagement/statusreport

A report tells only what has changed since the one before, unless it calls itself full. Kept is what this server asked
for, under the items' dotted names.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from devices.services.apple_reports import number, text

DECLARATIONS = "management.declarations"
OS_VERSION = "device.operating-system.version"
OS_BUILD = "device.operating-system.build-version"
ERRORS = "errors"
MAX_REPORT = 1024 * 1024  # bytes; the declarations of a set, in words, are some kilobytes
MAX_DECLARATIONS = 200  # of each kind
MAX_ERRORS = 50
MAX_REASONS = 5
SECTIONS = ("activations", "assets", "configurations", "management")
VERSION = re.compile(r"[1-9][0-9]?(\.[0-9]{1,3}){0,3}")


class MalformedStatusError(ValueError):
    """The bytes are no status report; the text says why."""


@dataclass(frozen=True)
class DeclarationState:
    """What the device says of one declaration under one server token."""

    is_valid: bool | None  # None while it has not tried
    is_active: bool
    reasons: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """For people; empty if it is in force, or the device has not tried it yet."""
        if self.is_valid is None or (self.is_valid and self.is_active):
            return ""
        verdict = "is not in force on the device" if self.is_valid else "was refused by the device"
        why = "; ".join(self.reasons) or "it does not say why"
        return f"The declaration {verdict}: {why}"


def read_report(content: bytes) -> dict[str, Any]:
    """MalformedStatusError for what is no report at all."""
    if len(content) > MAX_REPORT:
        raise MalformedStatusError(f"the status report of {len(content)} octets is too large")
    try:
        report = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise MalformedStatusError(f"the status report is no JSON: {error}") from error
    if not isinstance(report, dict):
        raise MalformedStatusError("the status report is no object")
    return report


def merged(status: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """What is known of the device once it has said this, too."""
    before = {} if report.get("FullReport") is True else status
    told = dict(_items(report.get("StatusItems")))
    errors = {name: why for name, why in before.get(ERRORS, {}).items() if name not in told}
    errors.update(_errors(report.get("Errors")))
    return {**before, **told, ERRORS: dict(list(errors.items())[-MAX_ERRORS:])}


def states_of(status: dict[str, Any]) -> dict[tuple[str, str], DeclarationState]:
    """By identifier and server token: a device may still tell of a declaration that it has replaced."""
    return {
        (entry["identifier"], entry["server-token"]): DeclarationState(
            is_valid={"valid": True, "invalid": False}.get(entry["valid"]),
            is_active=entry["active"],
            reasons=tuple(entry["reasons"]),
        )
        for entries in status.get(DECLARATIONS, {}).values()
        for entry in entries
    }


def reported_system(status: dict[str, Any]) -> dict[str, str]:
    """The version and build of the device's system, in the words of DeviceInformation, as far as they can be true."""
    version, build = status.get(OS_VERSION, ""), status.get(OS_BUILD, "")
    return {"OSVersion": version, "BuildVersion": build} if VERSION.fullmatch(version) else {}


def _items(told: Any) -> Iterator[tuple[str, Any]]:
    for name, read in READERS.items():
        value = told
        for key in name.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            yield name, read(value)


def _declarations(told: Any) -> dict[str, list[dict[str, Any]]]:
    sections = told if isinstance(told, dict) else {}
    return {name: [_declaration(entry) for entry in _objects(sections.get(name))] for name in SECTIONS}


def _declaration(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "identifier": text(entry.get("identifier")),
        "server-token": text(entry.get("server-token")),
        "valid": text(entry.get("valid"), 16),
        "active": entry.get("active") is True,
        "reasons": _reasons(entry.get("reasons")),
    }


def _failure(told: Any) -> dict[str, Any]:
    failure = told if isinstance(told, dict) else {}
    count = number(failure.get("count"))
    return {
        "count": int(count) if count is not None and 0 <= count < 2**31 else 0,
        "reason": text(failure.get("reason"), 1000),
        "timestamp": text(failure.get("timestamp"), 64),
    }


def _pending(told: Any) -> dict[str, str]:
    pending = told if isinstance(told, dict) else {}
    return {key: text(pending.get(key), 64) for key in ("os-version", "build-version", "target-local-date-time")}


def _errors(told: Any) -> dict[str, list[str]]:
    return {text(entry.get("StatusItem")): _reasons(entry.get("Reasons")) for entry in _objects(told)}


def _reasons(told: Any) -> list[str]:
    """In words, with the code. Apple writes the keys small in declarations and large in errors."""
    return [_reason({key.lower(): value for key, value in entry.items()}) for entry in _objects(told)[:MAX_REASONS]]


def _reason(entry: dict[str, Any]) -> str:
    code, description = text(entry.get("code")), text(entry.get("description"), 1000)
    return f"{description} ({code})" if code and description else description or code or "no reason"


def _objects(told: Any) -> list[dict[str, Any]]:
    entries = told[:MAX_DECLARATIONS] if isinstance(told, list) else []
    return [entry for entry in entries if isinstance(entry, dict)]


READERS: dict[str, Callable[[Any], Any]] = {
    DECLARATIONS: _declarations,
    OS_VERSION: text,
    OS_BUILD: text,
    "softwareupdate.failure-reason": _failure,
    "softwareupdate.install-state": text,
    "softwareupdate.pending-version": _pending,
}
