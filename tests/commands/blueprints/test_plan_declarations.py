"""What a plan says of a device's declarations, before and after the device has said what it makes of them."""

from typing import Any

import pytest

from commands.blueprints.os_updates import ENFORCEMENT
from commands.blueprints.plan import Plan
from commands.blueprints.planning import plan_for
from commands.catalogue import CATALOGUE, Delivery
from commands.models import AppleDeclarations
from devices.models import AppliedSetting, Blueprint, Device
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory, add_version
from tests.factories.devices import DeviceFactory

UPDATE: dict[str, Any] = {
    "apply_policy": "ALWAYS APPLY",
    "target_os_version": "18.4",
    "target_local_datetime": "2026-12-01T20:00:00",
}


@pytest.fixture
def blueprint(tenant: Tenant) -> Blueprint:
    return BlueprintFactory(tenant, ios={"os_update_settings": UPDATE})


@pytest.fixture
def device(tenant: Tenant) -> Device:
    return DeviceFactory(tenant=tenant, is_supervised=True)


def planned(device: Device, blueprint: Blueprint) -> Plan:
    assert blueprint.published_version is not None
    return plan_for(
        Device.objects.select_related("tenant").get(pk=device.pk), blueprint.published_version, provision=False
    )


def carried_out(device: Device, blueprint: Blueprint) -> dict[str, Any]:
    """The one step of the plan is delivered, and confirmed."""
    (step,) = planned(device, blueprint).steps
    told = CATALOGUE[step.command].apple(Delivery(device.pk, step.args))
    AppliedSetting.objects.update_or_create(
        device=device, part=step.part, defaults={"fingerprint": step.fingerprint, "details": step.details}
    )
    assert told is not None
    return told


def test_a_set_is_told_once(device: Device, blueprint: Blueprint, other_tenant: Tenant) -> None:
    other = DeviceFactory(tenant=other_tenant, is_supervised=True)

    assert carried_out(device, blueprint)["RequestType"] == "DeclarativeManagement"

    assert planned(device, blueprint) == Plan()
    assert list(AppleDeclarations.objects.values_list("device", flat=True)) == [device.pk]
    assert not AppliedSetting.objects.filter(device=other).exists()


def test_a_set_that_is_wanted_no_more_is_emptied(device: Device, blueprint: Blueprint) -> None:
    carried_out(device, blueprint)
    add_version(blueprint, ios={})

    carried_out(device, blueprint)

    assert AppleDeclarations.objects.get().declarations == []
    assert planned(device, blueprint) == Plan()


def test_what_the_device_refuses_is_a_difference_without_a_step(device: Device, blueprint: Blueprint) -> None:
    carried_out(device, blueprint)
    row = AppleDeclarations.objects.get()
    (refused,) = (each for each in row.declarations if each["Type"] == ENFORCEMENT)
    entry = {"identifier": refused["Identifier"], "server-token": refused["ServerToken"], "valid": "invalid"}
    row.status = {"management.declarations": {"configurations": [{**entry, "active": False, "reasons": ["No (E.No)"]}]}}
    row.save(update_fields=["status"])

    plan = planned(device, blueprint)

    assert plan.steps == ()
    (told,) = plan.differences
    assert (told.setting, told.reason) == ("os_update_settings", "The declaration was refused by the device: No (E.No)")
    assert told.is_drift


def test_a_set_that_was_told_but_not_confirmed_is_told_again(device: Device, blueprint: Blueprint) -> None:
    (step,) = planned(device, blueprint).steps
    CATALOGUE[step.command].apple(Delivery(device.pk, step.args))

    assert [step.part for step in planned(device, blueprint).steps] == ["declarations"]
