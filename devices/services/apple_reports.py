"""What Apple devices report about themselves, into our columns. Values are a device's: nothing in them is trusted.

Keys: https://developer.apple.com/documentation/devicemanagement/deviceinformationresponse/queryresponses
and https://developer.apple.com/documentation/devicemanagement/profilelistresponse
"""

import math
import uuid
from typing import Any

from django.db import transaction

from devices.models import Device, DeviceProfile
from devices.services.devices import record_settings
from devices.services.inventory import Told, note_told
from tenants.zones import zone_names

OS_OF_PRODUCT = (
    ("iPad", Device.Os.IPADOS),
    ("iPhone", Device.Os.IOS),
    ("iPod", Device.Os.IOS),
    ("AppleTV", Device.Os.TVOS),
    ("Mac", Device.Os.MACOS),
    ("iMac", Device.Os.MACOS),
)
GB = "GB"
MAX_PROFILES = 1000  # of one report
PROFILE_COLUMNS = [
    "uuid",
    "display_name",
    "organization",
    "description",
    "version",
    "is_encrypted",
    "has_removal_passcode",
    "removal_disallowed",
    "payloads",
    "updated_at",
]


def text(value: Any, limit: int = 255) -> str:
    """A device's word as text that fits; empty if it is no word."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\0", "")[:limit]


def number(value: Any) -> float | None:
    """Some clients send numbers as strings."""
    try:
        told = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return told if math.isfinite(told) else None


def flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def imei(value: Any) -> str:
    """Devices write it in groups of digits; people search for it without."""
    return text(value).replace(" ", "")


def os_of_product(product: str) -> str:
    return next((os.value for start, os in OS_OF_PRODUCT if product.startswith(start)), "")


def record_device_information(device: Device, answers: dict[str, Any]) -> None:
    """Takes what was answered; what was not stays as it was."""
    changes: dict[str, Any] = {
        "name": text(answers.get("DeviceName")),
        "os_version": text(answers.get("OSVersion"), 64),
        "os": os_of_product(text(answers.get("ProductName"))),
        "hardware_info": _merged(device.hardware_info, _hardware(answers)),
        "software_info": _merged(
            device.software_info,
            {"os_version": text(answers.get("OSVersion"), 64), "os_build_number": text(answers.get("BuildVersion"))},
        ),
        "network_info": _merged(device.network_info, _network(answers)),
        "memory_info": _merged(device.memory_info, _memory(answers)),
        "is_supervised": flag(answers.get("IsSupervised")),
        "battery_level": _percent(answers.get("BatteryLevel")),
        "time_zone": _zone(answers.get("TimeZone")),
    }
    changes = {name: value for name, value in changes.items() if value not in ("", None)}
    for name, value in changes.items():
        setattr(device, name, value)
    device.save(update_fields=[*changes, "updated_at"])
    note_told(device.pk, Told.INFORMATION)
    lost_mode = flag(answers.get("IsMDMLostModeEnabled"))
    if lost_mode is not None:
        record_settings(device.pk, lost_mode=lost_mode)


def _merged(stored: dict[str, Any], told: dict[str, str]) -> dict[str, Any]:
    return {**stored, **{key: value for key, value in told.items() if value}}


def _hardware(answers: dict[str, Any]) -> dict[str, str]:
    return {
        "brand": "Apple",
        "manufacturer": "Apple",
        "model": text(answers.get("ProductName")),
        "model_number": text(answers.get("Model")),
        "hardware": text(answers.get("ModelName")),
        "device_baseband_version": text(answers.get("ModemFirmwareVersion")),
    }


def _network(answers: dict[str, Any]) -> dict[str, str]:
    """Devices with several SIMs tell of them in ServiceSubscriptions, older ones in single keys."""
    lines = answers.get("ServiceSubscriptions")
    told = [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    first, second = [*told, {}, {}][:2]
    return {
        "imei1": imei(first.get("IMEI")) or imei(answers.get("IMEI")),
        "imei2": imei(second.get("IMEI")),
        "iccid1": text(first.get("ICCID")) or text(answers.get("ICCID")),
        "iccid2": text(second.get("ICCID")),
        "phone_number_1": text(first.get("PhoneNumber")) or text(answers.get("PhoneNumber")),
        "phone_number_2": text(second.get("PhoneNumber")),
        "wifi_mac_address": text(answers.get("WiFiMAC")),
        "ethernet_mac_address": text(answers.get("EthernetMAC")),
    }


def _memory(answers: dict[str, Any]) -> dict[str, str]:
    capacity = number(answers.get("DeviceCapacity"))
    return {"total_internal_storage": f"{capacity:g}", "units": GB} if capacity else {}


def _percent(value: Any) -> int | None:
    """Apple's battery level is 0 to 1, and -1 when unknown."""
    level = number(value)
    return round(level * 100) if level is not None and 0 <= level <= 1 else None


