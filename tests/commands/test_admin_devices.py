"""Devices in the console."""

import datetime as dt
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client

from apps_domain.models import DeviceApp
from commands.models import AppleAppLists, AppleEnrolment, CommandResult
from commands.models.status import State
from devices.models import Device, DeviceProfile, DeviceSettings, DeviceState, InstalledApp, Platform
from tenants.models import AuditEvent, Membership, Role, Tenant
from tests.factories.commands import AppleEnrolmentFactory, queued
from tests.factories.console import browser, member, superuser
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory, seen
from tests.factories.tenants import UserFactory

DEVICES = "/admin/devices/device/"
Queries = Callable[[int], AbstractContextManager[Any]]


def names(client: Client, **query: str) -> list[str]:
    return [device.name for device in client.get(DEVICES, query).context["cl"].result_list]


def test_lists_devices_with_what_waits_for_them(tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant, name="Tills")
    device = DeviceFactory(tenant=tenant, name="Till 1", group=group, is_supervised=True)
    seen(device, dt.timedelta(minutes=3))
    queued(device)
    queued(device, state=State.SUCCESS)

    client = member(tenant, Role.VIEWER)
    page = client.get(DEVICES).content.decode()

    for word in ("Till 1", "Tills", "3 minutes ago", ">Active<", "iOS 18.1"):
        assert word in page
    assert [row.waiting_total for row in client.get(DEVICES).context["cl"].result_list] == [1]


@pytest.mark.parametrize("count", [2, 40])
def test_the_list_costs_the_same_however_long_it_is(
    tenant: Tenant, other_tenant: Tenant, count: int, django_assert_num_queries: Queries
) -> None:
    for each in (tenant, other_tenant):
        group = DeviceGroupFactory(tenant=each)
        for _ in range(count):
            device = DeviceFactory(tenant=each, group=group)
            seen(device)
            queued(device)

    for client in (superuser(), member(tenant)):
        # session, user, whose, badges, the filters' tenants, groups and blueprints, count, rows
        with django_assert_num_queries(10):
            client.get(DEVICES)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Droid", "Phone", "Tablet"]),
        ({"state": "any"}, ["Droid", "Gone", "Phone", "Tablet"]),
        ({"state": "20"}, ["Gone"]),
        ({"state": "nonsense"}, ["Droid", "Phone", "Tablet"]),
        ({"platform__exact": "ANDROID"}, ["Droid"]),
        ({"last_seen": "hour"}, ["Phone"]),
        ({"last_seen": "older"}, ["Tablet"]),
        ({"last_seen": "never"}, ["Droid"]),
        ({"q": "PHO"}, ["Phone"]),
        ({"q": "serial-of-tab"}, ["Tablet"]),
        ({"push": "dead"}, ["Tablet"]),
        ({"o": "-1"}, ["Tablet", "Phone", "Droid"]),
    ],
)
def test_filters_searches_and_orders(tenant: Tenant, query: dict[str, str], found: list[str]) -> None:
    seen(DeviceFactory(tenant=tenant, name="Phone"))
    tablet = DeviceFactory(tenant=tenant, name="Tablet", serial="SERIAL-OF-TABLET")
    seen(tablet, dt.timedelta(days=8))
    AppleEnrolmentFactory(device=tablet, push_token_dead_at="2026-01-01T00:00:00Z")
    AndroidFactory(tenant=tenant, name="Droid")
    DeviceFactory(tenant=tenant, name="Gone", state=DeviceState.DISABLED)

    assert names(member(tenant), **query) == found


def test_the_tenant_is_named_to_those_who_see_several(tenant: Tenant, other_tenant: Tenant) -> None:
    DeviceFactory(tenant=tenant)
    user = UserFactory()
    for each in (tenant, other_tenant):
        Membership.objects.create(user=user, tenant=each, role=Role.VIEWER)

    assert "tenant" in browser(user).get(DEVICES).context["cl"].list_display
    assert "tenant" not in member(tenant).get(DEVICES).context["cl"].list_display


