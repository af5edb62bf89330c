"""Assigning blueprints in the console: to groups of the tree, and to single devices."""

from typing import Any

from django.test import Client

from commands.models import Converge
from devices.models import Blueprint
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.console import member
from tests.factories.devices import DeviceFactory, DeviceGroupFactory


def url(blueprint: Blueprint) -> str:
    return f"/admin/devices/blueprint/{blueprint.pk}/assign/"


def assign(client: Client, blueprint: Blueprint, **fields: Any) -> str:
    """What the console says then."""
    answer = client.post(url(blueprint), fields, follow=True)
    return answer.content.decode()


def test_shows_the_tree_and_what_counts_in_it(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, name="Tills")
    shops = DeviceGroupFactory(tenant=tenant, name="Shops", blueprint=blueprint, effective_blueprint=blueprint)
    DeviceGroupFactory(tenant=tenant, name="Vienna", parent=shops, effective_blueprint=blueprint)

    content = member(tenant).get(url(blueprint)).content.decode()

    assert content.index("Shops") < content.index("Vienna")
    assert "has Tills" in content
    assert "inherits Tills" in content
    assert f'value="{shops.pk}" checked' in content


def test_assigns_groups_and_devices(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, name="Tills")
    group, device = DeviceGroupFactory(tenant=tenant), DeviceFactory(tenant=tenant)

    said = assign(member(tenant), blueprint, groups=[str(group.pk)], devices=[str(device.pk)])

    group.refresh_from_db()
    device.refresh_from_db()
    assert "1 group and 1 device got Tills." in said
    assert (group.blueprint, group.effective_blueprint) == (blueprint, blueprint)
    assert device.assigned_blueprint == blueprint
    assert not Converge.objects.exists()


def test_takes_it_from_groups_and_devices(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    group = DeviceGroupFactory(tenant=tenant, blueprint=blueprint, effective_blueprint=blueprint)
    device = DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)

    said = assign(member(tenant), blueprint, remove=[str(device.pk)])

    group.refresh_from_db()
    device.refresh_from_db()
    assert "It was taken from 1 group and 1 device." in said
    assert (group.blueprint, group.effective_blueprint, device.assigned_blueprint) == (None, None, None)


def test_leaves_groups_with_other_blueprints_alone(tenant: Tenant) -> None:
    blueprint, other = BlueprintFactory(tenant), BlueprintFactory(tenant, name="Another")
    group = DeviceGroupFactory(tenant=tenant, blueprint=other, effective_blueprint=other)

    said = assign(member(tenant), blueprint)

    group.refresh_from_db()
    assert "Nothing was changed." in said
    assert group.blueprint == other


def test_groups_and_devices_of_another_tenant_are_not_assigned(tenant: Tenant, other_tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    group, device = DeviceGroupFactory(tenant=other_tenant), DeviceFactory(tenant=other_tenant, name="Theirs")
    client = member(tenant)

    shown = client.get(url(blueprint)).content.decode()
    assign(client, blueprint, groups=[str(group.pk)])
    said = assign(client, blueprint, devices=[str(device.pk)])

    group.refresh_from_db()
    device.refresh_from_db()
    assert str(group.pk) not in shown
    assert str(device.pk) not in shown
    assert "invalid device id" in said
    assert (group.blueprint, device.assigned_blueprint) == (None, None)


def test_searches_devices(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    wanted, other = DeviceFactory(tenant=tenant, name="Till 7"), DeviceFactory(tenant=tenant, name="Phone")

    content = member(tenant).get(url(blueprint), {"q": "till"}).content.decode()

    assert str(wanted.pk) in content
    assert str(other.pk) not in content
