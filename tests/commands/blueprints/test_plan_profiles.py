"""What a converge is to do: found by comparing a blueprint's version with the device."""

import pytest

from commands.blueprints.plan import Stage
from commands.blueprints.planning import plan_for
from devices.models import Device, DeviceProfile
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.devices import AndroidFactory, DeviceFactory

CAMERA = {"camera_settings": {"apply_policy": "ALWAYS APPLY", "allow_camera_access": False}}
OFFICE = {"wifi_network_id": "1f0e0d0c-0000-4000-8000-000000000001", "ssid": "Office", "password": "open sesame"}


@pytest.fixture
def device(tenant: Tenant) -> Device:
    return DeviceFactory(tenant=tenant, is_supervised=True)


def test_what_was_planned_and_installed_is_not_planned_again(tenant: Tenant, device: Device) -> None:
    blueprint = BlueprintFactory(tenant, ios={**CAMERA, "wifi_networks": [OFFICE]})
    version = blueprint.published_version
    assert version is not None

    plan = plan_for(device, version, provision=False)

    assert [(step.stage, step.part, step.command) for step in plan.steps] == [
        (Stage.PROFILES, "restrictions", "INSTALL_PROFILE"),
        (Stage.PROFILES, f"wifi:{OFFICE['wifi_network_id']}", "INSTALL_PROFILE"),
    ]
    assert "open sesame" not in str(plan)
    for step in plan.steps:
        DeviceProfile.objects.create(
            device=device, identifier="org.muster.blueprint." + step.part.replace(":", "."), uuid=step.fingerprint
        )
    assert plan_for(device, version, provision=False).steps == ()


def test_nothing_is_planned_for_android_yet(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=CAMERA)
    version = blueprint.published_version
    assert version is not None
    assert plan_for(AndroidFactory(tenant=tenant), version, provision=False).problem
