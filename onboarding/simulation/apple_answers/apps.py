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
from onboarding.simulation.apple_state import App, DeviceState

# Before, the system's own apps are neither listed nor removable, and only managed apps can be removed.
_SYSTEM_APPS_COUNT: dict[OsFamily, str] = {"iOS": "26.0", "iPadOS": "26.0", "tvOS": "26.0"}
_SYSTEM_APPS_LISTED: dict[OsFamily, str] = {**_SYSTEM_APPS_COUNT, "macOS": "10.7"}
_CAN_CHOOSE_ITEMS: dict[OsFamily, str] = {"iOS": "14.0", "iPadOS": "14.0", "tvOS": "14.0"}


def answer_installed_application_list(command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
    wanted = optional(command, "Identifiers", list, [])
    managed_only = optional(command, "ManagedAppsOnly", bool, False)
    items = optional(command, "Items", list, []) if hardware.runs(_CAN_CHOOSE_ITEMS) else []
    entries = [
        _installed_entry(app, hardware)
        for app in state.apps
        if app.is_installed
        and (app.is_managed or not managed_only)
        and (not app.is_system or hardware.runs(_SYSTEM_APPS_LISTED))
        and (not wanted or app.identifier in wanted)
    ]
    if items:
        entries = [{key: entry[key] for key in entry if key in items or key == "Identifier"} for entry in entries]
    return Answer(fields={"InstalledApplicationList": entries})


def answer_managed_application_list(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    """A dictionary by bundle identifier, not a list."""
    wanted = optional(command, "Identifiers", list, [])
    managed = [app for app in state.apps if app.is_managed and (not wanted or app.identifier in wanted)]
    return Answer(fields={"ManagedApplicationList": {app.identifier: _managed_entry(app) for app in managed}})


def answer_remove_application(command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
    """Managed apps; since iOS 26 a supervised device lets go of any.

    The words are those of iOS. That the code is 12029 is a plausible choice: Apple documents 12029 and 12038 alike as
    "App not managed".
    """
    identifier = required(command, "Identifier", str)
    app = state.app(identifier)
    any_goes = state.is_supervised and hardware.runs(_SYSTEM_APPS_COUNT)
    if app is None or not (app.is_managed or any_goes):
        return error_answer("MCMDMErrorDomain", 12029, f"The app “{identifier}” is not managed.")
    state.apps.remove(app)
    return Answer()


def _installed_entry(app: App, hardware: Hardware) -> dict[str, Any]:
    """Sizes in bytes. A Mac knows less of its apps."""
    entry: dict[str, Any] = {
        "Identifier": app.identifier,
        "Name": app.name,
        "Version": app.build or app.version,
        "ShortVersion": app.version,
        "BundleSize": app.size,
        "Installing": False,
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
        "DeviceBasedVPP": app.is_managed,
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


def _version_identifier(app: App) -> int:
    """The store's number of this version: nine digits, always the same for the same version."""
    return 100_000_000 + zlib.crc32(f"{app.identifier}/{app.version}".encode()) % 900_000_000
