"""Queued again after a failed delivery: a few times, later each time, never beyond the end of its window."""

import datetime as dt
import uuid

import pytest
import time_machine
from django.utils import timezone

from commands.models import CommandRequest, CommandStatus
from commands.models.status import State
from commands.services.queue import requeue_or_fail
from commands.services.time_outs import time_out_commands
from devices.models import DeviceState
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.factories.apple import handed, report
from tests.factories.commands import CommandRequestFactory, queued
from tests.factories.devices import DeviceFactory
from tests.factories.fleet import row_of

BROKEN = "It broke."


def later(**time: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + dt.timedelta(**time), tick=False)


def recurring(tenant: Tenant, **fields: object) -> CommandStatus:
    """Handed over, in a slot that is open for a day, and overdue."""
    device = DeviceFactory(tenant=tenant)
    request = CommandRequestFactory(
        tenant=tenant, command="LOCK", schedule=CommandRequest.Schedule.RECURRING, devices=[device.pk]
    )
    made = {"closes_at": timezone.now() + dt.timedelta(days=1), "expires_at": timezone.now() - dt.timedelta(seconds=1)}
    return queued(device, "LOCK", State.INITIATED, request=request, **{**made, **fields})


def test_waits_longer_each_time_and_fails_after_the_third(tenant: Tenant) -> None:
    row = queued(DeviceFactory(tenant=tenant), "LOCK", State.INITIATED, attempts=2, expires_at=timezone.now())
    seen = []

    with time_machine.travel(timezone.now(), tick=False):
        for _ in range(4):
            CommandStatus.objects.filter(pk=row.pk).update(state=State.INITIATED)
            moved = requeue_or_fail(row.pk, BROKEN)
            row.refresh_from_db()
            assert row.state == moved
            seen.append((row.state, row.reason, (row.not_before - timezone.now()).total_seconds()))

    assert seen == [
        (State.QUEUED, "It broke. Trying again (1 of 3).", 60),
        (State.QUEUED, "It broke. Trying again (2 of 3).", 240),
        (State.QUEUED, "It broke. Trying again (3 of 3).", 960),
        (State.FAILURE, BROKEN, 960),
    ]
    assert (row.attempts, row.expires_at, row.requeues) == (0, None, 3)


def test_fails_when_its_window_would_be_over_by_then(tenant: Tenant) -> None:
    closing = timezone.now() + dt.timedelta(seconds=59)
    row = queued(DeviceFactory(tenant=tenant), "LOCK", State.INITIATED, closes_at=closing)

    assert requeue_or_fail(row.pk, BROKEN) == State.FAILURE


@pytest.mark.parametrize("state", [State.QUEUED, State.SCHEDULED, State.SUCCESS, State.FAILURE, State.CANCELLED])
def test_leaves_alone_what_no_device_has(tenant: Tenant, state: State) -> None:
    row = queued(DeviceFactory(tenant=tenant), "LOCK", state, reason="as it was")

    assert requeue_or_fail(row.pk, BROKEN) is None

    row.refresh_from_db()
    assert (row.state, row.reason, row.requeues) == (state, "as it was", 0)


@pytest.mark.parametrize("state", [State.IN_PROGRESS, State.TIMEOUT])
def test_what_is_past_its_delivery_fails(tenant: Tenant, state: State) -> None:
    row = queued(DeviceFactory(tenant=tenant), "LOCK", state)

    assert requeue_or_fail(row.pk, BROKEN) == State.FAILURE


def test_a_row_that_is_gone_is_none(db: None) -> None:
    assert requeue_or_fail(uuid.uuid4(), BROKEN) is None


def test_a_wipe_that_fails_for_good_leaves_the_device_active(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, state=DeviceState.WIPE_IN_PROGRESS)
    row = queued(device, "WIPE", State.INITIATED)

    requeue_or_fail(row.pk, BROKEN)
    device.refresh_from_db()
    assert device.state == DeviceState.WIPE_IN_PROGRESS

    CommandStatus.objects.filter(pk=row.pk).update(state=State.INITIATED, requeues=3)
    requeue_or_fail(row.pk, BROKEN)
    device.refresh_from_db()
    assert device.state == DeviceState.ACTIVE


def test_the_device_is_given_it_again_when_its_time_has_come(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), "LOCK")
    assert handed(report(device))

    requeue_or_fail(row.pk, BROKEN)

    assert handed(report(device)) is None
    with later(seconds=61):
        assert handed(report(device)) == str(row.pk)


def test_a_recurring_command_that_times_out_in_its_slot_is_tried_again(tenant: Tenant, other_tenant: Tenant) -> None:
    ours, theirs = recurring(tenant), recurring(other_tenant, expires_at=timezone.now() + dt.timedelta(hours=1))

    assert time_out_commands() == 1

    ours.refresh_from_db()
    theirs.refresh_from_db()
    words = "The device has not answered within 2 minutes. Trying again (1 of 3)."
    assert (ours.state, ours.reason, ours.requeues) == (State.QUEUED, words, 1)
    assert theirs.state == State.INITIATED


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"requeues": 3}, id="had its chances"),
        pytest.param({"closes_at": None}, id="outside a slot"),
    ],
)
def test_otherwise_a_recurring_command_times_out_as_any_other(tenant: Tenant, fields: dict[str, object]) -> None:
    row = recurring(tenant, **fields)

    assert time_out_commands() == 1

    row.refresh_from_db()
    assert (row.state, row.reason) == (State.TIMEOUT, "The device has not answered within 2 minutes.")


def test_a_window_that_closes_before_the_next_try_is_a_time_out(tenant: Tenant) -> None:
    row = recurring(tenant, closes_at=timezone.now() + dt.timedelta(seconds=30))

    assert time_out_commands() == 1

    row.refresh_from_db()
    assert row.state == State.TIMEOUT


def in_slot(device: SimulatedAppleDevice, command: str = "LOCK") -> CommandStatus:
    """Queued, recurring, its window open for a day."""
    row = row_of(device)
    request = CommandRequestFactory(tenant=row.tenant, command=command, schedule="RECURRING", devices=[row.pk])
    return queued(row, command, request=request, closes_at=timezone.now() + dt.timedelta(days=1))


def test_an_error_while_the_window_is_open_is_tried_again_once_however_often_it_is_told(
    device: SimulatedAppleDevice,
) -> None:
    row = in_slot(device)
    assert handed(report(device)) == str(row.pk)

    for _ in range(2):
        assert handed(report(device, "Error", row.pk)) is None

    row.refresh_from_db()
    assert (row.state, row.requeues) == (State.QUEUED, 1)


@pytest.mark.parametrize("command", ["LOCK", "SET_TIMEZONE"], ids=["plain", "judged"])
def test_a_late_success_is_taken_and_it_is_not_tried_again(device: SimulatedAppleDevice, command: str) -> None:
    row = in_slot(device, command)
    CommandRequest.objects.filter(pk=row.request_id).update(command_args={"timezone_string": "Europe/Vienna"})
    assert handed(report(device)) == str(row.pk)
    with later(hours=1):
        assert time_out_commands() == 1
        report(device, "Acknowledged", row.pk)

        row.refresh_from_db()
        assert (row.state, row.requeues) == (State.SUCCESS, 1)
    with later(hours=2):
        assert handed(report(device)) is None
