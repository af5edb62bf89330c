"""Which blueprint is in force for a device, and how it stands to it: own, or handed down the tree of groups."""

import threading
from typing import Any

import pytest
from django.db import connection

from devices.models import Blueprint, Device, DeviceGroup, DeviceState, DriftReport
from devices.services.devices import note_converge, note_converged
from devices.services.groups import create_group, update_group
from tenants.actors import Actor, Kind
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory, add_version
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory
from tests.factories.tenants import TenantFactory

DEVICES = "/api/device/v0/devices/"
ACTOR = Actor(Kind.COMMAND_LINE, "test")


def group_of(tenant: Tenant, name: str, parent: DeviceGroup | None = None, blueprint: Blueprint | None = None) -> Any:
    return create_group(tenant=tenant, name=name, parent=parent, blueprint=blueprint, actor=ACTOR)


def change(group: DeviceGroup, **said: Any) -> DeviceGroup:
    group.refresh_from_db()
    kept = {"name": group.name, "parent": group.parent, "blueprint": group.blueprint}
    return update_group(group=group, actor=ACTOR, **{**kept, **said})


def in_force(*groups: DeviceGroup) -> list[Blueprint | None]:
    return [DeviceGroup.objects.get(pk=group.pk).effective_blueprint for group in groups]


def info(api: ApiClient, device: Device) -> dict[str, Any]:
    response = api.get(f"{DEVICES}{device.pk}/")
    assert response.status_code == 200
    told: dict[str, Any] = response.json()["content"]["blueprint_info"]
    return told


# The tree -------------------------------------------------------------------------------------------------------------


def test_the_nearest_blueprint_above_wins(tenant: Tenant) -> None:
    wide, near = BlueprintFactory(tenant, name="Wide"), BlueprintFactory(tenant, name="Near")
    top = group_of(tenant, "Top", blueprint=wide)
    middle = group_of(tenant, "Middle", top)
    left, right = group_of(tenant, "Left", middle, near), group_of(tenant, "Right", middle)
    leaf = group_of(tenant, "Leaf", left)

    assert in_force(top, middle, left, right, leaf) == [wide, wide, near, wide, near]


def test_a_change_reaches_all_below_down_to_the_next_own(tenant: Tenant) -> None:
    wide, near = BlueprintFactory(tenant, name="Wide"), BlueprintFactory(tenant, name="Near")
    top = group_of(tenant, "Top")
    middle = group_of(tenant, "Middle", top)
    own = group_of(tenant, "Own", middle, near)
    leaf = group_of(tenant, "Leaf", own)

    change(top, blueprint=wide)
    assert in_force(top, middle, own, leaf) == [wide, wide, near, near]
    change(own, blueprint=None)
    assert in_force(top, middle, own, leaf) == [wide, wide, wide, wide]
    change(top, blueprint=None)
    assert in_force(top, middle, own, leaf) == [None] * 4


def test_a_moved_group_takes_what_its_new_place_gives(tenant: Tenant) -> None:
    one, two = BlueprintFactory(tenant, name="One"), BlueprintFactory(tenant, name="Two")
    first, second = group_of(tenant, "First", blueprint=one), group_of(tenant, "Second", blueprint=two)
    moved = group_of(tenant, "Moved", first)
    leaf = group_of(tenant, "Leaf", moved)
    assert in_force(moved, leaf) == [one, one]

    change(moved, parent=second)
    assert in_force(moved, leaf) == [two, two]
    change(moved, parent=None)
    assert in_force(moved, leaf) == [None, None]


