"""Sending commands from the console."""

import base64
import plistlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from commands.models import CommandRequest, CommandStatus
from commands.serializers import MAX_DEVICES
from devices.models import Device
from tenants.models import AuditEvent, Membership, Role, Tenant
from tests.conftest import Commit
from tests.factories.console import browser, member, superuser
from tests.factories.devices import AndroidFactory, DeviceFactory
from tests.factories.tenants import UserFactory

DEVICES = "/admin/devices/device/"
SEND = f"{DEVICES}send-command/"


def select(client: Client, *devices: Device, **more: str) -> Any:
    ids = [str(device.pk) for device in devices]
    return client.post(DEVICES, {"action": "send_to_selected", "_selected_action": ids, **more}, follow=True)


def send(client: Client, command: str, *devices: Device, **arguments: Any) -> Any:
    ids = ",".join(str(device.pk) for device in devices)
    return client.post(SEND, {"devices": ids, "command": command, "send": "1", **arguments}, follow=True)


def profile() -> bytes:
    return plistlib.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadIdentifier": "org.example.wifi",
            "PayloadUUID": "1A5D3E0C-0000-4000-8000-000000000001",
            "PayloadVersion": 1,
            "PayloadContent": [],
        }
    )


def test_offers_the_commands_that_a_channel_carries_first(tenant: Tenant) -> None:
    answer = select(member(tenant), DeviceFactory(tenant=tenant))

    choices = [name for name, _, _ in answer.context["choices"]]
    assert "LOCK" in choices
    assert "SET_WIFI_STATE" in answer.context["others"]
    assert "SET_WIFI_STATE" not in choices


def test_offers_nothing_first_for_a_platform_that_no_channel_reaches(tenant: Tenant) -> None:
    answer = select(member(tenant), AndroidFactory(tenant=tenant))

    assert answer.context["choices"] == []
    assert "LOCK" in answer.context["others"]


def test_a_command_for_selected_devices_makes_one_request_and_its_rows(
    tenant: Tenant, django_capture_on_commit_callbacks: Commit
) -> None:
    devices = [DeviceFactory(tenant=tenant) for _ in range(2)]

    with django_capture_on_commit_callbacks(execute=True):
        answer = send(member(tenant), "LOCK", *devices)

    request = CommandRequest.objects.get()
    assert answer.redirect_chain[0][0] == f"/admin/commands/commandrequest/{request.pk}/change/"
    assert "LOCK goes to 2 devices." in answer.content.decode()
    assert set(CommandStatus.objects.values_list("device", flat=True)) == {device.pk for device in devices}
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_kind, event.tenant_id) == ("command_request.created", "console", tenant.pk)


def test_the_form_is_shown_before_anything_is_sent(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)

    answer = member(tenant).post(SEND, {"devices": str(device.pk), "command": "REMOVE_PROFILE"})

    assert 'name="profile_identifier"' in answer.content.decode()
    assert not CommandRequest.objects.exists()


def test_missing_arguments_are_told_at_their_field(tenant: Tenant) -> None:
    answer = send(member(tenant), "REMOVE_PROFILE", DeviceFactory(tenant=tenant))

    assert answer.context["form"].errors == {"profile_identifier": ["This field is required."]}
    assert not CommandRequest.objects.exists()


def test_an_uploaded_profile_becomes_the_argument_and_stays_masked(tenant: Tenant) -> None:
    upload = SimpleUploadedFile("wifi.mobileconfig", profile())

    answer = send(member(tenant), "INSTALL_PROFILE", DeviceFactory(tenant=tenant), profile=upload)

    request = CommandRequest.objects.get()
    assert base64.b64decode(request.all_arguments()["profile"]) == profile()
    assert request.command_args == {"profile": "********"}
    assert base64.b64encode(profile()).decode() not in answer.content.decode()


def test_what_the_commands_own_serializer_refuses_is_told_at_its_field(tenant: Tenant) -> None:
    upload = SimpleUploadedFile("wifi.mobileconfig", b"not a profile")

    answer = send(member(tenant), "INSTALL_PROFILE", DeviceFactory(tenant=tenant), profile=upload)

    assert "is not a configuration profile" in str(answer.context["form"].errors["profile"])
    assert not CommandRequest.objects.exists()


def test_wipe_wants_to_be_confirmed(tenant: Tenant) -> None:
    device, client = DeviceFactory(tenant=tenant), member(tenant)

    refused = send(client, "WIPE", device)
    assert "erase all data on 1 device" in refused.content.decode()
    assert not CommandRequest.objects.exists()

    send(client, "WIPE", device, confirm="on")
    request = CommandRequest.objects.get()
    assert (request.command, request.command_args) == ("WIPE", {})


