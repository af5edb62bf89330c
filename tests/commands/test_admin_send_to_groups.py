"""Sending commands to device groups from the console."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from commands.models import CommandRequest, CommandStatus
from commands.serializers import MAX_DEVICES, MAX_GROUPS
from devices.models import Device, DeviceGroup
from tenants.models import Membership, Role, Tenant
from tests.conftest import Commit
from tests.factories.console import browser, member, superuser
from tests.factories.devices import DeviceFactory, DeviceGroupFactory, seen
from tests.factories.tenants import UserFactory

GROUPS = "/admin/devices/devicegroup/"
DEVICES = "/admin/devices/device/"
SEND = f"{DEVICES}send-command/"


@pytest.fixture
def shop(tenant: Tenant) -> DeviceGroup:
    """A group with a device, and two more in a subgroup, one of which was seen just now."""
    shop = DeviceGroupFactory(tenant=tenant, name="Shop")
    tills = DeviceGroupFactory(tenant=tenant, name="Tills", parent=shop)
    DeviceFactory(tenant=tenant, group=shop)
    DeviceFactory(tenant=tenant, group=tills)
    seen(DeviceFactory(tenant=tenant, group=tills))
    DeviceFactory(tenant=tenant)
    return shop


def select(client: Client, *groups: DeviceGroup) -> Any:
    ids = [str(group.pk) for group in groups]
    return client.post(GROUPS, {"action": "send_to_selected", "_selected_action": ids}, follow=True)


def send(client: Client, *groups: DeviceGroup, **more: str) -> Any:
    ids = [str(group.pk) for group in groups]
    return client.post(SEND, {"groups": ids, "command": "LOCK", "send": "1", **more}, follow=True)


def test_groups_are_selected_in_their_list(tenant: Tenant, shop: DeviceGroup) -> None:
    answer = select(member(tenant), shop)

    page = answer.content.decode()
    assert "1 group (3 devices today)" in page
    assert "Who is in it is looked up" in page
    assert answer.context["who"].initial["groups"] == [str(shop.pk)]


def test_a_groups_page_leads_to_sending_it_a_command(tenant: Tenant, shop: DeviceGroup) -> None:
    client = member(tenant)

    assert "send_to_this" in client.get(f"{GROUPS}{shop.pk}/change/").content.decode()
    assert "1 group (3 devices today)" in client.get(f"{GROUPS}{shop.pk}/send_to_this/").content.decode()


def test_a_command_for_a_group_reaches_its_subgroups(
    tenant: Tenant, shop: DeviceGroup, django_capture_on_commit_callbacks: Commit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = send(member(tenant), shop)

    request = CommandRequest.objects.get()
    assert "LOCK goes to 1 group (3 devices today)." in answer.content.decode()
    assert (request.command_type, request.groups, request.devices) == ("GROUP", [shop.pk], [])
    assert CommandStatus.objects.count() == 3


def test_another_kind_of_devices_is_refused(tenant: Tenant, shop: DeviceGroup) -> None:
    answer = send(member(tenant), shop, device_type="odd")

    assert "Choose all devices, the active or the inactive ones." in answer.content.decode()
    assert not CommandRequest.objects.exists()


def test_more_devices_than_a_request_takes_are_refused_and_not_cut_off(tenant: Tenant) -> None:
    Device.objects.bulk_create(Device(tenant=tenant, platform="APPLE", serial=f"S{n}") for n in range(MAX_DEVICES + 1))
    named = ",".join(str(pk) for pk in Device.objects.values_list("pk", flat=True))

    answer = member(tenant).post(SEND, {"devices": named, "command": "LOCK", "send": "1"})

    assert "at most 1,000 devices" in answer.content.decode()
    assert not CommandRequest.objects.exists()


@pytest.mark.parametrize(("device_type", "count"), [("all", 3), ("active", 1), ("inactive", 2), ("", 3)])
def test_the_number_of_devices_is_of_those_that_are_meant(
    tenant: Tenant, shop: DeviceGroup, device_type: str, count: int
) -> None:
    answer = member(tenant).post(SEND, {"groups": [str(shop.pk)], "command": "LOCK", "device_type": device_type})

    assert f"1 group ({count} device" in answer.content.decode()


def test_only_the_active_ones_are_meant_if_that_was_said(tenant: Tenant, shop: DeviceGroup) -> None:
    send(member(tenant), shop, device_type="active")

    assert CommandRequest.objects.get().device_type == "active"


def test_the_second_page_says_that_a_window_looks_anew(tenant: Tenant, shop: DeviceGroup) -> None:
    begin = dt.datetime.now(dt.UTC).replace(tzinfo=None, second=0, microsecond=0)
    window = {
        "when-schedule": "WINDOW",
        "when-start_datetime": begin.isoformat(),
        "when-end_datetime": (begin + dt.timedelta(days=1)).isoformat(),
    }

    answer = member(tenant).post(SEND, {"groups": [str(shop.pk)], "command": "LOCK", **window})

    assert "Who is in it is looked up anew each time a window opens" in answer.content.decode()


def test_devices_and_groups_together_are_one_request(tenant: Tenant, shop: DeviceGroup) -> None:
    device = DeviceFactory(tenant=tenant)

    answer = send(member(tenant), shop, devices=str(device.pk))

    request = CommandRequest.objects.get()
    assert (request.command_type, request.devices, request.groups) == ("DYNAMIC", [device.pk], [shop.pk])
    assert "1 device and 1 group (4 devices today)" in answer.content.decode()


def test_the_page_for_devices_offers_the_groups_too(tenant: Tenant, other_tenant: Tenant, shop: DeviceGroup) -> None:
    foreign = DeviceGroupFactory(tenant=other_tenant, name="Foreign")

    page = member(tenant).get(f"{DEVICES}{DeviceFactory(tenant=tenant).pk}/send_to_this/").content.decode()

    assert "Shop / Tills" in page
    assert foreign.name not in page


def test_the_page_opened_by_itself_wants_a_group(tenant: Tenant, shop: DeviceGroup) -> None:
    client = member(tenant)
    assert "Shop / Tills" in client.get(SEND).content.decode()

    answer = client.post(SEND, {"devices": "", "command": "LOCK", "when-schedule": "IMMEDIATE"})

    assert "Choose at least one group." in answer.content.decode()
    assert not CommandRequest.objects.exists()


def test_wiping_a_group_says_how_many_devices_that_is(tenant: Tenant, shop: DeviceGroup) -> None:
    refused = send(member(tenant), shop, command="WIPE")

    assert "erase all data on 1 group (3 devices today)" in refused.content.decode()
    assert not CommandRequest.objects.exists()


def test_a_viewer_sends_nothing_to_a_group(tenant: Tenant, shop: DeviceGroup) -> None:
    viewer = member(tenant, Role.VIEWER)

    assert "send_to_this" not in viewer.get(f"{GROUPS}{shop.pk}/change/").content.decode()
    assert viewer.get(f"{GROUPS}{shop.pk}/send_to_this/").status_code in (403, 404)
    assert viewer.get(SEND).status_code == 302
    select(viewer, shop)
    send(viewer, shop)
    assert not CommandRequest.objects.exists()


def test_another_tenants_group_is_as_if_it_did_not_exist(
    tenant: Tenant, other_tenant: Tenant, shop: DeviceGroup
) -> None:
    foreign = DeviceGroupFactory(tenant=other_tenant)
    client = member(tenant)

    assert client.get(f"{GROUPS}{foreign.pk}/send_to_this/").status_code == 404
    send(client, foreign)
    assert not CommandRequest.objects.exists()
    send(client, foreign, shop)
    assert CommandRequest.objects.get().groups == [shop.pk]


def test_groups_of_two_tenants_make_a_request_each(tenant: Tenant, other_tenant: Tenant, shop: DeviceGroup) -> None:
    theirs = DeviceGroupFactory(tenant=other_tenant)

    send(superuser(), shop, theirs)

    made = {request.tenant: request.groups for request in CommandRequest.objects.all()}
    assert made == {tenant: [shop.pk], other_tenant: [theirs.pk]}


def test_a_selection_with_groups_that_one_may_only_view_is_refused(
    tenant: Tenant, other_tenant: Tenant, shop: DeviceGroup
) -> None:
    user = UserFactory()
    Membership.objects.create(user=user, tenant=tenant, role=Role.OPERATOR)
    Membership.objects.create(user=user, tenant=other_tenant, role=Role.VIEWER)

    answer = select(browser(user), shop, DeviceGroupFactory(tenant=other_tenant))

    assert "You may not send commands to" in answer.content.decode()


def test_more_groups_than_a_request_takes_are_refused(tenant: Tenant, shop: DeviceGroup) -> None:
    DeviceGroup.objects.bulk_create([DeviceGroup(tenant=tenant, name=f"G{number}") for number in range(MAX_GROUPS)])
    groups = list(DeviceGroup.objects.filter(parent=None))
    client = member(tenant)

    for answer in (select(client, *groups), send(client, *groups)):
        assert "at most 500 groups" in answer.content.decode()
    assert not CommandRequest.objects.exists()