def _zone(value: Any) -> str:
    """The name of a zone that is known here; windows in device time are computed with it."""
    name = text(value)
    return name if name in zone_names() else ""


@transaction.atomic
def record_profile_list(device_id: uuid.UUID, profiles: list[Any], *, managed_only: bool) -> None:
    """The device's profiles are now these (or, of a managed-only list, its managed ones are).

    A supervised device does not say which ones are managed: those that we installed stay marked.
    """
    told = {
        text(profile.get("PayloadIdentifier")): profile
        for profile in profiles[:MAX_PROFILES]
        if isinstance(profile, dict) and text(profile.get("PayloadIdentifier"))
    }
    gone = DeviceProfile.objects.filter(device_id=device_id).exclude(identifier__in=told)
    (gone.filter(is_managed=True) if managed_only else gone).delete()
    if not managed_only:
        note_told(device_id, Told.PROFILES)
    marked: list[DeviceProfile] = []
    unmarked: list[DeviceProfile] = []
    for identifier, profile in told.items():
        managed = True if managed_only else flag(profile.get("IsManaged"))
        row = DeviceProfile(device_id=device_id, identifier=identifier, is_managed=bool(managed), **_profile(profile))
        (unmarked if managed is None else marked).append(row)
    _upsert(marked, [*PROFILE_COLUMNS, "is_managed"])
    _upsert(unmarked, PROFILE_COLUMNS)


def _upsert(rows: list[DeviceProfile], columns: list[str]) -> None:
    DeviceProfile.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["device", "identifier"], update_fields=columns
    )


def record_installed_profile(device_id: uuid.UUID, profile: dict[str, Any]) -> None:
    note_told(device_id, Told.CHANGES)
    DeviceProfile.objects.update_or_create(
        device_id=device_id,
        identifier=text(profile.get("PayloadIdentifier")),
        defaults={**_profile(profile), "is_managed": True},
    )


def forget_profile(device_id: uuid.UUID, identifier: str) -> None:
    note_told(device_id, Told.CHANGES)
    DeviceProfile.objects.filter(device_id=device_id, identifier=identifier).delete()


def _profile(profile: dict[str, Any]) -> dict[str, Any]:
    version = number(profile.get("PayloadVersion"))
    return {
        "uuid": text(profile.get("PayloadUUID"), 128),
        "display_name": text(profile.get("PayloadDisplayName")),
        "organization": text(profile.get("PayloadOrganization")),
        "description": text(profile.get("PayloadDescription"), 5000),
        "version": int(version) if version is not None and abs(version) < 2**31 else None,
        "is_encrypted": bool(flag(profile.get("IsEncrypted"))),
        "has_removal_passcode": bool(flag(profile.get("HasRemovalPasscode"))),
        "removal_disallowed": bool(flag(profile.get("PayloadRemovalDisallowed"))),
        "payloads": _payloads(profile.get("PayloadContent")),
    }


def _payloads(content: Any) -> list[dict[str, str]]:
    """Of each payload what it is called; never what is in it."""
    payloads = [item for item in content if isinstance(item, dict)] if isinstance(content, list) else []
    return [
        {
            "type": text(item.get("PayloadType")),
            "identifier": text(item.get("PayloadIdentifier")),
            "display_name": text(item.get("PayloadDisplayName")),
        }
        for item in payloads[:100]
    ]