def test_says_what_will_not_work_before_it_is_sent(tenant: Tenant) -> None:
    devices = [AndroidFactory(tenant=tenant), DeviceFactory(tenant=tenant, is_supervised=False)]
    ids = ",".join(str(device.pk) for device in devices)

    page = member(tenant).post(SEND, {"devices": ids, "command": "REBOOT"}).content.decode()

    assert "1 device cannot carry this command" in page
    assert "1 device is not supervised" in page


def test_says_what_a_command_does_to_apple_devices_alone(tenant: Tenant) -> None:
    pages = [
        member(tenant).post(SEND, {"devices": str(device.pk), "command": "ADD_TO_WHITELIST"}).content.decode()
        for device in (DeviceFactory(tenant=tenant), DeviceFactory(tenant=tenant, os="macOS"))
    ]

    assert ["every app that is not on the list disappears" in page for page in pages] == [True, False]
    assert ["1 device cannot carry this command" in page for page in pages] == [False, True]


def test_offers_first_what_the_devices_system_can_do(tenant: Tenant) -> None:
    answer = select(member(tenant), DeviceFactory(tenant=tenant, os="macOS"))

    names = [name for name, _, _ in answer.context["choices"]]
    assert ("SET_BLUETOOTH_STATE" in names, "SET_KIOSK_APP" in names) == (True, False)


def test_an_argument_of_free_shape_is_asked_for_as_json(tenant: Tenant) -> None:
    device, client = DeviceFactory(tenant=tenant), member(tenant)

    refused = send(client, "UPDATE_DEVICE_CONFIG", device, custom_settings_config="[1]")
    assert not CommandRequest.objects.exists()
    assert "custom_settings_config" in refused.content.decode()

    send(client, "UPDATE_DEVICE_CONFIG", device, custom_settings_config='{"colour": "blue"}')
    assert CommandRequest.objects.get().command_args == {"custom_settings_config": {"colour": "blue"}}


def test_a_viewer_sends_nothing(tenant: Tenant) -> None:
    device, client = DeviceFactory(tenant=tenant), member(tenant, Role.VIEWER)

    select(client, device)
    answer = send(client, "LOCK", device)

    assert "Select devices, then choose a command" in answer.content.decode()
    assert not CommandRequest.objects.exists()


def test_devices_of_another_tenant_are_left_out(tenant: Tenant, other_tenant: Tenant) -> None:
    ours, theirs = DeviceFactory(tenant=tenant), DeviceFactory(tenant=other_tenant)

    send(member(tenant), "LOCK", ours, theirs)

    assert CommandRequest.objects.get().devices == [ours.pk]


def test_devices_of_two_tenants_make_a_request_each(tenant: Tenant, other_tenant: Tenant) -> None:
    ours, theirs = DeviceFactory(tenant=tenant), DeviceFactory(tenant=other_tenant)

    answer = send(superuser(), "LOCK", ours, theirs)

    made = {request.tenant: request.devices for request in CommandRequest.objects.all()}
    assert made == {tenant: [ours.pk], other_tenant: [theirs.pk]}
    assert answer.redirect_chain[0][0] == "/admin/commands/commandrequest/"


def test_a_selection_with_devices_that_one_may_only_view_is_refused(tenant: Tenant, other_tenant: Tenant) -> None:
    user = UserFactory()
    Membership.objects.create(user=user, tenant=tenant, role=Role.OPERATOR)
    Membership.objects.create(user=user, tenant=other_tenant, role=Role.VIEWER)

    answer = select(browser(user), DeviceFactory(tenant=tenant), DeviceFactory(tenant=other_tenant))

    assert "You may not send commands to" in answer.content.decode()


def test_more_than_a_thousand_devices_are_refused(tenant: Tenant) -> None:
    some = DeviceFactory(tenant=tenant)
    Device.objects.bulk_create(
        [Device(tenant=tenant, platform="APPLE", serial=f"MANY{number}") for number in range(MAX_DEVICES)]
    )

    answer = select(member(tenant), some, select_across="1")

    assert "at most 1,000 devices" in answer.content.decode()
    assert not CommandRequest.objects.exists()


@pytest.mark.parametrize(
    "form",
    [{}, {"devices": "garbage", "command": "LOCK"}, {"devices": "", "command": "LOCK"}, {"command": "NO_SUCH"}],
)
def test_odd_posts_lead_back_to_the_list(tenant: Tenant, form: dict[str, str]) -> None:
    answer = member(tenant).post(SEND, form)

    assert (answer.status_code, answer["Location"]) == (302, DEVICES)


def test_one_devices_page_leads_to_sending_it_a_command(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)

    answer = member(tenant).get(f"{DEVICES}{device.pk}/send_to_this/")

    assert answer.context["ids"] == str(device.pk)
    assert "LOCK" in answer.content.decode()
