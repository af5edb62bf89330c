"""The console's pages about drift: the fleet at a glance, and devices that are not as their blueprints say."""

from typing import Any

from commands.admin.blueprint_standing import NONE, UNSEEN
from commands.admin.fleet_drift import fleet_standings, frequent_settings
from devices.models import Blueprint, Device, DriftReport
from tenants.models import Role, Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.console import member
from tests.factories.devices import DeviceFactory, DeviceGroupFactory

DRIFT = "/admin/devices/driftreport/"
CAMERA, SIRI = "camera_settings.allow_camera_access", "siri_settings.allow_siri"


def drifted(blueprint: Blueprint, *settings: str, **fields: Any) -> Device:
    """A device that was compared and found to differ in these."""
    version = blueprint.published_version
    told = {"tenant": blueprint.tenant, "assigned_blueprint": blueprint, "current_blueprint_version": version}
    device = DeviceFactory(**{**told, **fields})
    found = [{"setting": each, "part": "p", "wanted": False, "found": True, "reason": ""} for each in settings]
    assert version is not None
    DriftReport.objects.create(
        device=device, tenant=blueprint.tenant, blueprint_version=version, differences=found, count=len(found)
    )
    return device


def test_counts_how_the_fleet_stands(tenant: Tenant, other_tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    group = DeviceGroupFactory(tenant=tenant, blueprint=blueprint, effective_blueprint=blueprint)
    drifted(blueprint)
    drifted(blueprint, CAMERA, assigned_blueprint=None, group=group)
    drifted(blueprint, current_blueprint_version=None)
    DeviceFactory(tenant=tenant, group=group, converge_status="OPEN")
    DeviceFactory(tenant=tenant, group=group, converge_status="FAILED")
    DeviceFactory(tenant=tenant, group=group)
    DeviceFactory(tenant=tenant)
    DeviceFactory(tenant=other_tenant)

    assert fleet_standings([tenant.pk]) == {
        "right": 1,
        "differs": 1,
        "behind": 1,
        "converging": 1,
        "failed": 1,
        UNSEEN: 1,
        NONE: 1,
    }


def test_an_own_blueprint_without_a_version_is_not_taken_for_the_groups(tenant: Tenant) -> None:
    published = BlueprintFactory(tenant, name="Published")
    group = DeviceGroupFactory(tenant=tenant, blueprint=published, effective_blueprint=published)
    drifted(published, assigned_blueprint=BlueprintFactory(tenant, name="Draft", publish=False), group=group)

    assert fleet_standings([tenant.pk]) == {"behind": 1}


def test_names_the_settings_that_differ_most_often(tenant: Tenant, other_tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    drifted(blueprint, CAMERA, SIRI)
    drifted(blueprint, SIRI)
    drifted(BlueprintFactory(other_tenant), CAMERA)

    found = [(row["title"], row["devices"]) for row in frequent_settings([tenant.pk])]

    assert found == [("Siri: allow Siri", 2), ("Camera: allow camera access", 1)]


def test_lists_what_differs_most_first_and_leaves_the_rest_out(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    one, two = drifted(blueprint, SIRI, name="Phone 1"), drifted(blueprint, SIRI, CAMERA, name="Phone 2")
    drifted(blueprint, name="Phone 3")

    answer = member(tenant, Role.VIEWER).get(DRIFT)

    assert [row.device for row in answer.context["cl"].result_list] == [two, one]
    assert "Settings that differ most often" in answer.content.decode()


def test_finds_devices_that_differ_in_a_setting(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    drifted(blueprint, SIRI)
    wanted = drifted(blueprint, CAMERA)

    answer = member(tenant).get(DRIFT, {"setting": CAMERA})

    assert [row.device for row in answer.context["cl"].result_list] == [wanted]


def test_shows_a_devices_differences_field_by_field(tenant: Tenant) -> None:
    device = drifted(BlueprintFactory(tenant), CAMERA)

    content = member(tenant, Role.VIEWER).get(f"{DRIFT}{device.pk}/change/").content.decode()

    assert "Camera: allow camera access" in content
    assert CAMERA in content


def test_devices_are_found_by_their_standing_and_blueprint(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    drifted(blueprint, CAMERA, name="Phone 1")
    drifted(blueprint, name="Phone 2")
    DeviceFactory(tenant=tenant, name="Phone 3")
    client = member(tenant)

    def found(**query: str) -> set[str]:
        rows = client.get("/admin/devices/device/", query).context["cl"].result_list
        return {row.name for row in rows}

    assert found(standing="differs") == {"Phone 1"}
    assert found(standing=NONE) == {"Phone 3"}
    assert found(blueprint=str(blueprint.pk)) == {"Phone 1", "Phone 2"}
    assert found(blueprint=str(blueprint.pk), standing="right") == {"Phone 2"}


def test_the_overview_shows_the_fleet_of_the_user(tenant: Tenant, other_tenant: Tenant) -> None:
    drifted(BlueprintFactory(tenant), CAMERA)
    drifted(BlueprintFactory(other_tenant), CAMERA)

    fleet = member(tenant, Role.VIEWER).get("/admin/").context["fleet"]

    assert [(piece["words"], piece["count"]) for piece in fleet["pieces"]] == [("differing", 1)]
