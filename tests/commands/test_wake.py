"""When a device is woken: once for many commands, not while a push is out and unseen, again after it came."""

import datetime as dt

import pytest
from django.utils import timezone

from commands.apple.push import find_lost_wakes
from commands.models import AppleEnrolment
from commands.services.fan_out import fan_out
from devices.models import Device
from tenants.models import Tenant
from tests.factories.commands import AppleEnrolmentFactory, CommandRequestFactory, queued
from tests.factories.devices import DeviceFactory, seen

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def enrolment(tenant: Tenant) -> AppleEnrolment:
    device = DeviceFactory(tenant=tenant)
    seen(device, 2 * HOUR)
    row: AppleEnrolment = AppleEnrolmentFactory(device=device)
    return row


def send(*devices: Device) -> None:
    tenant = devices[0].tenant
    request = CommandRequestFactory(tenant=tenant, devices=[device.pk for device in devices], fanned_out_at=None)
    fan_out(request.pk)


def due(enrolment: AppleEnrolment) -> bool:
    """Whether it is to be pushed now."""
    enrolment.refresh_from_db()
    return enrolment.wake_at is not None and enrolment.wake_at <= timezone.now()


def test_a_new_command_wakes_its_device(enrolment: AppleEnrolment) -> None:
    send(enrolment.device)

    assert due(enrolment)


def test_a_refused_command_wakes_nobody(enrolment: AppleEnrolment) -> None:
    request = CommandRequestFactory(
        tenant=enrolment.tenant, command="NOTIFY_DEVICE", devices=[enrolment.device_id], fanned_out_at=None
    )
    fan_out(request.pk)

    assert not due(enrolment)


def test_a_second_command_leaves_the_first_ones_wake_alone(enrolment: AppleEnrolment) -> None:
    send(enrolment.device)
    enrolment.refresh_from_db()
    before = enrolment.wake_at

    send(enrolment.device)

    enrolment.refresh_from_db()
    assert enrolment.wake_at == before


def test_no_push_while_one_is_out_that_the_device_has_not_come_for(enrolment: AppleEnrolment) -> None:
    now = timezone.now()
    AppleEnrolment.objects.update(pushed_at=now, wake_at=now + HOUR)

    send(enrolment.device)

    assert not due(enrolment)


def test_a_push_again_once_the_device_has_come(enrolment: AppleEnrolment) -> None:
    now = timezone.now()
    AppleEnrolment.objects.update(pushed_at=now - HOUR, wake_at=now + HOUR)
    seen(enrolment.device)

    send(enrolment.device)

    assert due(enrolment)


def test_a_back_off_after_failed_pushes_is_kept(enrolment: AppleEnrolment) -> None:
    AppleEnrolment.objects.update(pushed_at=None, wake_at=timezone.now() + HOUR, push_failures=3)

    send(enrolment.device)

    assert not due(enrolment)


@pytest.mark.parametrize("columns", [{"enabled_at": None}, {"channel": "user"}])
def test_a_channel_that_takes_no_commands_is_not_woken(enrolment: AppleEnrolment, columns: dict[str, object]) -> None:
    AppleEnrolment.objects.update(**columns)

    send(enrolment.device)

    assert not due(enrolment)


def test_a_lost_wake_is_found(enrolment: AppleEnrolment) -> None:
    queued(enrolment.device)

    assert find_lost_wakes() == 1
    assert due(enrolment)
    assert find_lost_wakes() == 0


@pytest.mark.parametrize(
    "columns",
    [{"enabled_at": None}, {"push_token_dead_at": timezone.now()}, {"wake_at": timezone.now() + HOUR}],
    ids=" ".join,
)
def test_no_wake_is_found_where_none_was_lost(enrolment: AppleEnrolment, columns: dict[str, object]) -> None:
    queued(enrolment.device)
    AppleEnrolment.objects.update(**columns)

    assert find_lost_wakes() == 0


def test_a_command_that_is_not_due_yet_is_no_lost_wake(enrolment: AppleEnrolment) -> None:
    queued(enrolment.device, not_before=timezone.now() + HOUR)

    assert find_lost_wakes() == 0


def test_another_tenants_device_is_not_woken_along(enrolment: AppleEnrolment, other_tenant: Tenant) -> None:
    theirs: AppleEnrolment = AppleEnrolmentFactory(device=DeviceFactory(tenant=other_tenant))

    send(enrolment.device)

    assert not due(theirs)
