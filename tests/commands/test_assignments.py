"""POST and DELETE /api/v2/blueprints/{id}/assignments"""

import uuid
from typing import Any

import pytest
from django.db.models import QuerySet

from commands.models import Converge
from devices.models import Blueprint, Device, DeviceGroup
from tenants.models import AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory
from tests.factories.devices import DeviceFactory, DeviceGroupFactory

UNKNOWN = "742e0767-3a80-48e0-a718-e86f5ad0cab9"


def change(api: ApiClient, method: str, blueprint: Blueprint, devices: Any = (), groups: Any = ()) -> Any:
    body = {"device_ids": [str(each.pk) for each in devices], "group_ids": [str(each.pk) for each in groups]}
    return api.request(method, f"/api/v2/blueprints/{blueprint.pk}/assignments", body)


def events() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(action__in=["blueprint.assigned", "blueprint.withdrawn"])


def own(*rows: Device | DeviceGroup) -> list[Blueprint | None]:
    """What they have as their own now."""
    told = []
    for row in rows:
        row.refresh_from_db()
        told.append(row.assigned_blueprint if isinstance(row, Device) else row.blueprint)
    return told


def test_devices_and_groups_are_given_a_blueprint(api: ApiClient, tenant: Tenant) -> None:
    blueprint, other = BlueprintFactory(tenant, name="New"), BlueprintFactory(tenant, name="Old")
    devices = [DeviceFactory(tenant=tenant), DeviceFactory(tenant=tenant, assigned_blueprint=other)]
    group = DeviceGroupFactory(tenant=tenant, blueprint=other)
    below = DeviceGroupFactory(tenant=tenant, parent=group)

    response = change(api, "post", blueprint, devices, [group])

    ids, group_ids = [str(device.pk) for device in devices], [str(group.pk)]
    assert response.status_code == 200
    assert response.json()["content"] == {
        "blueprint_id": str(blueprint.pk),
        "device_ids": ids,
        "group_ids": group_ids,
        "changed_device_ids": ids,
        "changed_group_ids": group_ids,
    }
    assert own(*devices, group, below) == [blueprint, blueprint, blueprint, None]
    assert DeviceGroup.objects.get(pk=below.pk).effective_blueprint == blueprint
    assert Device.objects.get(pk=devices[0].pk).updated_by == "caller-1"
    event = events().get()
    assert (event.action, event.object_id) == ("blueprint.assigned", str(blueprint.pk))
    assert event.details == {"devices": sorted(ids), "groups": group_ids}


def test_assigning_sends_nothing(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    devices = [DeviceFactory(tenant=tenant), DeviceFactory(tenant=tenant, group=group)]

    change(api, "post", BlueprintFactory(tenant), devices, [group])

    assert not Converge.objects.exists()


def test_assigning_again_changes_nothing(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    device, group = DeviceFactory(tenant=tenant), DeviceGroupFactory(tenant=tenant)
    change(api, "post", blueprint, [device], [group])
    written = Device.objects.get(pk=device.pk).updated_at

    content = change(api, "post", blueprint, [device, device], [group]).json()["content"]

    assert content["device_ids"] == [str(device.pk)]
    assert (content["changed_device_ids"], content["changed_group_ids"]) == ([], [])
    assert Device.objects.get(pk=device.pk).updated_at == written
    assert events().count() == 1


def test_a_blueprint_is_taken_from_those_that_have_it(api: ApiClient, tenant: Tenant) -> None:
    blueprint, other = BlueprintFactory(tenant, name="Gone"), BlueprintFactory(tenant, name="Stays")
    top = DeviceGroupFactory(tenant=tenant, blueprint=other)
    group = DeviceGroupFactory(tenant=tenant, parent=top, blueprint=blueprint)
    mine = DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)
    not_mine = DeviceFactory(tenant=tenant, assigned_blueprint=other)

    content = change(api, "delete", blueprint, [mine, not_mine], [group, top]).json()["content"]

    assert (content["changed_device_ids"], content["changed_group_ids"]) == ([str(mine.pk)], [str(group.pk)])
    assert own(mine, not_mine, group, top) == [None, other, None, other]
    assert group.effective_blueprint == other
    assert events().get().action == "blueprint.withdrawn"


@pytest.mark.parametrize("method", ["post", "delete"])
def test_unknown_targets_change_nothing(api: ApiClient, tenant: Tenant, other_tenant: Tenant, method: str) -> None:
    blueprint = BlueprintFactory(tenant)
    kept = blueprint if method == "delete" else None
    device, group = DeviceFactory(tenant=tenant, assigned_blueprint=kept), DeviceGroupFactory(tenant=tenant)
    foreign, foreign_group = DeviceFactory(tenant=other_tenant), DeviceGroupFactory(tenant=other_tenant)

    wrong_device = change(api, method, blueprint, [device, foreign], [group])
    wrong_group = change(api, method, blueprint, [device], [group, foreign_group])

    assert (wrong_device.status_code, wrong_group.status_code) == (400, 400)
    assert wrong_device.json()["content"] == {"invalid_device_ids": [str(foreign.pk)]}
    assert wrong_group.json()["message"] == f"invalid group id: {foreign_group.pk}"
    assert own(device, group, foreign, foreign_group) == [kept, None, None, None]
    assert not events().exists()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "at least one"),
        ({"device_ids": [], "group_ids": []}, "at least one"),
        ({"device_ids": ["7"]}, "invalid device id: '7'"),
        ({"group_ids": ["7"]}, "invalid group id: '7'"),
        ({"device_ids": UNKNOWN}, "device_ids"),
        ({"group_ids": [str(uuid.UUID(int=number)) for number in range(501)]}, "group_ids"),
        ({"device_ids": [str(uuid.UUID(int=number)) for number in range(1001)]}, "device_ids"),
    ],
)
@pytest.mark.parametrize("method", ["post", "delete"])
def test_a_wrong_body_is_refused(api: ApiClient, tenant: Tenant, method: str, body: Any, told: str) -> None:
    response = api.request(method, f"/api/v2/blueprints/{BlueprintFactory(tenant).pk}/assignments", body)

    assert response.status_code == 400
    assert told in response.json()["message"]


@pytest.mark.parametrize("method", ["post", "delete"])
def test_another_tenants_blueprint_is_not_found(
    api: ApiClient, tenant: Tenant, other_tenant: Tenant, method: str
) -> None:
    device, foreign = DeviceFactory(tenant=tenant), BlueprintFactory(other_tenant)

    assert change(api, method, foreign, [device]).status_code == 404
    assert own(device) == [None]


def test_viewers_assign_nothing(viewer_api: ApiClient, tenant: Tenant) -> None:
    blueprint, device = BlueprintFactory(tenant), DeviceFactory(tenant=tenant)

    assert change(viewer_api, "post", blueprint, [device]).status_code == 403
    assert change(viewer_api, "delete", blueprint, [device]).status_code == 403
    assert own(device) == [None]
