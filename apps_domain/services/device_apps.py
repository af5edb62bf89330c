"""What of our apps is on a device."""

import uuid

from django.db import transaction
from django.utils import timezone

from apps_domain.models import AppType, DeviceApp, StoreApp
from apps_domain.services.licences import release_licences
from devices.models import Device


@transaction.atomic
def record_installed_app(
    *,
    device: Device,
    app_type: str,
    app_id: uuid.UUID,
    app_version_id: uuid.UUID | None,
    bundle_id: str,
    version: str,
    app_config: bytes | None,
) -> DeviceApp:
    """The device has this app now. `app_config`: the property list that it was installed with."""
    now = timezone.now()
    told = {
        "tenant_id": device.tenant_id,
        "app_type": app_type,
        "app_id": app_id,
        "app_version_id": app_version_id,
        "version": version[:64],
        "app_config": app_config,
        "updated_at": now,
    }
    first = {**told, "created_at": now}
    row, _ = DeviceApp.objects.update_or_create(
        device=device, bundle_id=bundle_id, defaults=told, create_defaults=first
    )
    return row


def forget_device_app(device_id: uuid.UUID, bundle_id: str) -> None:
    DeviceApp.objects.filter(device_id=device_id, bundle_id=bundle_id).delete()


@transaction.atomic
def leave_device(device: Device) -> None:
    """It was erased or left the management, and our apps with it: its licences are free again."""
    if device.serial:
        release_licences(tenant_id=device.tenant_id, serial=device.serial)
    DeviceApp.objects.filter(device=device).delete()


def free_licence_of_app(*, device: Device, bundle_id: str, adam_id: str | None) -> None:
    """The device has this app no more. `adam_id`: Apple's id of it, if whoever removed it said so."""
    known = adam_id or _adam_id(device, bundle_id)
    if known and device.serial:
        release_licences(tenant_id=device.tenant_id, serial=device.serial, adam_id=known)


def _adam_id(device: Device, bundle_id: str) -> str | None:
    row = DeviceApp.objects.filter(device=device, bundle_id=bundle_id, app_type=AppType.VPP).first()
    apps = StoreApp.objects.filter(tenant_id=device.tenant_id)
    found = apps.filter(pk=row.app_id) if row is not None else apps.filter(bundle_id=bundle_id)
    return found.values_list("apple_app_id", flat=True).first()
