"""Delivered is not done: a command is offered until its final answer, whatever gets lost on the way."""

import datetime as dt

from django.utils import timezone

from commands.models import AppleEnrolment
from commands.models.status import State
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import handed, report
from tests.factories.commands import queued
from tests.factories.fleet import row_of

MINUTE = dt.timedelta(minutes=1)


def test_a_command_whose_answer_got_lost_is_offered_again(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))
    device.faults.lose_replies = 1

    assert device.connect().ending == "reply lost"
    assert [step.status for step in device.connect().executed] == ["Acknowledged"]
    row.refresh_from_db()
    assert row.state == State.SUCCESS


def test_a_command_that_got_lost_on_its_way_is_offered_again(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))
    device.faults.lose_commands = 1

    assert device.connect().ending == "command lost"
    device.connect()
    row.refresh_from_db()
    assert row.state == State.SUCCESS


def test_a_report_that_comes_twice_counts_once(device: SimulatedAppleDevice) -> None:
    first = queued(row_of(device), not_before=timezone.now() - MINUTE)
    second = queued(row_of(device))
    device.faults.repeat_replies = 1

    executed = device.connect().executed

    assert [step.command_uuid for step in executed] == [str(first.pk), str(second.pk)]
    second.refresh_from_db()
    assert second.state == State.SUCCESS


def test_an_answered_command_is_not_handed_again_on_the_connection(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))
    handed(report(device))

    assert handed(report(device, "Error", row.pk)) is None
    assert handed(report(device)) is None


def test_a_lost_answer_is_asked_for_by_a_push_that_waits_longer_each_time(device: SimulatedAppleDevice) -> None:
    queued(row_of(device))
    waits = []
    for _ in range(3):
        report(device)
        due = AppleEnrolment.objects.get(device=row_of(device)).wake_at
        assert due is not None
        waits.append(round((due - timezone.now()).total_seconds() / 30))

    assert waits == [2, 4, 8]


def test_nothing_is_pushed_for_when_nothing_waits(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))
    handed(report(device))
    report(device, "Acknowledged", row.pk)

    assert AppleEnrolment.objects.get(device=row_of(device)).wake_at is None


def test_a_late_result_after_a_time_out_is_taken(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), state=State.TIMEOUT, reason="No answer in time.")

    report(device, "Acknowledged", row.pk)

    row.refresh_from_db()
    assert (row.state, row.reason) == (State.SUCCESS, "")


def test_a_late_failure_after_a_time_out_is_taken(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), state=State.TIMEOUT)

    report(device, "CommandFormatError", row.pk)

    row.refresh_from_db()
    assert row.state == State.FAILURE


def test_a_late_result_after_a_final_state_changes_nothing(device: SimulatedAppleDevice) -> None:
    rows = [queued(row_of(device), state=state, reason="before") for state in (State.FAILURE, State.CANCELLED)]

    for row in rows:
        assert report(device, "Acknowledged", row.pk).status_code == 200
        row.refresh_from_db()
        assert row.reason == "before"
    assert [row.state for row in rows] == [State.FAILURE, State.CANCELLED]


def test_another_tenants_device_cannot_answer_in_its_place(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    row = queued(row_of(device))
    handed(report(device))

    assert report(other_device, "Acknowledged", row.pk).status_code == 200
    row.refresh_from_db()
    assert row.state == State.INITIATED
