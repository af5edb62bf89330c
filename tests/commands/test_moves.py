"""POST /api/v2/devicegroups/{id}/devices, and the same by the console."""

import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from commands.models import Converge
from commands.services.moves import move_devices
from config.api.errors import NotFound
from devices.models import Device, DeviceGroup, DeviceState
from devices.services.groups import delete_group
from tenants.actors import SYSTEM
from tenants.models import AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory
from tests.factories.console import member
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory, some_devices
from tests.factories.tenants import TenantFactory


def move(api: ApiClient, group: DeviceGroup, devices: list[Any], **more: Any) -> Any:
    ids = [str(device.pk) if isinstance(device, Device) else device for device in devices]
    return api.post(f"/api/v2/devicegroups/{group.pk}/devices", {"device_ids": ids, **more})


def groups_of(*devices: Device) -> list[DeviceGroup | None]:
    return [Device.objects.get(pk=device.pk).group for device in devices]


def events() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(action="device.moved")


@pytest.fixture
def kiosks(tenant: Tenant) -> DeviceGroup:
    """A group below one that has a blueprint."""
    top = DeviceGroupFactory(tenant=tenant, name="Shops", blueprint=BlueprintFactory(tenant))
    return DeviceGroupFactory(tenant=tenant, name="Kiosks", parent=top)


def test_devices_are_moved_and_brought_to_the_groups_blueprint(
    api: ApiClient, tenant: Tenant, kiosks: DeviceGroup
) -> None:
    devices = [DeviceFactory(tenant=tenant), DeviceFactory(tenant=tenant, group=DeviceGroupFactory(tenant=tenant))]

    response = move(api, kiosks, devices)

    ids = [str(device.pk) for device in devices]
    assert response.status_code == 200
    assert response.json()["content"] == {
        "group_id": str(kiosks.pk),
        "device_ids": ids,
        "moved_device_ids": ids,
        "converging_device_ids": ids,
    }
    assert groups_of(*devices) == [kiosks, kiosks]
    for converge in Converge.objects.all():
        assert (converge.cause, converge.converge_with_provision_option) == ("move", True)
        assert (converge.blueprint, converge.created_by) == (kiosks.effective_blueprint, "caller-1")
    assert {converge.device_id for converge in Converge.objects.all()} == {device.pk for device in devices}
    assert events().get().details == {"devices": sorted(ids), "group": str(kiosks.pk)}


def test_a_group_without_a_blueprint_starts_nothing(api: ApiClient, tenant: Tenant, kiosks: DeviceGroup) -> None:
    device, plain = DeviceFactory(tenant=tenant, group=kiosks), DeviceGroupFactory(tenant=tenant)

    assert move(api, plain, [device]).json()["content"]["converging_device_ids"] == []
    assert groups_of(device) == [plain]
    assert not Converge.objects.exists()


def test_only_what_the_group_gives_a_provisioned_device_starts_a_converge(
    api: ApiClient, tenant: Tenant, kiosks: DeviceGroup
) -> None:
    """A blueprint of its own stays in force; Android devices have no channel yet."""
    own = DeviceFactory(tenant=tenant, assigned_blueprint=BlueprintFactory(tenant, name="Own"))
    onboarding = DeviceFactory(tenant=tenant, state=DeviceState.ONBOARDING_IN_PROGRESS)
    android, phone = AndroidFactory(tenant=tenant), DeviceFactory(tenant=tenant)

    content = move(api, kiosks, [own, onboarding, android, phone]).json()["content"]

    assert len(content["moved_device_ids"]) == 4
    assert content["converging_device_ids"] == [str(phone.pk)]
    assert Converge.objects.get().device == phone


def test_a_draft_blueprint_starts_nothing(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant, blueprint=BlueprintFactory(tenant, publish=False))

    assert move(api, group, [DeviceFactory(tenant=tenant)]).json()["content"]["converging_device_ids"] == []


def test_devices_that_are_there_already_are_left_alone(api: ApiClient, tenant: Tenant, kiosks: DeviceGroup) -> None:
    there, new = DeviceFactory(tenant=tenant, group=kiosks), DeviceFactory(tenant=tenant)

    content = move(api, kiosks, [there, new, there]).json()["content"]

    assert content["device_ids"] == [str(there.pk), str(new.pk)]
    assert content["moved_device_ids"] == [str(new.pk)]
    assert Converge.objects.get().device == new
    there_after = Device.objects.get(pk=there.pk)
    assert there_after.updated_at == there.updated_at
    move(api, kiosks, [there, new])
    assert (Converge.objects.count(), events().count()) == (1, 1)


def test_unknown_devices_move_nobody(api: ApiClient, tenant: Tenant, other_tenant: Tenant, kiosks: DeviceGroup) -> None:
    ours, foreign, unknown = DeviceFactory(tenant=tenant), DeviceFactory(tenant=other_tenant), str(uuid.uuid4())

    response = move(api, kiosks, [ours, foreign, unknown])

    assert response.status_code == 400
    assert response.json()["message"] == f"invalid device id: {foreign.pk}, {unknown}"
    assert response.json()["content"] == {"invalid_device_ids": [str(foreign.pk), unknown]}
    assert groups_of(ours, foreign) == [None, None]
    assert not Converge.objects.exists()
    assert not events().exists()


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        (None, "device_ids"),
        ([], "device_ids"),
        ("7", "device_ids"),
        (["7"], "invalid device id: '7'"),
        ([str(uuid.UUID(int=number)) for number in range(1001)], "device_ids"),
    ],
    ids=["absent", "none", "no list", "no id", "too many"],
)
def test_a_wrong_body_is_refused(api: ApiClient, kiosks: DeviceGroup, ids: Any, told: str) -> None:
    body = {} if ids is None else {"device_ids": ids}
    response = api.post(f"/api/v2/devicegroups/{kiosks.pk}/devices", body)

    assert response.status_code == 400
    assert told in response.json()["message"]