def test_a_deep_tree_is_handed_down_to_its_end(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    top = group = DeviceGroupFactory(tenant=tenant)
    for _ in range(200):
        group = DeviceGroupFactory(tenant=tenant, parent=group)

    change(top, blueprint=blueprint)

    assert in_force(group) == [blueprint]
    assert DeviceGroup.objects.filter(effective_blueprint=blueprint).count() == 201


def test_another_tenants_tree_is_left_alone(tenant: Tenant, other_tenant: Tenant) -> None:
    theirs = DeviceGroupFactory(tenant=other_tenant, blueprint=BlueprintFactory(other_tenant))
    DeviceGroup.objects.filter(pk=theirs.pk).update(effective_blueprint=None)  # to see whether it is touched

    change(group_of(tenant, "Top"), blueprint=BlueprintFactory(tenant))

    assert in_force(theirs) == [None]


def test_groups_where_it_stays_are_not_written(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    top = group_of(tenant, "Top", blueprint=blueprint)
    leaf = group_of(tenant, "Leaf", top)
    before = _row_version(leaf)

    change(top, name="Renamed")

    assert _row_version(leaf) == before


def _row_version(group: DeviceGroup) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text FROM devices_devicegroup WHERE id = %s", [group.pk])
        return cursor.fetchone()


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_leave_the_tree_right() -> None:
    tenant = TenantFactory()
    one, two = BlueprintFactory(tenant, name="One"), BlueprintFactory(tenant, name="Two")
    top, middle = group_of(tenant, "Top", blueprint=one), group_of(tenant, "Middle")
    leaf = group_of(tenant, "Leaf", middle)
    gate = threading.Barrier(2)

    def move(group: DeviceGroup, **said: Any) -> None:
        try:
            gate.wait()
            change(group, **said)
        finally:
            connection.close()

    moves = [
        threading.Thread(target=move, args=(middle,), kwargs={"parent": top}),
        threading.Thread(target=move, args=(top,), kwargs={"blueprint": two}),
    ]
    for each in moves:
        each.start()
    for each in moves:
        each.join()

    assert in_force(top, middle, leaf) == [two, two, two]


# Devices --------------------------------------------------------------------------------------------------------------


def test_a_device_has_its_own_blueprint_or_its_groups(api: ApiClient, tenant: Tenant) -> None:
    own, inherited = BlueprintFactory(tenant, name="Own"), BlueprintFactory(tenant, name="Inherited")
    group = group_of(tenant, "Leaf", group_of(tenant, "Top", blueprint=inherited))
    devices = [
        DeviceFactory(tenant=tenant, group=group, assigned_blueprint=own),
        DeviceFactory(tenant=tenant, group=group),
        DeviceFactory(tenant=tenant),
    ]

    assert [info(api, device)["assigned_blueprint_id"] for device in devices] == [str(own.pk), str(inherited.pk), None]


def test_the_filter_finds_the_blueprint_in_force(api: ApiClient, tenant: Tenant) -> None:
    own, inherited = BlueprintFactory(tenant, name="Own"), BlueprintFactory(tenant, name="Inherited")
    group = group_of(tenant, "Leaf", group_of(tenant, "Top", blueprint=inherited))
    mine = DeviceFactory(tenant=tenant, group=group, assigned_blueprint=own)
    groups = DeviceFactory(tenant=tenant, group=group)
    DeviceFactory(tenant=tenant)

    def found(*blueprints: Blueprint) -> set[str]:
        ids = ",".join(str(blueprint.pk) for blueprint in blueprints)
        return {row["id"] for row in api.get(f"{DEVICES}?assigned_blueprint_id={ids}").json()["content"]["results"]}

    assert found(own) == {str(mine.pk)}
    assert found(inherited) == {str(groups.pk)}
    assert found(own, inherited) == {str(mine.pk), str(groups.pk)}
    assert found(BlueprintFactory(tenant, name="Unused")) == set()


# The upgrade status ---------------------------------------------------------------------------------------------------

APPLE = [(0, False), (1, True), (20, False), (70, False), (80, False), (90, False), (100, False), (200, False)]
ANDROID = [(state.value, state in (DeviceState.ACTIVE, DeviceState.INACTIVE)) for state in DeviceState]


def status(api: ApiClient, device: Device) -> str:
    return str(info(api, device)["blueprint_upgrade_status"])


def test_without_a_blueprint_there_is_nothing_to_upgrade(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, converge_status="FAILED")

    assert status(api, device) == "NOT_APPLICABLE"


def test_a_draft_is_nothing_to_upgrade_to(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, assigned_blueprint=BlueprintFactory(tenant, publish=False))

    assert status(api, device) == "NOT_UPGRADABLE"


@pytest.mark.parametrize(
    ("factory", "states"), [(DeviceFactory, APPLE), (AndroidFactory, ANDROID)], ids=["apple", "android"]
)
def test_only_a_provisioned_device_can_be_upgraded(
    api: ApiClient, tenant: Tenant, factory: Any, states: list[tuple[int, bool]]
) -> None:
    blueprint = BlueprintFactory(tenant)
    devices = [(state, factory(tenant=tenant, state=state, assigned_blueprint=blueprint)) for state, _ in states]

    told = [(state, status(api, device)) for state, device in devices]

    assert told == [(state, "UPGRADABLE" if provisioned else "NOT_UPGRADABLE") for state, provisioned in states]


def test_the_status_follows_the_converges(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    device = DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)
    version = blueprint.published_version
    assert version is not None

    note_converge(device.pk, Device.ConvergeStatus.OPEN)
    assert status(api, device) == "UPGRADE_INITIATED"
    note_converge(device.pk, Device.ConvergeStatus.FAILED)
    assert status(api, device) == "UPGRADE_FAILED"
    note_converged(device.pk, blueprint, version)
    assert status(api, device) == "UPGRADED"
    assert info(api, device)["current_blueprint_version_id"] == str(version.pk)
    add_version(blueprint, publish=False)
    assert status(api, device) == "UPGRADED"
    add_version(blueprint)
    assert status(api, device) == "UPGRADABLE"


def test_a_device_that_drifted_is_to_be_upgraded_again(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    version = add_version(blueprint)
    device = DeviceFactory(tenant=tenant, assigned_blueprint=blueprint, current_blueprint_version=version)
    report = DriftReport.objects.create(device=device, tenant=tenant, blueprint_version=version, count=0)

    assert status(api, device) == "UPGRADED"
    DriftReport.objects.filter(pk=report.pk).update(count=2)
    assert status(api, device) == "UPGRADABLE"
    DriftReport.objects.filter(pk=report.pk).update(blueprint_version=add_version(blueprint, publish=False))
    assert status(api, device) == "UPGRADED"  # that report is about another version
