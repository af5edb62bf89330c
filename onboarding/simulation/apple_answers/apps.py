"""Apps: the two lists, and removal.

Sources: Apple's "Installed Application List", "Managed Application List" and "Remove Application", and their YAML files
(``mdm/commands/application.*.yaml`` of github.com/apple/device-management).
"""

import zlib
from collections.abc import Mapping
from typing import Any

from onboarding.simulation.apple_answers.answer import Answer, error_answer, optional, required
from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_models import OsFamily
from onboarding.simulation.apple_state import App, DeviceState, Installation

# Before, the system's own apps are neither listed nor removable, and only managed apps can be removed.
_SYSTEM_APPS_COUNT: dict[OsFamily, str] = {"iOS": "26.0", "iPadOS": "26.0", "tvOS": "26.0"}
_SYSTEM_APPS_LISTED: dict[OsFamily, str] = {**_SYSTEM_APPS_COUNT, "macOS": "10.7"}
# They are told once, then they are over.
_TOLD_ONCE = frozenset({"Failed", "UserRejected", "UpdateRejected", "ManagementRejected"})
_CAN_CHOOSE_ITEMS: dict[OsFamily, str] = {"iOS": "14.0", "iPadOS": "14.0", "tvOS": "14.0"}


def answer_installed_application_list(command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
    wanted = optional(command, "Identifiers", list, [])
    managed_only = optional(command, "ManagedAppsOnly", bool, False)
    items = optional(command, "Items", list, []) if hardware.runs(_CAN_CHOOSE_ITEMS) else []
    entries = [
        {**_installed_entry(app, hardware), "Installing": app.identifier in _installing(state)}
        for app in [*state.apps, *_placeholders(state)]
        if app.is_installed
        and (app.is_managed or not managed_only)
        and (not app.is_system or hardware.runs(_SYSTEM_APPS_LISTED))
        and (not wanted or app.identifier in wanted)
    ]
    if items:
        entries = [{key: entry[key] for key in entry if key in items or key == "Identifier"} for entry in entries]
    return Answer(fields={"InstalledApplicationList": entries})


def answer_managed_application_list(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    """A dictionary by bundle identifier, not a list. What is on its way is in it, in place of what it updates."""
    wanted = optional(command, "Identifiers", list, [])
    managed = {app.identifier: _managed_entry(app) for app in state.apps if app.is_managed}
    managed |= {coming.identifier: _coming_entry(coming) for coming in state.installations if coming.is_managed}
    told = {identifier: entry for identifier, entry in managed.items() if not wanted or identifier in wanted}
    state.installations = [
        coming for coming in state.installations if coming.status not in _TOLD_ONCE or coming.identifier not in told
    ]
    return Answer(fields={"ManagedApplicationList": told})


def answer_remove_application(command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
    """Managed apps; since iOS 26 a supervised device lets go of any.

    The words are those of iOS. That the code is 12029 is a plausible choice: Apple documents 12029 and 12038 alike as
    "App not managed".
    """
    identifier = required(command, "Identifier", str)
    app, coming = state.app(identifier), state.installation(identifier)
    any_goes = state.is_supervised and hardware.runs(_SYSTEM_APPS_COUNT)
    if not (app and (app.is_managed or any_goes)) and not (coming and coming.is_managed):
        return error_answer("MCMDMErrorDomain", 12029, f"The app “{identifier}” is not managed.")
    state.forget_app(identifier)
    return Answer()


def _installed_entry(app: App, hardware: Hardware) -> dict[str, Any]:
    """Sizes in bytes. A Mac knows less of its apps."""
    entry: dict[str, Any] = {
        "Identifier": app.identifier,
        "Name": app.name,
        "Version": app.build or app.version,
        "ShortVersion": app.version,
        "BundleSize": app.size,
        "HasUpdateAvailable": False,
    }
    if not app.is_system:
        entry["ExternalVersionIdentifier"] = _version_identifier(app)
    if hardware.os_family == "macOS":
        return entry
    return {
        **entry,
        "DynamicSize": app.size // 8,
        "IsValidated": True,
        "AppStoreVendable": not (app.is_managed or app.is_system),  # false for an app licensed to the device
        "DeviceBasedVPP": app.is_managed and not app.from_manifest,
        "BetaApp": False,
        "AdHocCodeSigned": False,
    }


def _managed_entry(app: App) -> dict[str, Any]:
    """ManagementFlags 1: it is removed together with the management profile."""
    return {
        "Status": "Managed" if app.is_installed else "ManagedButUninstalled",
        "ManagementFlags": 1,
        "HasConfiguration": bool(app.configuration),
        "HasFeedback": False,
        "IsValidated": True,
        "ExternalVersionIdentifier": _version_identifier(app),
    }


def _coming_entry(coming: Installation) -> dict[str, Any]:
    return {
        "Status": coming.status,
        "ManagementFlags": 1,
        "HasConfiguration": bool(coming.configuration),
        "HasFeedback": False,
        "IsValidated": False,
    }


def _installing(state: DeviceState) -> frozenset[str]:
    """Those whose icon shows progress just now."""
    return frozenset(each.identifier for each in state.installations if each.status in ("Installing", "Updating"))


def _placeholders(state: DeviceState) -> list[App]:
    """Apps that are being installed for the first time."""
    present = {app.identifier for app in state.apps if app.is_installed}
    return [
        App(each.identifier, each.name, each.version, each.size, build=each.build, is_managed=each.is_managed)
        for each in state.installations
        if each.status == "Installing" and each.identifier not in present
    ]


def _version_identifier(app: App) -> int:
    """The store's number of this version: nine digits, always the same for the same version."""
    return 100_000_000 + zlib.crc32(f"{app.identifier}/{app.version}".encode()) % 900_000_000
