"""NotNow is a wait: others pass, the next connection is offered it again, a push for it waits an hour."""

import datetime as dt

from django.utils import timezone

from commands.models import AppleEnrolment
from commands.models.status import State
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import handed, report
from tests.factories.commands import queued
from tests.factories.fleet import row_of

MINUTE = dt.timedelta(minutes=1)


def wake_at(device: SimulatedAppleDevice) -> dt.datetime | None:
    return AppleEnrolment.objects.get(device=row_of(device)).wake_at


def test_lets_the_others_pass_on_the_same_connection(device: SimulatedAppleDevice) -> None:
    put_off = queued(row_of(device), "REMOVE_PROFILE", not_before=timezone.now() - 2 * MINUTE)
    put_off.request.command_args = {"profile_identifier": "a.b"}
    put_off.request.save()
    other = queued(row_of(device), "LOCK", not_before=timezone.now() - MINUTE)
    handed(report(device))

    assert handed(report(device, "NotNow", put_off.pk)) == str(other.pk)
    assert handed(report(device, "Acknowledged", other.pk)) is None


def test_is_offered_again_on_the_next_connection(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))
    handed(report(device))
    report(device, "NotNow", row.pk)

    assert handed(report(device)) == str(row.pk)


def test_is_no_result(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))
    handed(report(device))
    report(device, "NotNow", row.pk)

    row.refresh_from_db()
    assert row.state == State.INITIATED
    assert "NotNow" in row.reason


def test_every_connection_offers_all_that_was_put_off_once(device: SimulatedAppleDevice) -> None:
    rows = [queued(row_of(device), not_before=timezone.now() - minutes * MINUTE) for minutes in (3, 2, 1)]

    for _ in range(2):
        offers = [handed(report(device))]
        while offers[-1]:
            offers.append(handed(report(device, "NotNow", offers[-1])))
        assert offers == [*(str(row.pk) for row in rows), None]


def test_an_answer_after_it_counts_and_clears_its_reason(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))
    handed(report(device))
    report(device, "NotNow", row.pk)
    handed(report(device))
    report(device, "Acknowledged", row.pk)

    row.refresh_from_db()
    assert (row.state, row.reason) == (State.SUCCESS, "")


def test_a_push_for_it_waits_an_hour(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))
    handed(report(device))
    report(device, "NotNow", row.pk)

    due = wake_at(device)
    assert due is not None
    assert 50 * MINUTE < due - timezone.now() <= 60 * MINUTE


def test_a_foreign_device_cannot_put_a_command_off(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    row = queued(row_of(device))
    handed(report(device))

    report(other_device, "NotNow", row.pk)

    row.refresh_from_db()
    assert (row.not_now_at, row.reason) == (None, "")


def test_comes_after_a_result_without_effect(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))
    handed(report(device))
    report(device, "Acknowledged", row.pk)

    report(device, "NotNow", row.pk)

    row.refresh_from_db()
    assert (row.state, row.reason) == (State.SUCCESS, "")


def test_a_locked_device_does_what_waited_when_it_is_unlocked(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), "REMOVE_PROFILE")
    row.request.command_args = {"profile_identifier": "not.there"}
    row.request.save()
    device.lock()
    assert [step.status for step in device.connect().executed] == ["NotNow"]

    conversation = device.unlock()

    assert conversation is not None
    assert [step.status for step in conversation.executed] == ["Error"]
