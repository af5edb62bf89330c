"""Devices, groups, heartbeats."""

import datetime as dt
import uuid

import factory
from django.utils import timezone

from devices.models import Device, DeviceGroup, DeviceState, Heartbeat, Platform
from tests.factories.tenants import TenantFactory


class DeviceGroupFactory(factory.django.DjangoModelFactory[DeviceGroup]):
    class Meta:
        model = DeviceGroup

    tenant = factory.SubFactory(TenantFactory)
    name = factory.Sequence(lambda number: f"Group {number}")


class DeviceFactory(factory.django.DjangoModelFactory[Device]):
    """An active iPhone. `AndroidFactory` is an Android phone."""

    class Meta:
        model = Device

    tenant = factory.SubFactory(TenantFactory)
    platform = Platform.APPLE
    os = "iOS"
    os_version = "18.1"
    state = DeviceState.ACTIVE
    name = factory.Sequence(lambda number: f"Device {number}")
    serial = factory.Sequence(lambda number: f"SERIAL{number:06}")
    udid = factory.LazyFunction(lambda: str(uuid.uuid4()).upper())
    device_source = Device.Source.NON_ABM


class AndroidFactory(DeviceFactory):
    platform = Platform.ANDROID
    os = "Android"
    os_version = "14"
    udid = ""
    device_source = ""


def seen(device: Device, ago: dt.timedelta = dt.timedelta()) -> Heartbeat:
    """The device was last seen this long ago."""
    return Heartbeat.objects.update_or_create(
        device=device, defaults={"tenant": device.tenant, "last_seen": timezone.now() - ago}
    )[0]
