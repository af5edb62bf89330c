"""Updates of the system: what a blueprint says of them, as declarations for one device.

https://developer.apple.com/documentation/devicemanagement/softwareupdateenforcementspecific
https://developer.apple.com/documentation/devicemanagement/softwareupdatesettings
https://github.com/apple/device-management/tree/release/declarative (versions, supervision, the status items)
"""

from collections.abc import Mapping
from typing import Any

from commands.apple.declarations import Declaration
from devices.models import Device
from devices.versions import is_older

PREFIX = "org.muster.blueprint."
ENFORCEMENT = "com.apple.configuration.softwareupdate.enforcement.specific"
SETTINGS = "com.apple.configuration.softwareupdate.settings"
SUBSCRIPTIONS = "com.apple.configuration.management.status-subscriptions"
ENFORCED_SINCE: Mapping[str, str] = {
    Device.Os.IOS: "17",
    Device.Os.IPADOS: "17",
    Device.Os.MACOS: "14",
    Device.Os.TVOS: "18.4",
}
DEFERRED_SINCE: Mapping[str, str] = {
    Device.Os.IOS: "18",
    Device.Os.IPADOS: "18",
    Device.Os.MACOS: "15",
    Device.Os.TVOS: "18.4",
}
SETTING_OF = {  # which group of the settings a declaration comes from
    f"{PREFIX}os-update": "os_update_settings",
    f"{PREFIX}os-status": "os_update_settings",
    f"{PREFIX}os-deferral": "defer_os_updates",
}
STATUS_ITEMS = (  # what a device reports only when it is asked to
    "device.operating-system.build-version",
    "device.operating-system.version",
    "softwareupdate.failure-reason",
    "softwareupdate.install-state",
    "softwareupdate.pending-version",
)
PERIOD = ("CombinedPeriodInDays",)
PERIODS_OF_MACS = ("MajorPeriodInDays", "MinorPeriodInDays", "SystemPeriodInDays")


def os_update_declarations(settings: dict[str, Any], device: Device) -> tuple[Declaration, ...]:
    """Of a blueprint's settings for iOS, the secret ones opened and without the groups that do not apply.

    What the device cannot be given is left out; `os_update_refusals` says why.
    """
    enforcement = settings.get("os_update_settings")
    deferral = settings.get("defer_os_updates")
    made: list[Declaration] = []
    if enforcement and not _why_not_enforced(device):
        made += [_enforcement(enforcement), _subscriptions()]
    if deferral and deferral.get("defer_os_updates_delay") and not _why_not_deferred(device):
        made.append(_deferral(deferral["defer_os_updates_delay"], device))
    return tuple(made)


def os_update_refusals(settings: dict[str, Any], device: Device) -> list[tuple[str, str]]:
    """The groups of the settings that cannot be carried to this device, and why."""
    deferral = settings.get("defer_os_updates") or {}
    deferred = deferral.get("defer_os_updates_delay") and not deferral_restrictions(settings, device)
    asked = {
        "os_update_settings": _why_not_enforced(device) if settings.get("os_update_settings") else "",
        "defer_os_updates": _why_not_deferred(device) if deferred else "",
    }
    return [(group, reason) for group, reason in asked.items() if reason]


def deferral_restrictions(settings: dict[str, Any], device: Device) -> dict[str, Any]:
    """The deferral as restrictions, for supervised devices whose system is too old for the declaration; else empty."""
    delay = (settings.get("defer_os_updates") or {}).get("defer_os_updates_delay")
    if not delay or not _why_too_old(device, DEFERRED_SINCE) or device.is_supervised is False:
        return {}
    return {"forceDelayedSoftwareUpdates": True, "enforcedSoftwareUpdateDelay": delay}


def _enforcement(told: dict[str, Any]) -> Declaration:
    payload = {
        "TargetOSVersion": told["target_os_version"],
        "TargetBuildVersion": told.get("target_build_version"),
        "TargetLocalDateTime": told["target_local_datetime"],
        "DetailsURL": told.get("details_url"),
    }
    return Declaration(f"{PREFIX}os-update", ENFORCEMENT, {key: value for key, value in payload.items() if value})


def _deferral(days: int, device: Device) -> Declaration:
    periods = PERIODS_OF_MACS if device.os == Device.Os.MACOS else PERIOD
    return Declaration(f"{PREFIX}os-deferral", SETTINGS, {"Deferrals": dict.fromkeys(periods, days)})


def _subscriptions() -> Declaration:
    return Declaration(f"{PREFIX}os-status", SUBSCRIPTIONS, {"StatusItems": [{"Name": name} for name in STATUS_ITEMS]})


def _why_not_enforced(device: Device) -> str:
    if device.os == Device.Os.MACOS and device.is_supervised is False:
        return "Updates can be enforced on supervised Macs only, and this one is not supervised."
    return _why_too_old(device, ENFORCED_SINCE)


def _why_not_deferred(device: Device) -> str:
    if device.is_supervised is False:
        return "Updates can be deferred on supervised devices only, and this one is not supervised."
    return _why_too_old(device, DEFERRED_SINCE)


def _why_too_old(device: Device, since: Mapping[str, str]) -> str:
    """Empty for a device that has not told its system yet: nothing is known against it."""
    lowest = since.get(device.os)
    if lowest is None or not is_older(device.os_version, lowest):
        return ""
    return f"This takes {device.os} {lowest} or newer, and the device has {device.os_version}."
