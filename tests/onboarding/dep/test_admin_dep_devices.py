"""Devices of Apple's list in the console, on their own pages, and on the first page."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.models import DepDevice
from tenants.models import AuditEvent, Membership, Role, Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.console import browser, member, superuser
from tests.factories.dep_rows import DepDeviceFactory, DepProfileFactory, DepServerFactory
from tests.factories.devices import AndroidFactory, DeviceFactory
from tests.factories.seamless import expect
from tests.factories.tenants import UserFactory

Queries = Callable[[int], AbstractContextManager[Any]]
DEVICES = "/admin/onboarding/depdevice/"


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.headers
    return str(answer.content.decode())


def shown(client: Client, **filters: Any) -> set[str]:
    """The serial numbers in the list."""
    rows = client.get(DEVICES, filters).context["cl"].result_list
    return {row.serial for row in rows}


def chosen(*rows: DepDevice, action: str) -> dict[str, Any]:
    """What the list posts."""
    return {"action": action, "_selected_action": [str(row.pk) for row in rows]}


def test_the_list_filters(tenant: Tenant, other_tenant: Tenant) -> None:
    default, kiosks = DepProfileFactory(tenant), DepProfileFactory(tenant, is_default=False)
    head, stores = DepServerFactory(tenant), DepServerFactory(tenant, profile=kiosks)
    DepDeviceFactory(DepServerFactory(other_tenant), serial="THEIRS")
    DepDeviceFactory(head, serial="HEAD", assign_result="SUCCESS")
    DepDeviceFactory(head, serial="OWN", own_profile=kiosks, assign_result="FAILED", assign_reason="Apple said no.")
    DepDeviceFactory(stores, serial="STORE", assign_result="THROTTLED")
    DepDeviceFactory(stores, serial="GONE", assign_result="FAILED", removed_at=timezone.now())
    client = member(tenant, Role.VIEWER)

    assert shown(client) == {"HEAD", "OWN", "STORE"}
    assert shown(client, standing="any") == {"HEAD", "OWN", "STORE", "GONE"}
    assert shown(client, standing="removed") == {"GONE"}
    assert shown(client, standing="failed") == {"OWN"}
    assert shown(client, standing="nonsense") == {"HEAD", "OWN", "STORE"}
    assert shown(client, server__id__exact=str(stores.pk)) == {"STORE"}
    assert shown(client, profile=str(kiosks.pk)) == {"OWN", "STORE"}
    assert shown(client, profile=str(default.pk)) == {"HEAD"}
    assert shown(client, profile="nonsense") == {"HEAD", "OWN", "STORE"}
    assert shown(client, q="sto") == {"STORE"}
    assert shown(client, q="theirs") == set()
    assert "Apple said no." in text(client, DEVICES)


def test_a_page_says_why_a_device_has_its_profile(tenant: Tenant) -> None:
    profile = DepProfileFactory(tenant, name="Everyday")
    later = timezone.now() + dt.timedelta(hours=3)
    row = DepDeviceFactory(
        DepServerFactory(tenant, name="Head office"),
        description="<b>IPHONE</b>",
        assign_result="NOT_ACCESSIBLE",
        assign_reason="Apple: no access.",
        assign_tries=4,
        assign_not_before=later,
    )

    told = text(member(tenant, Role.VIEWER), f"{DEVICES}{row.pk}/change/")

    for words in ("Everyday", "default", "Head office", "Apple: no access.", "tried 4 times", "in 2 hours"):
        assert words in told
    assert "&lt;b&gt;IPHONE&lt;/b&gt;" in told
    assert profile.token not in told
    assert f"devices/device/{row.device_id}/" in told


def test_devices_are_given_another_profile(tenant: Tenant, other_tenant: Tenant) -> None:
    DepProfileFactory(tenant)
    kiosks = DepProfileFactory(tenant, is_default=False, name="Kiosks")
    theirs = DepProfileFactory(other_tenant, name="Their profile")
    server = DepServerFactory(tenant)
    first, second, third = (DepDeviceFactory(server) for _ in range(3))
    client = member(tenant)

    asked = client.post(DEVICES, chosen(first, second, action="give_to_selected")).content.decode()
    ids = f"{first.pk},{second.pk}"
    refused = client.post(f"{DEVICES}give-profile/", {"devices": ids, "profile": str(theirs.pk), "yes": "1"})
    told = client.post(
        f"{DEVICES}give-profile/", {"devices": ids, "profile": str(kiosks.pk), "yes": "1"}, follow=True
    ).content.decode()

    assert "Which profile is for 2 devices?" in asked
    assert "Their profile" not in asked
    assert refused.status_code == 400
    assert "2 devices are to have Kiosks" in told
    assert set(DepDevice.objects.filter(own_profile=kiosks)) == {first, second}
    assert AuditEvent.objects.get(action="dep_devices.profile_chosen").details["devices"] == 2
    client.post(f"{DEVICES}give-profile/", {"devices": str(first.pk), "profile": "", "yes": "1"})
    assert set(DepDevice.objects.filter(own_profile=kiosks)) == {second}
    assert third.own_profile is None


def test_foreign_and_broken_ids_are_passed_over(tenant: Tenant, other_tenant: Tenant) -> None:
    DepProfileFactory(tenant)
    kiosks = DepProfileFactory(tenant, is_default=False)
    ours, theirs = DepDeviceFactory(DepServerFactory(tenant)), DepDeviceFactory(DepServerFactory(other_tenant))
    client = member(tenant)
    told = {"profile": str(kiosks.pk), "yes": "1"}

    client.post(f"{DEVICES}give-profile/", {"devices": f"{theirs.pk},{ours.pk},'; DROP,\0", **told})
    empty = client.post(f"{DEVICES}give-profile/", {"devices": str(theirs.pk), **told}, follow=True)

    assert set(DepDevice.objects.filter(own_profile=kiosks)) == {ours}
    assert "Select devices first." in empty.content.decode()


def test_devices_of_several_tenants_are_not_given_one_profile(tenant: Tenant, other_tenant: Tenant) -> None:
    rows = [DepDeviceFactory(DepServerFactory(each)) for each in (tenant, other_tenant)]

    page = superuser().post(DEVICES, chosen(*rows, action="give_to_selected"), follow=True)

    assert "These are devices of several tenants" in page.content.decode()


def test_who_is_a_viewer_there_changes_nothing_there(tenant: Tenant, other_tenant: Tenant) -> None:
    user = UserFactory()
    Membership.objects.create(user=user, tenant=tenant, role=Role.VIEWER)
    Membership.objects.create(user=user, tenant=other_tenant, role=Role.OPERATOR)
    row = DepDeviceFactory(DepServerFactory(tenant), assigned_uuid="U", assign_result="SUCCESS")
    client = browser(user)

    page = client.post(DEVICES, chosen(row, action="assign_selected_again"), follow=True).content.decode()

    assert "your role there is viewer" in page
    assert client.post(f"{DEVICES}{row.pk}/assign_this_again/").status_code == 404
    row.refresh_from_db()
    assert row.assigned_uuid == "U"


def test_profiles_are_assigned_again(tenant: Tenant) -> None:
    server, later = DepServerFactory(tenant), timezone.now() + dt.timedelta(hours=9)
    done = DepDeviceFactory(server, assigned_uuid="U", assign_result="SUCCESS")
    failed = DepDeviceFactory(server, assign_result="FAILED", assign_reason="No.", assign_not_before=later)
    gone = DepDeviceFactory(server, assigned_uuid="U", removed_at=timezone.now())
    client = member(tenant)

    page = client.post(
        f"{DEVICES}?standing=any", chosen(done, failed, gone, action="assign_selected_again"), follow=True
    )

    assert "Apple is asked again for 2 devices" in page.content.decode()
    assert "1 device left the server" in page.content.decode()
    for row in (server, done, failed, gone):
        row.refresh_from_db()
    assert (done.assigned_uuid, failed.assign_reason, failed.assign_not_before) == ("", "", None)
    assert gone.assigned_uuid == "U"
    assert server.assign_due_at is not None


def test_one_device_is_asked_for_again_from_its_page(tenant: Tenant) -> None:
    row = DepDeviceFactory(DepServerFactory(tenant), assigned_uuid="U", assign_result="SUCCESS")
    client, path = member(tenant), f"{DEVICES}{row.pk}/assign_this_again/"

    assert "whatever became of that before" in text(client, path)
    assert "1 device" in client.post(path, follow=True).content.decode()
    row.refresh_from_db()
    assert row.assigned_uuid == ""


def test_the_list_costs_the_same_however_long_it_is(tenant: Tenant, django_assert_num_queries: Queries) -> None:
    DepProfileFactory(tenant)
    server = DepServerFactory(tenant)
    for _ in range(7):
        DepDeviceFactory(server)
    client = superuser()
    text(client, DEVICES)

    with django_assert_num_queries(10):  # session, user, several?, three filters', two for badges, count, rows
        text(client, DEVICES)


# On other pages -----------------------------------------------------------------------------------------------------
def test_the_page_of_a_device_says_what_apples_list_does_of_it(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, is_seamless=True)
    server = DepServerFactory(tenant, name="Head office", profile=DepProfileFactory(tenant, name="Kiosks"))
    row = DepDeviceFactory(
        server, serial=device.serial, device=device, assign_result="FAILED", assign_reason="Apple said no."
    )
    blueprint = BlueprintFactory(tenant, name="Point of sale")
    expect(tenant, serial=device.serial, blueprint=blueprint, alias="Till 7", device=device, applied_at=timezone.now())

    cards = dict(member(tenant).get(f"/admin/devices/device/{device.pk}/change/").context["cards"])

    told = {name: str(value) for name, value in cards["Device assignment (DEP)"]}
    assert f"depdevice/{row.pk}/" in told["In Apple's list as"]
    assert "Head office" in told["Server"]
    assert "Kiosks" in told["Profile"]
    assert "refused by Apple" in told["Assignment"]
    assert "Apple said no." in told["Trouble"]
    given = {name: str(value) for name, value in cards["Registered beforehand"]}
    assert "Point of sale" in given["Blueprint"]
    assert given["Alias"] == "Till 7"


def test_devices_that_apple_does_not_list_have_no_card(tenant: Tenant) -> None:
    client = member(tenant)

    for device in (DeviceFactory(tenant=tenant), AndroidFactory(tenant=tenant)):
        cards = dict(client.get(f"/admin/devices/device/{device.pk}/change/").context["cards"])
        assert "Device assignment (DEP)" not in cards
        assert "Registered beforehand" not in cards


def test_stopped_servers_are_named_on_the_first_page_and_counted(tenant: Tenant, other_tenant: Tenant) -> None:
    stopped = DepServerFactory(tenant, name="Stores", problem="New terms.", problem_at=timezone.now())
    DepServerFactory(tenant, trouble="503")
    DepServerFactory(other_tenant, name="Their server", problem="New terms.")

    page = member(tenant, Role.VIEWER).get("/admin/")

    told = [notice for notice in page.context["notices"] if "DEP server" in notice[1]]
    assert told == [
        ("danger", "Ours: DEP server Stores: New terms.", f"/admin/onboarding/depserver/{stopped.pk}/change/")
    ]
    entries = [entry for section in page.context["sidebar_navigation"] for entry in section["items"]]
    assert {entry["title"]: entry["badge"] for entry in entries if "badge" in entry} == {"DEP servers": 1}
    everything = superuser().get("/admin/").context["notices"]
    assert len([notice for notice in everything if "DEP server" in notice[1]]) == 2


def test_many_stopped_servers_are_summed_up(tenant: Tenant) -> None:
    for number in range(7):
        DepServerFactory(tenant, problem=f"Problem {number}.", problem_at=timezone.now())

    told = [notice for notice in member(tenant).get("/admin/").context["notices"] if "DEP server" in notice[1]]

    assert len(told) == 6
    assert told[-1] == ("danger", "More DEP servers are stopped.", "/admin/onboarding/depserver/?state=stopped")


@pytest.mark.parametrize("action", ["give_profile", "assign_this_again"])
def test_viewers_have_no_buttons(action: str, tenant: Tenant) -> None:
    row, client = DepDeviceFactory(DepServerFactory(tenant)), member(tenant, Role.VIEWER)

    assert client.post(f"{DEVICES}{row.pk}/{action}/").status_code == 404
    assert action not in text(client, f"{DEVICES}{row.pk}/change/")
    assert client.post(f"{DEVICES}give-profile/", {"devices": str(row.pk)}).status_code == 404
