"""When a device told what it has, and what is forgotten when it leaves."""

import datetime as dt
import uuid

import pytest
import time_machine
from django.utils import timezone

from commands.services.removal import remove_device
from devices.models import AppliedSetting, Device, DeviceInventory, DriftReport
from devices.services.apple_inventory import forget_everything, forget_managed, record_installed_apps
from devices.services.apple_reports import record_device_information, record_profile_list
from devices.services.inventory import note_asked
from tenants.actors import SYSTEM
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.devices import DeviceFactory

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def told(device: Device) -> set[str]:
    row = DeviceInventory.objects.get(device=device)
    return {name for name in ("information_at", "profiles_at", "apps_at", "asked_at") if getattr(row, name) == NOW}


def test_each_answer_is_dated(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    with time_machine.travel(NOW, tick=False):
        record_device_information(device, {"OSVersion": "18.1"})
        assert told(device) == {"information_at"}
        record_installed_apps(device.pk, [])
        record_profile_list(device.pk, [], managed_only=False)
        assert told(device) == {"information_at", "profiles_at", "apps_at"}
        note_asked([device.pk])
        assert told(device) == {"information_at", "profiles_at", "apps_at", "asked_at"}


def test_a_list_of_managed_profiles_alone_is_not_the_whole(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)

    record_profile_list(device.pk, [], managed_only=True)

    assert not DeviceInventory.objects.exists()


def in_force(device: Device) -> Device:
    """As after a converge."""
    blueprint = BlueprintFactory(device.tenant, name=uuid.uuid4().hex)
    version = blueprint.published_version
    assert version is not None
    Device.objects.filter(pk=device.pk).update(
        assigned_blueprint=blueprint, current_blueprint=blueprint, current_blueprint_version=version
    )
    DeviceInventory.objects.create(device=device, apps_at=timezone.now())
    DriftReport.objects.create(device=device, tenant=device.tenant, blueprint_version=version)
    AppliedSetting.objects.create(device=device, part="wallpaper", fingerprint="1")
    return device


@pytest.mark.parametrize(
    "leave",
    [
        lambda device: forget_managed(device.pk),
        lambda device: forget_everything(device.pk),
        lambda device: remove_device(device=device, actor=SYSTEM),
    ],
    ids=["unenrolled", "erased", "removed"],
)
def test_no_blueprint_is_in_force_on_a_device_that_left(tenant: Tenant, leave: object) -> None:
    device, stays = in_force(DeviceFactory(tenant=tenant)), in_force(DeviceFactory(tenant=tenant))

    leave(device)  # type: ignore[operator]

    device.refresh_from_db()
    assert (device.current_blueprint, device.current_blueprint_version) == (None, None)
    assert device.assigned_blueprint is not None
    for model in (AppliedSetting, DriftReport, DeviceInventory):
        assert [row.device_id for row in model._default_manager.all()] == [stays.pk]
