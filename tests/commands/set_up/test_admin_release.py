"""A device's page says what it waits for in its set-up assistant, and lets it go on."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from commands.models import AppleEnrolment, CommandRequest, CommandStatus, Converge
from commands.models.status import State
from commands.services.fan_out import fan_out
from commands.services.set_up.releasing import release_waiting
from devices.models import Device
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import AuditEvent, Role, Tenant
from tests.factories.apple import command, report
from tests.factories.console import member
from tests.factories.converges import ConvergeFactory
from tests.factories.fleet import row_of

BUTTON = "Release from set-up assistant"


def page_of(device: Device, client: Client) -> str:
    return str(client.get(f"/admin/devices/device/{device.pk}/change/").content.decode())


def release(client: Client, device: Device) -> str:
    answer = client.post(f"/admin/devices/device/{device.pk}/release/", follow=True)
    return " ".join(str(message) for message in answer.context["messages"]) if answer.context else ""


@pytest.fixture
def device(phone: SimulatedAppleDevice) -> Device:
    return row_of(phone)


def test_the_page_says_for_what_it_waits(device: Device, tenant: Tenant) -> None:
    converge = ConvergeFactory(device, status=Converge.Status.IN_PROGRESS)
    page = page_of(device, member(tenant))
    for words in ("Set-up assistant", "in set-up", "its converge", f"/admin/commands/converge/{converge.pk}/", BUTTON):
        assert words in page
    assert "At most until" in page


def test_the_page_says_what_it_was_told_and_answered(device: Device, tenant: Tenant) -> None:
    for request_id in release_waiting():
        fan_out(request_id)
    CommandStatus.objects.update(state=State.FAILURE, reason="Cannot be done (MCMDMErrorDomain 12021)")
    page = page_of(device, member(tenant))
    for words in ("Told to go on", "just now", "Cannot be done"):
        assert words in page


@pytest.mark.parametrize("waiting", [None, False])
def test_the_page_of_one_that_does_not_wait_says_nothing_of_it(
    device: Device, tenant: Tenant, waiting: bool | None
) -> None:
    AppleEnrolment.objects.update(awaiting_configuration=waiting)
    page = page_of(device, member(tenant))
    assert "Set-up assistant" not in page
    assert BUTTON not in page


def test_somebody_lets_it_go_on_at_once(phone: SimulatedAppleDevice, device: Device, tenant: Tenant) -> None:
    ConvergeFactory(device, status=Converge.Status.IN_PROGRESS)
    client = member(tenant)
    assert "whether or not its blueprint" in client.get(f"/admin/devices/device/{device.pk}/release/").content.decode()

    assert "is told to go on" in release(client, device)

    request = CommandRequest.objects.get(command="UPDATE_DEVICE_CONFIG")
    assert (request.tenant, request.devices, request.is_internal) == (tenant, [device.pk], True)
    event = AuditEvent.objects.get(action="command_request.created", object_id=str(request.pk))
    assert (event.actor_kind, event.details["command"]) == ("console", "DeviceConfigured")
    fan_out(request.pk)
    assert command(report(phone)) == {"RequestType": "DeviceConfigured"}


def test_twice_is_once_and_wakes_it(device: Device, tenant: Tenant) -> None:
    client = member(tenant)
    release(client, device)
    AppleEnrolment.objects.update(wake_at=None)

    assert "woken once more" in release(client, device)

    assert CommandRequest.objects.count() == 1
    assert AppleEnrolment.objects.get().wake_at is not None


def test_after_an_error_it_can_be_told_again(device: Device, tenant: Tenant) -> None:
    for request_id in release_waiting():
        fan_out(request_id)
    CommandStatus.objects.update(state=State.FAILURE)
    AppleEnrolment.objects.update(release_sent_at=timezone.now() - dt.timedelta(minutes=2))
    assert "is told to go on" in release(member(tenant), device)
    assert CommandRequest.objects.count() == 2


def test_one_that_does_not_wait_is_said_so(device: Device, tenant: Tenant) -> None:
    AppleEnrolment.objects.update(awaiting_configuration=False)
    assert "does not wait" in release(member(tenant), device)
    assert not CommandRequest.objects.exists()


def test_viewers_and_others_may_not(device: Device, tenant: Tenant, other_tenant: Tenant) -> None:
    for client in (member(tenant, Role.VIEWER), member(other_tenant)):
        answer = client.post(f"/admin/devices/device/{device.pk}/release/")
        assert answer.status_code in (302, 403, 404)
    assert BUTTON not in page_of(device, member(tenant, Role.VIEWER))
    assert not CommandRequest.objects.exists()
