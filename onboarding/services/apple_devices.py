"""The device behind an enrolling Apple client: found, or made."""

from typing import Any

from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone

from devices.models import Device, DeviceGroup, DeviceState, Heartbeat, Platform
from devices.services.apple_reports import imei, os_of_product, text
from devices.services.devices import generated_name
from onboarding.apple.messages import EnrolmentIds, MalformedMessageError
from onboarding.services.seamless.matching import apply_registration, hold_registrations
from tenants.models import Tenant


def enrolling_device(
    *,
    tenant: Tenant,
    ids: EnrolmentIds,
    message: dict[str, Any],
    group: DeviceGroup | None,
    source: Device.Source = Device.Source.NON_ABM,
) -> Device:
    """The tenant's device with this serial or UDID, else a new one; with what Authenticate tells about it.

    What was registered for it wins over the link's group.
    """
    hold_registrations(tenant.pk)
    serial = text(message.get("SerialNumber"), 128)
    if serial and Device.objects.filter(tenant=tenant, serial=serial).exclude(platform=Platform.APPLE).exists():
        raise MalformedMessageError("the SerialNumber is that of a device of another platform")
    device = _known(tenant, ids, serial) or _new(tenant, ids, serial, source)
    _take_over_ids(device, ids, serial)
    _describe(device, message)
    device.state = DeviceState.ONBOARDING_IN_PROGRESS
    device.onboarded_on = timezone.now()
    device.updated_by = "enrolment"
    if device.group is None:
        device.group = group
    device.save()
    apply_registration(device)
    Heartbeat.objects.update_or_create(device=device, defaults={"tenant": tenant, "last_seen": timezone.now()})
    return device


def _known(tenant: Tenant, ids: EnrolmentIds, serial: str) -> Device | None:
    """By serial first: it stays with the device; a UDID may change with its main board."""
    by_id = Q(udid_upper=ids.device.upper()) if ids.is_udid else Q(enrolment_id=ids.device)
    rows = (
        Device.objects.select_for_update(of=("self",), no_key=True)
        .filter(tenant=tenant, platform=Platform.APPLE)
        .alias(udid_upper=Upper("udid"))
    )
    written = {serial, serial.upper()}  # as Apple's list has it
    return (rows.filter(serial__in=written).first() if serial else None) or rows.filter(by_id).first()


def _new(tenant: Tenant, ids: EnrolmentIds, serial: str, source: Device.Source) -> Device:
    """Apple's list may be telling of it just now: then that row is the one."""
    device = Device(tenant=tenant, platform=Platform.APPLE, device_source=source, serial=serial, created_by="enrolment")
    Device.objects.bulk_create([device], ignore_conflicts=True)
    return _known(tenant, ids, serial) or device


def _take_over_ids(device: Device, ids: EnrolmentIds, serial: str) -> None:
    if serial and serial.upper() != device.serial.upper():
        device.serial = serial
    if ids.is_udid:
        others = Device.objects.filter(tenant_id=device.tenant_id, udid__iexact=ids.device).exclude(pk=device.pk)
        others.update(udid="")  # the board is in this device now
        device.udid = ids.device
    device.enrolment_id = "" if ids.is_udid else ids.device


def _describe(device: Device, message: dict[str, Any]) -> None:
    product = text(message.get("ProductName"))
    device.name = text(message.get("DeviceName")) or device.name or generated_name(device.pk)
    device.os = os_of_product(product) or device.os or Device.Os.IOS
    device.os_version = text(message.get("OSVersion"), 64) or device.os_version
    told = {"model": product, "model_number": text(message.get("Model")), "hardware": text(message.get("ModelName"))}
    device.hardware_info = {
        **device.hardware_info,
        "brand": "Apple",
        "manufacturer": "Apple",
        **{key: value for key, value in told.items() if value},
    }
    build = text(message.get("BuildVersion"))
    if build:
        device.software_info = {**device.software_info, "os_build_number": build}
    told_imei = imei(message.get("IMEI"))
    if told_imei:
        device.network_info = {**device.network_info, "imei1": told_imei}
