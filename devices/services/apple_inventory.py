"""What Apple devices report to have on them: apps, security, and what they lose with their management.

https://developer.apple.com/documentation/devicemanagement/installedapplicationlistresponse and securityinforesponse.
"""

import math
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from devices.models import Device, DeviceProfile, DeviceSettings, InstalledApp
from devices.services.apple_reports import number, text
from devices.services.inventory import Told, forget_blueprint, note_told

MAX_APPS = 10_000  # a Mac reports some thousand
MAX_SECURITY_KEYS = 100
BATCH = 1000


@transaction.atomic
def record_installed_apps(device_id: uuid.UUID, apps: list[Any]) -> None:
    """The device's apps are now these; one without an identifier, as some on Macs, cannot be told from others."""
    note_told(device_id, Told.APPS)
    told = {app.identifier: app for entry in apps[:MAX_APPS] if (app := _app(device_id, entry)) is not None}
    InstalledApp.objects.filter(device_id=device_id).exclude(identifier__in=told).delete()
    InstalledApp.objects.bulk_create(
        told.values(),
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["device", "identifier"],
        update_fields=["name", "version", "short_version", "bundle_size", "updated_at"],
    )


def record_managed_app(device_id: uuid.UUID, entry: dict[str, Any]) -> None:
    """One app of the list, which this server has just installed."""
    app = _app(device_id, entry)
    if app is None:
        return
    app.is_managed = True
    note_told(device_id, Told.CHANGES)
    InstalledApp.objects.bulk_create(
        [app],
        update_conflicts=True,
        unique_fields=["device", "identifier"],
        update_fields=["name", "version", "short_version", "bundle_size", "is_managed", "updated_at"],
    )


def _app(device_id: uuid.UUID, entry: Any) -> InstalledApp | None:
    if not isinstance(entry, dict) or not text(entry.get("Identifier")):
        return None
    size = number(entry.get("BundleSize"))
    return InstalledApp(
        device_id=device_id,
        identifier=text(entry.get("Identifier")),
        name=text(entry.get("Name")),
        version=text(entry.get("Version"), 64),
        short_version=text(entry.get("ShortVersion"), 64),
        bundle_size=int(size) if size is not None and 0 <= size < 2**63 else None,
        updated_at=timezone.now(),
    )


def record_managed_apps(device_id: uuid.UUID, apps: dict[Any, Any]) -> None:
    """Which of the device's apps this server manages: a dictionary by identifier, of those that were ever to be.

    https://developer.apple.com/documentation/devicemanagement/managedapplicationlistresponse
    """
    note_told(device_id, Told.CHANGES)
    managed = [text(name) for name, told in list(apps.items())[:MAX_APPS] if _is_managed(told)]
    rows = InstalledApp.objects.filter(device_id=device_id)
    rows.exclude(identifier__in=managed).filter(is_managed=True).update(is_managed=False)
    rows.filter(identifier__in=managed, is_managed=False).update(is_managed=True)


def _is_managed(told: Any) -> bool:
    return isinstance(told, dict) and told.get("Status") == "Managed"


def forget_app(device_id: uuid.UUID, identifier: str) -> None:
    note_told(device_id, Told.CHANGES)
    InstalledApp.objects.filter(device_id=device_id, identifier=identifier).delete()


def record_security_info(device_id: uuid.UUID, told: dict[str, Any]) -> None:
    """Yes, no, numbers and words; keys that are escrowed in it are not taken along."""
    kept = _plain(told, depth=2)
    Device.objects.filter(pk=device_id).update(security_info=kept, updated_at=timezone.now())


def _plain(told: dict[str, Any], depth: int) -> dict[str, Any]:
    plain = {text(key, 100): _value(value, depth) for key, value in list(told.items())[:MAX_SECURITY_KEYS]}
    return {key: value for key, value in plain.items() if value is not None}


def _value(value: Any, depth: int) -> Any:
    """None for what is left out: data, dates, lists of dictionaries, what is nested too deeply."""
    if isinstance(value, dict):
        return _plain(value, depth - 1) if depth else None
    if isinstance(value, list):
        words = [text(item) for item in value[:MAX_SECURITY_KEYS] if isinstance(item, str)]
        return words or None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bool | int | float):
        return value
    return text(value) if isinstance(value, str) else None


def has_payload(device_id: uuid.UUID, kind: str) -> bool | None:
    """Whether one of its profiles holds a payload of this type; None while its profiles are not known."""
    profiles = DeviceProfile.objects.filter(device_id=device_id)
    if profiles.filter(payloads__contains=[{"type": kind}]).exists():
        return True
    return False if profiles.exists() else None


def forget_managed(device_id: uuid.UUID) -> None:
    """What left the device with its management: our profiles and apps, its blueprint, and lost mode."""
    forget_blueprint(device_id)
    DeviceProfile.objects.filter(device_id=device_id, is_managed=True).delete()
    InstalledApp.objects.filter(device_id=device_id, is_managed=True).delete()
    DeviceSettings.objects.filter(device_id=device_id, lost_mode__isnull=False).update(lost_mode=None)


def forget_everything(device_id: uuid.UUID) -> None:
    """What an erased device has no more."""
    forget_blueprint(device_id)
    DeviceProfile.objects.filter(device_id=device_id).delete()
    InstalledApp.objects.filter(device_id=device_id).delete()
    DeviceSettings.objects.filter(device_id=device_id).delete()
    Device.objects.filter(pk=device_id).update(security_info={}, time_zone="")
