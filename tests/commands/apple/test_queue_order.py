"""Which command a connecting device is handed, and which it is not."""

import datetime as dt
import uuid
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from commands.models.status import State
from devices.models import Heartbeat
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import command, handed, report
from tests.factories.commands import CommandRequestFactory, queued
from tests.factories.fleet import row_of

MINUTE = dt.timedelta(minutes=1)


def ago(minutes: int) -> dt.datetime:
    return timezone.now() - minutes * MINUTE


def test_an_idle_device_without_commands_gets_an_empty_answer(device: SimulatedAppleDevice) -> None:
    response = report(device)

    assert (response.status_code, response.content) == (200, b"")


def test_commands_come_in_the_order_of_their_requests(device: SimulatedAppleDevice) -> None:
    row = row_of(device)
    third, first, second = (queued(row, "LOCK", not_before=ago(minutes)) for minutes in (1, 3, 2))

    order = [handed(report(device))]
    while order[-1]:
        order.append(handed(report(device, "Acknowledged", order[-1])))

    assert order == [str(first.pk), str(second.pk), str(third.pk), None]


def test_a_handed_command_is_initiated(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))

    assert command(report(device)) == {"RequestType": "DeviceLock"}
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.INITIATED, 1)
    assert row.sent_at is not None


def test_a_command_is_not_handed_before_its_time(device: SimulatedAppleDevice) -> None:
    queued(row_of(device), not_before=timezone.now() + MINUTE)

    assert handed(report(device)) is None


@pytest.mark.parametrize("state", [State.SUCCESS, State.FAILURE, State.CANCELLED, State.TIMEOUT, State.SCHEDULED])
def test_a_command_that_does_not_wait_is_not_handed(device: SimulatedAppleDevice, state: State) -> None:
    queued(row_of(device), state=state)

    assert handed(report(device)) is None


def test_a_command_that_is_never_answered_does_not_starve_the_others(device: SimulatedAppleDevice) -> None:
    stuck = queued(row_of(device), "REBOOT", not_before=ago(2))
    other = queued(row_of(device), "LOCK", not_before=ago(1))

    offers = [handed(report(device)) for _ in range(4)]

    assert offers == [str(stuck.pk)] * 3 + [str(other.pk)]


def test_a_command_offered_for_ages_is_still_offered(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), state=State.INITIATED, attempts=32767)

    assert handed(report(device)) == str(row.pk)


def test_a_row_that_cannot_be_built_fails_and_lets_the_others_pass(device: SimulatedAppleDevice) -> None:
    broken = queued(row_of(device), "INSTALL_PROFILE", not_before=ago(2))  # without its profile
    unknown = queued(row_of(device), "NO_SUCH_COMMAND", not_before=ago(2))
    good = queued(row_of(device), "LOCK", not_before=ago(1))

    assert handed(report(device)) == str(good.pk)
    broken.refresh_from_db()
    unknown.refresh_from_db()
    assert (broken.state, unknown.state) == (State.FAILURE, State.FAILURE)
    assert "could not build" in broken.reason


def test_a_broken_row_costs_no_report(device: SimulatedAppleDevice) -> None:
    first = queued(row_of(device), "LOCK", not_before=ago(2))
    queued(row_of(device), "INSTALL_PROFILE", not_before=ago(1))
    handed(report(device))

    assert handed(report(device, "Acknowledged", first.pk)) is None
    first.refresh_from_db()
    assert first.state == State.SUCCESS


def test_every_contact_is_a_sign_of_life(device: SimulatedAppleDevice) -> None:
    before = Heartbeat.objects.get(device=row_of(device)).last_seen

    report(device)

    assert Heartbeat.objects.get(device=row_of(device)).last_seen > before


def test_an_idle_device_costs_one_statement(device: SimulatedAppleDevice, tmp_path: Path) -> None:
    with (tmp_path / "wire").open("w+b") as wire:  # the driver's record, as hot statements go past Django's own
        connection.connection.pgconn.trace(wire.fileno())
        report(device)
        connection.connection.pgconn.untrace()
        wire.seek(0)
        sent = [line for line in wire if b"\tF\t" in line and (b"\tExecute\t" in line or b"\tQuery\t" in line)]

    assert len(sent) == 1


def test_a_foreign_tenants_commands_stay_where_they_are(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    theirs = queued(row_of(other_device))

    assert handed(report(device)) is None
    theirs.refresh_from_db()
    assert theirs.state == State.QUEUED


def test_a_report_on_nothing_we_know_is_not_answered_with_the_same_command_for_ever(
    device: SimulatedAppleDevice,
) -> None:
    row = queued(row_of(device))
    assert handed(report(device)) == str(row.pk)

    assert handed(report(device, "CommandFormatError")) is None
    assert handed(report(device, "Acknowledged", uuid.uuid4())) is None
    assert handed(report(device)) == str(row.pk)


def test_what_a_property_list_cannot_hold_fails_with_the_reason(device: SimulatedAppleDevice) -> None:
    args = {"state": "LOCKED", "message": "bell \x07"}
    request = CommandRequestFactory(
        tenant=row_of(device).tenant, command="SET_DEVICE_LOCKDOWN_STATE", command_args=args
    )
    row = queued(row_of(device), request=request)

    assert handed(report(device)) is None
    row.refresh_from_db()
    assert row.state == State.FAILURE
    assert row.reason.startswith("The command's arguments cannot be sent to an Apple device: strings can't contain")
