"""What the database itself keeps true of devices, groups, heartbeats and settings."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from devices.models import DeviceGroup, DeviceSettings, Heartbeat
from tenants.models import Tenant
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory, seen


def refused(constraint: str, make: Any, **fields: Any) -> None:
    with pytest.raises(IntegrityError, match=re.escape(constraint)), transaction.atomic():
        make(**fields)


@pytest.mark.parametrize("name", ["serial", "udid"])
def test_a_serial_or_udid_is_taken_once_in_a_tenant(tenant: Tenant, other_tenant: Tenant, name: str) -> None:
    DeviceFactory(tenant=tenant, **{name: "F9F"})
    DeviceFactory(tenant=other_tenant, **{name: "F9F"})

    refused(f"device_{name}_once_per_tenant", DeviceFactory, tenant=tenant, **{name: "F9F"})


@pytest.mark.parametrize("name", ["serial", "udid"])
def test_many_devices_may_have_none(tenant: Tenant, name: str) -> None:
    for _ in range(2):
        DeviceFactory(tenant=tenant, **{name: ""})


def test_the_form_says_which_device_has_the_serial(tenant: Tenant) -> None:
    DeviceFactory(tenant=tenant, serial="F9F")
    device = DeviceFactory(tenant=tenant)
    device.serial = "F9F"

    with pytest.raises(ValidationError, match="Another device of this tenant has this serial."):
        device.full_clean()


@pytest.mark.parametrize("state", [30, 60, 110, 190])
def test_apple_devices_have_no_android_states(tenant: Tenant, state: int) -> None:
    AndroidFactory(tenant=tenant, state=state)

    refused("device_state_of_its_platform", DeviceFactory, tenant=tenant, state=state)


@pytest.mark.parametrize("state", [2, 21, 210])
def test_no_device_has_an_unknown_state(tenant: Tenant, state: int) -> None:
    refused("device_state_of_its_platform", AndroidFactory, tenant=tenant, state=state)


def test_platforms_and_percentages_are_what_they_say(tenant: Tenant) -> None:
    refused("device_platform_known", DeviceFactory, tenant=tenant, platform="LINUX")
    refused("device_battery_level_percent", DeviceFactory, tenant=tenant, battery_level=101)
    refused(
        "device_settings_brightness_percent",
        DeviceSettings.objects.create,
        device=DeviceFactory(tenant=tenant),
        brightness_scale=101,
    )


def test_a_group_is_named_once_below_its_parent(tenant: Tenant, other_tenant: Tenant) -> None:
    top = DeviceGroupFactory(tenant=tenant, name="shops")
    DeviceGroupFactory(tenant=tenant, name="shops", parent=top)
    DeviceGroupFactory(tenant=other_tenant, name="shops")

    refused("device_group_name_once_per_parent", DeviceGroupFactory, tenant=tenant, name="shops")
    refused("device_group_name_once_per_parent", DeviceGroupFactory, tenant=tenant, name="shops", parent=top)


def test_a_group_is_not_its_own_parent(tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)

    refused("device_group_not_its_own_parent", DeviceGroup.objects.filter(pk=group.pk).update, parent=group)


def test_a_device_has_one_heartbeat(tenant: Tenant) -> None:
    heartbeat = seen(DeviceFactory(tenant=tenant))

    refused("devices_heartbeat_pkey", Heartbeat.objects.create, device=heartbeat.device, tenant=tenant)
