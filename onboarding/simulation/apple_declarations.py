"""Declarative management on a device: it fetches what it is declared, puts it into force and reports.

Sources: Apple's "Integrating declarative management", and the files of ``declarative`` in
github.com/apple/device-management. The codes of reasons are plausible choices: Apple documents their form only.
"""

import datetime as dt
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from onboarding.simulation.apple_channel import Refused
from onboarding.simulation.apple_faults import Faults
from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_models import OsFamily, OsRelease, find_release, version_numbers
from onboarding.simulation.apple_state import Declared, DeviceState

Ask = Callable[[str, bytes | None], bytes]
"""Sends an endpoint and its data to the server and gives the answer; raises Refused and ServerUnreachable."""

ENFORCEMENT = "com.apple.configuration.softwareupdate.enforcement.specific"
SUBSCRIPTIONS = "com.apple.configuration.management.status-subscriptions"
ACTIVATION = "com.apple.activation.simple"
SECTIONS = {
    "Activations": "activation",
    "Assets": "asset",
    "Configurations": "configuration",
    "Management": "management",
}
Document = dict[str, Any]


@dataclass(frozen=True)
class _Known:
    since: Mapping[OsFamily, str]
    supervised: bool = False


_KNOWN = {
    ACTIVATION: _Known({"iOS": "15", "iPadOS": "15", "macOS": "13", "tvOS": "16"}),
    ENFORCEMENT: _Known({"iOS": "17", "iPadOS": "17", "macOS": "14", "tvOS": "18.4"}),
    SUBSCRIPTIONS: _Known({"iOS": "15", "iPadOS": "15", "macOS": "13", "tvOS": "16"}),
    "com.apple.configuration.management.test": _Known({"iOS": "15", "iPadOS": "15", "macOS": "13", "tvOS": "16"}),
    "com.apple.configuration.softwareupdate.settings": _Known(
        {"iOS": "18", "iPadOS": "18", "macOS": "15", "tvOS": "18.4"}, supervised=True
    ),
}


class DeclarationsUnreadable(Refused):
    """The server's answer to declarative management is not what it should be."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(200, f"The server's answer to {endpoint} cannot be read.")


# --- fetching -------------------------------------------------------------------------------------------------


def follow_declarations(ask: Ask, hardware: Hardware, state: DeviceState, refuses: Collection[str]) -> None:
    """Fetches what is due and reports what has changed since the last report. Raises Refused and ServerUnreachable;
    what could not be done then stays due.
    """
    declared = state.declared
    if not declared.is_on:
        return
    if declared.due == "tokens":
        tokens = _read(ask("tokens", None), "tokens").get("SyncTokens", {})
        declared.due = "" if tokens.get("DeclarationsToken") == declared.token else "declaration-items"
    if declared.due:
        _fetch(ask, declared)
    _report(ask, declared, status_items(hardware, state, refuses))


def _fetch(ask: Ask, declared: Declared) -> None:
    listed = _read(ask("declaration-items", None), "declaration-items")
    known = {document["Identifier"]: document for document in declared.documents}
    documents = []
    for section, kind in SECTIONS.items():
        for item in listed["Declarations"][section]:
            document = known.get(item["Identifier"])
            if document is None or document["ServerToken"] != item["ServerToken"]:
                endpoint = f"declaration/{kind}/{item['Identifier']}"
                document = _read(ask(endpoint, None), endpoint)
            documents.append(document)
    declared.documents, declared.token, declared.due = documents, listed["DeclarationsToken"], ""


def _report(ask: Ask, declared: Declared, items: dict[str, Any]) -> None:
    """Of the items those that are news."""
    news = {name: value for name, value in items.items() if declared.told.get(name) != value}
    if news:
        ask("status", json.dumps({"StatusItems": _nested(news), "Errors": []}).encode())
        declared.told = items


def _read(content: bytes, endpoint: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        raise DeclarationsUnreadable(endpoint) from None
    if not isinstance(value, dict):
        raise DeclarationsUnreadable(endpoint)
    return value


# --- what they do ---------------------------------------------------------------------------------------------


def in_force(hardware: Hardware, state: DeviceState, refuses: Collection[str], kind: str) -> list[dict[str, Any]]:
    """The payloads of the configurations of this kind that are active."""
    return [
        document["Payload"]
        for document in state.declared.documents
        if document["Type"] == kind and _verdict(document, hardware, state, refuses)["active"]
    ]


def update_system(hardware: Hardware, state: DeviceState, faults: Faults) -> Hardware:
    """When the time of an enforced update has come, whether the device's user likes it or not."""
    release = enforced_update(hardware, state, faults.refuses)
    state.declared.update_failure = faults.update_fails if release else ""
    if release is None or faults.update_fails:
        return hardware
    state.os_version, state.os_build = release.version, release.build
    return hardware.updated(release)


