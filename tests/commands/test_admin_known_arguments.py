"""Sending a command that another page of the console has chosen, with arguments that it knows."""

import re
from typing import Any

import pytest
from django.test import Client

from commands.models import CommandRequest
from devices.models import Device
from tenants.models import Role, Tenant
from tests.factories.apps import StoreAppFactory
from tests.factories.builds import AppVersionFactory
from tests.factories.console import member, superuser
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory
from tests.factories.licences import LicenceFactory, LocationFactory

SEND = "/admin/devices/device/send-command/"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
ADAM_ID = "9990000001"


def link_in(page: Any, words: str) -> str:
    """The address behind these words of a page."""
    found = re.search(rf'href="([^"]+)"[^>]*>[^<]*{words}', page.content.decode())
    assert found is not None, page.content.decode()
    return found[1].replace("&amp;", "&")


def hidden(page: Any) -> dict[str, str]:
    return dict(HIDDEN.findall(page.content.decode()))


def version_of(tenant: Tenant, **fields: Any) -> Any:
    return AppVersionFactory(tenant, **fields)


def page_of(client: Client, version: Any) -> Any:
    return client.get(f"/admin/apps_domain/tenantapp/{version.app_id}/change/")


def test_a_version_s_page_leads_to_installing_it(tenant: Tenant, other_tenant: Tenant) -> None:
    client, device, version = member(tenant), DeviceFactory(tenant=tenant, name="Till 1"), version_of(tenant)
    DeviceFactory(tenant=other_tenant, name="Foreign")
    AndroidFactory(tenant=tenant, name="Robot")

    first = client.get(link_in(page_of(client, version), "Install on devices"))
    text = first.content.decode()
    assert [name for name, _, _ in first.context["choices"]] == ["INSTALL"]
    assert f'<code class="mu-code">{version.pk}</code>' in text
    assert "Till 1" in text
    assert "Foreign" not in text
    assert "Robot" not in text

    told = {**hidden(first), "command": "INSTALL", "devices": str(device.pk), "when-schedule": "IMMEDIATE"}
    second = client.post(SEND, told)
    assert second.context["form"]["app_version"].value() == str(version.pk)
    assert not CommandRequest.objects.exists()

    client.post(SEND, {**hidden(second), "app_version": str(version.pk), "send": "1"})
    request = CommandRequest.objects.get()
    assert (request.command, request.command_args) == ("INSTALL", {"app_version": str(version.pk)})
    assert request.devices == [device.pk]


def test_several_devices_and_groups_can_be_chosen(tenant: Tenant) -> None:
    client, version = member(tenant), version_of(tenant)
    devices = [DeviceFactory(tenant=tenant) for _ in range(2)]
    group = DeviceGroupFactory(tenant=tenant)
    first = client.get(link_in(page_of(client, version), "Install on devices"))

    told = {**hidden(first), "command": "INSTALL", "devices": [str(each.pk) for each in devices]}
    second = client.post(SEND, {**told, "groups": [str(group.pk)], "when-schedule": "IMMEDIATE"})

    assert second.context["subtitle"].startswith("2 devices and 1 group")


def test_whom_can_be_changed_again(tenant: Tenant) -> None:
    client, device, version = member(tenant), DeviceFactory(tenant=tenant), version_of(tenant)
    first = client.get(link_in(page_of(client, version), "Install on devices"))
    second = client.post(SEND, {**hidden(first), "command": "INSTALL", "devices": str(device.pk)})

    again = client.post(SEND, {**hidden(second), "change": "1"})

    assert [name for name, _, _ in again.context["choices"]] == ["INSTALL"]
    assert again.context["who"]["devices"].value() == [str(device.pk)]
    assert hidden(again)["known-app_version"] == str(version.pk)


def test_nobody_chosen_is_told(tenant: Tenant) -> None:
    client, version = member(tenant), version_of(tenant)
    DeviceFactory(tenant=tenant)
    first = client.get(link_in(page_of(client, version), "Install on devices"))

    answer = client.post(SEND, {**hidden(first), "command": "INSTALL", "when-schedule": "IMMEDIATE"})

    assert "Choose at least one device or group." in answer.content.decode()


