"""Converges in a WINDOW: they wait, run while it is open, and go back into the queue for the next."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from commands.models import CommandStatus, Converge
from commands.models.status import State
from commands.services.converges.sweeps import sweep_converges
from devices.models import Device
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.conftest import ApiClient
from tests.factories.apple import handed, report
from tests.factories.converges import with_blueprint
from tests.factories.converging import NO_CAMERA, WIFI, asked, brought_to_its_end, commands_of

Status = Converge.Status
NIGHTLY = {
    "start_datetime": "2027-03-01T18:00:00Z",
    "end_datetime": "2027-03-02T22:00:00Z",
    "window_start_time": "20:00",
    "window_end_time": "22:00",
}
ONCE = {"start_datetime": "2027-03-01T20:00:00Z", "end_datetime": "2027-03-01T22:00:00Z"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2027-03-01T09:00:00Z", tick=False) as clock:
        yield clock


def at(clock: time_machine.Traveller, day: int, hour: int, second: int = 1) -> None:
    """Beat comes at that time."""
    clock.move_to(dt.datetime(2027, 3, day, hour, 0, second, tzinfo=dt.UTC), tick=False)
    sweep_converges()


@pytest.fixture
def nightly(api: ApiClient, device: Device) -> Converge:
    return scheduled(api, device, NIGHTLY)


def scheduled(api: ApiClient, device: Device, args: dict[str, Any]) -> Converge:
    with_blueprint(device, ios={**NO_CAMERA, **WIFI})
    return asked(api, device, schedule_type="WINDOW", schedule_args=args)


def told(row: Converge) -> tuple[str, str]:
    row.refresh_from_db()
    return row.status, row.reason


def test_nothing_is_sent_before_the_window_opens(
    nightly: Converge, phone: SimulatedAppleDevice, clock: time_machine.Traveller
) -> None:
    at(clock, 1, 19)

    assert told(nightly) == (Status.QUEUED, "The window opens at 2027-03-01 20:00 (UTC).")
    assert phone.connect().executed == ()


def test_it_runs_while_the_window_is_open(
    nightly: Converge, phone: SimulatedAppleDevice, clock: time_machine.Traveller
) -> None:
    at(clock, 1, 20)

    closings = set(CommandStatus.objects.values_list("closes_at", flat=True))
    assert closings == {dt.datetime(2027, 3, 1, 22, tzinfo=dt.UTC)}
    assert brought_to_its_end(phone, nightly).status == Status.SUCCESS


def test_another_converge_may_run_before(
    api: ApiClient, nightly: Converge, phone: SimulatedAppleDevice, device: Device, clock: time_machine.Traveller
) -> None:
    brought_to_its_end(phone, asked(api, device))

    at(clock, 1, 20)

    assert told(nightly) == (Status.SUCCESS, "Nothing differed.")


def test_what_is_left_at_closing_ends_and_waits_for_the_next_window(
    nightly: Converge, phone: SimulatedAppleDevice, clock: time_machine.Traveller
) -> None:
    at(clock, 1, 20)
    command = handed(report(phone))

    at(clock, 1, 22)

    assert told(nightly) == (Status.QUEUED, "The window opens at 2027-03-02 20:00 (UTC).")
    rows = {str(row.pk): (row.state, row.reason) for row in CommandStatus.objects.all()}
    assert rows.pop(str(command)) == (State.TIMEOUT, "The window closed before the device answered.")
    assert list(rows.values()) == [(State.TIMEOUT, "The window closed before the device came for the command.")]
    at(clock, 2, 20)
    assert brought_to_its_end(phone, nightly).reason == "2 commands succeeded."
    assert [state for _, state in commands_of(nightly)] == ["TimeOut", "TimeOut", "Success", "Success"]


def test_what_was_done_in_the_first_window_is_not_sent_in_the_second(
    nightly: Converge, phone: SimulatedAppleDevice, clock: time_machine.Traveller
) -> None:
    at(clock, 1, 20)
    report(phone, "Acknowledged", handed(report(phone)))

    at(clock, 1, 22)
    at(clock, 2, 20)

    assert brought_to_its_end(phone, nightly).reason == "1 command succeeded."


def test_after_the_last_window_it_has_failed(
    nightly: Converge, phone: SimulatedAppleDevice, device: Device, clock: time_machine.Traveller
) -> None:
    at(clock, 1, 20)
    at(clock, 1, 22)
    at(clock, 2, 20)
    at(clock, 2, 22)

    status, reason = told(nightly)
    assert status == Status.FAILURE
    assert reason.startswith("The window closed before all of it was done. 2 of 2 commands failed: ")
    device.refresh_from_db()
    assert device.converge_status == Device.ConvergeStatus.FAILED
    assert phone.connect().executed == ()


def test_a_window_that_nobody_could_open_has_passed(
    api: ApiClient, device: Device, clock: time_machine.Traveller
) -> None:
    row = scheduled(api, device, ONCE)

    at(clock, 1, 23)

    assert told(row) == (Status.FAILURE, "The window passed before it could be opened.")
    assert not CommandStatus.objects.exists()


def test_of_two_windows_a_missed_one_leaves_the_other(nightly: Converge, clock: time_machine.Traveller) -> None:
    at(clock, 1, 23)

    assert told(nightly) == (Status.QUEUED, "The window opens at 2027-03-02 20:00 (UTC).")


def test_what_has_ended_at_closing_is_done(
    nightly: Converge, phone: SimulatedAppleDevice, clock: time_machine.Traveller
) -> None:
    """Only nobody has looked yet."""
    at(clock, 1, 20)
    phone.connect()

    at(clock, 1, 22)

    assert told(nightly) == (Status.SUCCESS, "2 commands succeeded.")


def test_a_device_that_is_gone_when_the_window_opens_ends_it(
    nightly: Converge, device: Device, clock: time_machine.Traveller
) -> None:
    Device.objects.filter(pk=device.pk).update(state=20)

    at(clock, 1, 20)

    assert told(nightly) == (Status.FAILURE, "The device is not provisioned: it is in the state 20 (Disabled).")