def page_of(client: Client, device: Device) -> str:
    answer = client.get(f"{DEVICES}{device.pk}/change/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_page_shows_facts_commands_answers_and_profiles(tenant: Tenant) -> None:
    device = DeviceFactory(
        tenant=tenant,
        hardware_info={"model": "iPhone15,2"},
        network_info={"imei1": "356", "inner": {"wifi_ssid": "Office"}},
    )
    enrolment = AppleEnrolmentFactory(device=device, push_failures=3, push_error="Unregistered")
    status = queued(device, "REBOOT", state=State.FAILURE, reason="The device said no.")
    CommandResult.objects.create(status=status, payload={"ErrorChain": ["said no"]})
    DeviceProfile.objects.create(device=device, identifier="org.example.wifi", display_name="Wi-Fi", is_managed=True)

    page = page_of(member(tenant, Role.VIEWER), device)

    for word in ("iPhone15,2", "356", "Wi-Fi SSID", "Office", enrolment.enrolment_id, "Unregistered"):
        assert word in page
    for word in ("REBOOT", "The device said no.", "ErrorChain", "org.example.wifi", "managed"):
        assert word in page


def test_a_page_shows_what_the_device_told_of_itself(tenant: Tenant) -> None:
    device = DeviceFactory(
        tenant=tenant,
        time_zone="Europe/Vienna",
        security_info={"PasscodePresent": True, "FirewallSettings": {"StealthMode": False}},
    )
    DeviceSettings.objects.create(device=device, lost_mode=True)
    AppleAppLists.objects.create(device=device, blocked=["com.example.game"], notifications={"com.example.mail": False})
    for purpose in ("apps", "notifications"):
        DeviceProfile.objects.create(device=device, identifier=f"org.muster.commands.{purpose}")
    InstalledApp.objects.create(device=device, identifier="com.example.till", name="Till", bundle_size=5_400_000)

    page = page_of(member(tenant, Role.VIEWER), device)

    for word in ("Europe/Vienna", "Passcode Present", "Firewall Settings Stealth Mode", "lost mode"):
        assert word in page
    for word in ("com.example.game", "com.example.mail", "com.example.till", "5.4 MB"):
        assert word in page


@pytest.mark.parametrize(
    ("search", "found"),
    [("till", ["com.example.till"]), ("EXAMPLE", ["com.example.mail", "com.example.till"]), ("a\0", []), ("%", [])],
)
def test_the_apps_of_a_device_can_be_searched(
    tenant: Tenant, other_tenant: Tenant, search: str, found: list[str]
) -> None:
    device, foreign = DeviceFactory(tenant=tenant), DeviceFactory(tenant=other_tenant)
    for each, app in ((device, "com.example.till"), (device, "com.example.mail"), (foreign, "com.example.secret")):
        InstalledApp.objects.create(device=each, identifier=app)

    answer = member(tenant).get(f"{DEVICES}{device.pk}/change/", {"apps": search})

    assert [app.identifier for app, *_ in answer.context["apps"]] == found or search == "a\0"
    assert "com.example.secret" not in answer.content.decode()


def test_apps_of_ours_are_linked(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    for number, app_type in enumerate(("TENANT_IOS", "ESPER_IOS", "VPP")):
        app = {"app_type": app_type, "app_id": uuid.UUID(int=number), "app_config": None}
        DeviceApp.objects.create(tenant=tenant, device=device, bundle_id=f"com.example.a{number}", **app)
        InstalledApp.objects.create(device=device, identifier=f"com.example.a{number}", is_managed=True)

    page = page_of(superuser(), device)

    for number, model in enumerate(("tenantapp", "vendorapp", "storeapp")):
        assert f"/admin/apps_domain/{model}/{uuid.UUID(int=number)}/change/" in page


def test_a_page_costs_the_same_however_much_there_is_to_show(
    tenant: Tenant, django_assert_num_queries: Queries
) -> None:
    device = DeviceFactory(tenant=tenant)
    AppleEnrolmentFactory(device=device)
    for number in range(20):
        CommandResult.objects.create(status=queued(device), payload={"Number": number})
        DeviceProfile.objects.create(device=device, identifier=f"profile.{number}")
        InstalledApp.objects.create(device=device, identifier=f"app.{number}")
    client = superuser()
    page_of(client, device)  # what Django keeps for the life of the process is read now

    with django_assert_num_queries(18):
        page = page_of(client, device)

    assert "all of them" in page


def test_pages_of_unenrolled_and_android_devices_open(tenant: Tenant) -> None:
    assert "not enrolled" in page_of(superuser(), DeviceFactory(tenant=tenant))
    page = page_of(member(tenant), AndroidFactory(tenant=tenant))

    assert "/remove/" not in page
    assert "/send_to_this/" in page


def test_an_operator_changes_alias_and_group_and_nothing_else(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, name="Own name")
    group = DeviceGroupFactory(tenant=tenant)
    form = {"alias": "Front desk", "group": str(group.pk), "name": "Forged", "state": "20"}

    member(tenant).post(f"{DEVICES}{device.pk}/change/", form)

    device.refresh_from_db()
    assert (device.alias, device.group, device.name, device.state) == ("Front desk", group, "Own name", 1)
    changed, moved = AuditEvent.objects.order_by("pk")
    assert (changed.action, changed.object_id) == ("device.changed", str(device.pk))
    assert (moved.action, moved.details["devices"]) == ("device.moved", [str(device.pk)])


def test_a_viewer_changes_nothing(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    client = member(tenant, Role.VIEWER)

    assert client.post(f"{DEVICES}{device.pk}/change/", {"alias": "Mine"}).status_code == 403
    assert 'name="alias"' not in page_of(client, device)


def test_a_device_cannot_be_put_into_another_tenants_group(tenant: Tenant, other_tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    foreign = DeviceGroupFactory(tenant=other_tenant)

    for client in (member(tenant), superuser()):
        answer = client.post(f"{DEVICES}{device.pk}/change/", {"alias": "", "group": str(foreign.pk)})
        assert "not one of the available choices" in answer.content.decode()


def test_removing_asks_first_and_then_ends_what_waits(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    waiting = queued(device)
    client = member(tenant)

    assert "Nothing is erased" in client.get(f"{DEVICES}{device.pk}/remove/").content.decode()
    device.refresh_from_db()
    assert device.state == DeviceState.ACTIVE

    answer = client.post(f"{DEVICES}{device.pk}/remove/", follow=True)
    device.refresh_from_db()
    waiting.refresh_from_db()
    assert "is removed." in answer.content.decode()
    assert (device.state, waiting.state) == (DeviceState.DISABLED, State.CANCELLED)
    assert AuditEvent.objects.filter(action="device.removed").count() == 1


def test_an_android_device_is_not_removed(tenant: Tenant) -> None:
    device = AndroidFactory(tenant=tenant)

    answer = member(tenant).post(f"{DEVICES}{device.pk}/remove/", follow=True)

    assert "Only Apple devices can be deleted." in answer.content.decode()


def test_blocking_asks_first_and_is_audited(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    AppleEnrolmentFactory(device=device)
    client = member(tenant)

    assert "enrolling anew" in client.get(f"{DEVICES}{device.pk}/block/").content.decode()
    assert not AppleEnrolment.objects.filter(blocked_at__isnull=False).exists()

    answer = client.post(f"{DEVICES}{device.pk}/block/", follow=True)
    assert "unenrols at its next contact" in answer.content.decode()
    assert AppleEnrolment.objects.filter(blocked_at__isnull=False).exists()
    assert AuditEvent.objects.get().action == "device.blocked"


def test_blocking_a_device_that_is_not_enrolled_says_so(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)

    answer = member(tenant).post(f"{DEVICES}{device.pk}/block/", follow=True)

    assert "has no enrolment" in answer.content.decode()


@pytest.mark.parametrize("action", ["remove", "block", "send_to_this"])
def test_a_viewer_has_no_actions(tenant: Tenant, action: str) -> None:
    device = DeviceFactory(tenant=tenant)
    client = member(tenant, Role.VIEWER)

    assert client.get(f"{DEVICES}{device.pk}/{action}/").status_code == 404
    assert client.post(f"{DEVICES}{device.pk}/{action}/").status_code == 404
    assert f"/{action}/" not in page_of(client, device)
    assert Device.objects.get().state == DeviceState.ACTIVE


def test_devices_are_neither_added_nor_deleted_here(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, platform=Platform.APPLE)
    client = superuser()

    assert client.get(f"{DEVICES}add/").status_code == 403
    assert client.post(f"{DEVICES}{device.pk}/delete/", {"post": "yes"}).status_code == 403