def test_another_tenants_group_is_not_found(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)

    assert move(api, DeviceGroupFactory(tenant=other_tenant), [device]).status_code == 404
    assert api.post("/api/v2/devicegroups/7/devices", {"device_ids": [str(device.pk)]}).status_code == 404
    assert groups_of(device) == [None]


def test_viewers_move_nobody(viewer_api: ApiClient, tenant: Tenant, kiosks: DeviceGroup) -> None:
    device = DeviceFactory(tenant=tenant)

    assert move(viewer_api, kiosks, [device]).status_code == 403
    assert viewer_api.get(f"/api/v2/devicegroups/{kiosks.pk}/devices").status_code == 405
    assert groups_of(device) == [None]


def test_a_thousand_devices_cost_as_many_queries_as_ten(tenant: Tenant, kiosks: DeviceGroup) -> None:
    def queries(count: int) -> int:
        ids = [device.pk for device in some_devices(count, tenant=tenant)]
        told: list[str] = []
        with connection.execute_wrapper(lambda run, sql, *more: told.append(sql) or run(sql, *more)):  # type: ignore[func-returns-value]
            move_devices(tenant=tenant, actor=SYSTEM, device_ids=ids, group=kiosks)
        return len(told)

    assert queries(2) == queries(40)
    assert Converge.objects.count() == 42


def test_the_console_moves_the_same_way(tenant: Tenant, kiosks: DeviceGroup) -> None:
    device = DeviceFactory(tenant=tenant)
    page = f"/admin/devices/device/{device.pk}/change/"

    member(tenant).post(page, {"alias": "Till 4", "group": str(kiosks.pk)})

    assert groups_of(device) == [kiosks]
    assert Converge.objects.get().cause == "move"
    assert {event.action for event in AuditEvent.objects.all()} >= {"device.changed", "device.moved"}
    member(tenant).post(page, {"alias": "Till 4", "group": ""})
    assert groups_of(device) == [None]
    assert Converge.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_group_that_is_deleted_meanwhile_takes_nobody_in() -> None:
    """Whichever comes first: never a device in a group that is gone."""
    tenant = TenantFactory()
    group, devices = DeviceGroupFactory(tenant=tenant), some_devices(3, tenant=tenant)
    gate, failed = threading.Barrier(2), list[Exception]()

    def run(call: Any) -> None:
        try:
            gate.wait()
            call()
        except NotFound as error:
            failed.append(error)
        finally:
            connection.close()

    def into() -> None:
        ids = [device.pk for device in devices]
        move_devices(tenant=tenant, actor=SYSTEM, device_ids=ids, group=group)

    calls = [into, lambda: delete_group(group=group, actor=SYSTEM)]
    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not DeviceGroup.objects.exists()
    assert groups_of(*devices) == [None] * 3
    assert len(failed) <= 1


def take_out(api: ApiClient, group: DeviceGroup, devices: list[Any]) -> Any:
    ids = [str(device.pk) if isinstance(device, Device) else device for device in devices]
    return api.request("delete", f"/api/v2/devicegroups/{group.pk}/devices", {"device_ids": ids})


def test_devices_are_taken_out_of_the_group_that_they_are_in(
    api: ApiClient, tenant: Tenant, kiosks: DeviceGroup
) -> None:
    inside, elsewhere = DeviceFactory(tenant=tenant, group=kiosks), DeviceFactory(tenant=tenant, group=kiosks.parent)

    response = take_out(api, kiosks, [inside, elsewhere])

    assert response.status_code == 200
    assert response.json()["content"] == {
        "group_id": str(kiosks.pk),
        "device_ids": [str(inside.pk), str(elsewhere.pk)],
        "removed_device_ids": [str(inside.pk)],
    }
    assert groups_of(inside, elsewhere) == [None, kiosks.parent]
    assert not Converge.objects.exists()
    assert events().get().details == {"devices": [str(inside.pk)], "group": None}
    assert take_out(api, kiosks, [inside]).json()["content"]["removed_device_ids"] == []


def test_another_tenants_device_or_group_takes_nothing_out(
    api: ApiClient, tenant: Tenant, other_tenant: Tenant, kiosks: DeviceGroup
) -> None:
    inside = DeviceFactory(tenant=tenant, group=kiosks)
    foreign = DeviceFactory(tenant=other_tenant, group=DeviceGroupFactory(tenant=other_tenant))

    refused = take_out(api, kiosks, [inside, foreign])

    assert refused.status_code == 400
    assert "invalid device id" in refused.json()["message"]
    assert foreign.group is not None
    assert take_out(api, foreign.group, [inside]).status_code == 404
    assert groups_of(inside, foreign) == [kiosks, foreign.group]