def test_a_superuser_is_offered_the_devices_of_the_app_s_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    client, version = superuser(), version_of(tenant)
    DeviceFactory(tenant=tenant, name="Till 1")
    DeviceFactory(tenant=other_tenant, name="Foreign")
    DeviceGroupFactory(tenant=other_tenant, name="Foreign too")

    page = client.get(link_in(page_of(client, version), "Install on devices")).content.decode()

    assert "Till 1" in page
    assert "Foreign" not in page


def test_another_tenant_s_version_is_refused(tenant: Tenant, other_tenant: Tenant) -> None:
    client, device, foreign = member(tenant), DeviceFactory(tenant=tenant), version_of(other_tenant)
    told = {"command": "INSTALL", "devices": str(device.pk), "app_version": str(foreign.pk), "send": "1"}

    answer = client.post(SEND, told)

    assert "no uploaded app version has this id" in answer.content.decode()
    assert not CommandRequest.objects.exists()


def test_a_viewer_is_offered_nothing(tenant: Tenant) -> None:
    client, version = member(tenant, Role.VIEWER), version_of(tenant)
    assert "Install on devices" not in page_of(client, version).content.decode()
    assert client.get(f"{SEND}?command=INSTALL&known-app_version={version.pk}").status_code in (302, 403)


def licence_page(client: Client, tenant: Tenant, **fields: Any) -> tuple[str, Any]:
    licence = LicenceFactory(LocationFactory(tenant), ADAM_ID, **fields)
    return f"/admin/apps_domain/vpplicence/{licence.pk}", client.get(
        f"/admin/apps_domain/vpplicence/{licence.pk}/change/"
    )


@pytest.mark.parametrize("known", [True, False])
def test_a_licence_leads_to_installing_its_app(tenant: Tenant, other_tenant: Tenant, known: bool) -> None:
    client, device = member(tenant), DeviceFactory(tenant=tenant)
    StoreAppFactory(tenant if known else other_tenant, apple_app_id=ADAM_ID, bundle_id="example.notes")
    address, page = licence_page(client, tenant)
    assert "Install on devices" in page.content.decode()

    first = client.get(f"{address}/install/", follow=True)
    second = client.post(SEND, {**hidden(first), "command": "VPP_APP_INSTALL", "devices": str(device.pk)})

    form = second.context["form"]
    assert form["app_id"].value() == ADAM_ID
    assert (form["bundle_identifier"].value() or "") == ("example.notes" if known else "")


def test_a_licence_for_people_is_for_no_devices(tenant: Tenant) -> None:
    _, page = licence_page(member(tenant), tenant, is_device_assignable=False)
    assert "Install on devices" not in page.content.decode()


def with_apps(device: Device) -> None:
    for identifier, managed in (("com.example.till", True), ("com.example.game", False)):
        device.installed_apps.create(identifier=identifier, name=identifier, is_managed=managed)


def test_a_managed_app_can_be_uninstalled_from_the_device_s_page(tenant: Tenant) -> None:
    client, device = member(tenant), DeviceFactory(tenant=tenant)
    with_apps(device)
    page = client.get(f"/admin/devices/device/{device.pk}/change/").content.decode()
    assert re.findall(r'name="known-package_name" value="([^"]+)"', page) == ["com.example.till"]

    told = {"devices": str(device.pk), "command": "UNINSTALL", "when-schedule": "IMMEDIATE"}
    second = client.post(SEND, {**told, "known-package_name": "com.example.till"})

    assert second.context["form"]["package_name"].value() == "com.example.till"
    assert second.context["subtitle"] == "1 device"


def test_a_viewer_uninstalls_nothing(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    with_apps(device)
    page = member(tenant, Role.VIEWER).get(f"/admin/devices/device/{device.pk}/change/").content.decode()
    assert "com.example.till" in page
    assert "Uninstall" not in page


def test_a_secret_is_never_taken_from_a_link(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    told = {"devices": str(device.pk), "command": "INSTALL", "known-base64_app_config": "c2VjcmV0"}
    second = member(tenant).post(SEND, told)
    assert second.context["form"]["base64_app_config"].value() in (None, "")