def enforced_update(hardware: Hardware, state: DeviceState, refuses: Collection[str]) -> OsRelease | None:
    """The system that the device has to install now: its time has come by the device's own clock."""
    pending = _pending(hardware, state, refuses)
    now = dt.datetime.now(ZoneInfo(state.time_zone)).replace(tzinfo=None)
    if pending is None or dt.datetime.fromisoformat(pending["TargetLocalDateTime"]) > now:
        return None
    release = find_release(hardware.product, pending["TargetOSVersion"])
    return OsRelease(release.version, pending.get("TargetBuildVersion") or release.build)


def _pending(hardware: Hardware, state: DeviceState, refuses: Collection[str]) -> dict[str, Any] | None:
    """What it has to update to, sooner or later."""
    for payload in in_force(hardware, state, refuses, ENFORCEMENT):
        if version_numbers(payload["TargetOSVersion"]) > version_numbers(hardware.os.version):
            return payload
    return None


# --- what it tells --------------------------------------------------------------------------------------------


def status_items(hardware: Hardware, state: DeviceState, refuses: Collection[str]) -> dict[str, Any]:
    """By their dotted names: the declarations always, the others as far as the server subscribed to them."""
    declarations: dict[str, list[dict[str, Any]]] = {name.lower(): [] for name in SECTIONS}
    for document in state.declared.documents:
        section = next(name for name, kind in SECTIONS.items() if kind == document["Type"].split(".")[2])
        declarations[section.lower()].append(_verdict(document, hardware, state, refuses))
    wanted = {
        item["Name"]
        for payload in in_force(hardware, state, refuses, SUBSCRIPTIONS)
        for item in payload.get("StatusItems", ())
    }
    others = _other_items(hardware, state, refuses)
    return {
        "management.declarations": declarations,
        **{name: value for name, value in others.items() if name in wanted},
    }


def _other_items(hardware: Hardware, state: DeviceState, refuses: Collection[str]) -> dict[str, Any]:
    pending = _pending(hardware, state, refuses)
    failure = state.declared.update_failure if pending else ""
    return {
        "device.operating-system.version": hardware.os.version,
        "device.operating-system.build-version": hardware.os.build,
        "softwareupdate.install-state": "failed" if failure else "none",
        "softwareupdate.failure-reason": {"count": 1, "reason": failure} if failure else {"count": 0},
        "softwareupdate.pending-version": {
            "os-version": pending["TargetOSVersion"] if pending else "",
            "build-version": pending.get("TargetBuildVersion", "") if pending else "",
        },
    }


def _verdict(document: Document, hardware: Hardware, state: DeviceState, refuses: Collection[str]) -> dict[str, Any]:
    reason = _why_invalid(document["Type"], hardware, state, refuses)
    named = document["Type"] == ACTIVATION or document["Identifier"] in _activated(state)
    told: dict[str, Any] = {
        "identifier": document["Identifier"],
        "server-token": document["ServerToken"],
        "active": named and not reason,
        "valid": "invalid" if reason else "valid",
    }
    if reason:
        code, description = reason
        details = {"Identifier": document["Identifier"], "ServerToken": document["ServerToken"]}
        told["reasons"] = [{"code": code, "description": description, "details": details}]
    return told


def _why_invalid(kind: str, hardware: Hardware, state: DeviceState, refuses: Collection[str]) -> tuple[str, str] | None:
    known = _KNOWN.get(kind)
    if known is None or not hardware.runs(known.since):
        return "Error.ConfigurationNotSupported", f"This system does not know “{kind}”."
    if known.supervised and not state.is_supervised:
        return "Error.ConfigurationNotSupported", f"“{kind}” takes a supervised device."
    if kind in refuses:
        return "Error.ConfigurationCannotBeApplied", f"“{kind}” cannot be applied here."
    return None


def _activated(state: DeviceState) -> set[str]:
    activations = (document for document in state.declared.documents if document["Type"] == ACTIVATION)
    return {name for document in activations for name in document["Payload"].get("StandardConfigurations", ())}


def _nested(items: Mapping[str, Any]) -> dict[str, Any]:
    """`a.b: 1` as {"a": {"b": 1}}."""
    tree: dict[str, Any] = {}
    for name, value in items.items():
        *parents, last = name.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[last] = value
    return tree
