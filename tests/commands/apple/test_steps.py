"""Commands of several messages: in progress between them, each message with a name of its own."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from commands.models import CommandResult, CommandStatus
from commands.models.status import State
from commands.services.time_outs import time_out_commands
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import handed, report
from tests.factories.commands import queued
from tests.factories.fleet import row_of


@pytest.fixture
def row(device: SimulatedAppleDevice) -> CommandStatus:
    return queued(row_of(device), "DEVICE_INFORMATION")


def state_of(row: CommandStatus) -> tuple[str, int]:
    row.refresh_from_db()
    return row.state, row.step


def test_each_step_is_handed_over_when_the_one_before_is_answered(
    device: SimulatedAppleDevice, row: CommandStatus
) -> None:
    assert handed(report(device)) == str(row.pk)
    assert handed(report(device, "Acknowledged", row.pk, QueryResponses={"DeviceName": "x"})) == f"{row.pk}.1"
    assert state_of(row) == (State.IN_PROGRESS, 1)
    assert handed(report(device, "Acknowledged", f"{row.pk}.1", InstalledApplicationList=[])) == f"{row.pk}.2"
    assert handed(report(device, "Acknowledged", f"{row.pk}.2", ProfileList=[])) == f"{row.pk}.3"
    assert handed(report(device, "Acknowledged", f"{row.pk}.3", SecurityInfo={})) == f"{row.pk}.4"
    assert handed(report(device, "Acknowledged", f"{row.pk}.4", ManagedApplicationList={})) is None
    assert state_of(row) == (State.SUCCESS, 4)


def test_all_answers_are_kept_together(device: SimulatedAppleDevice, row: CommandStatus) -> None:
    device.connect()

    assert state_of(row)[0] == State.SUCCESS
    kept = set(CommandResult.objects.get(pk=row.pk).payload)
    assert kept == {
        "QueryResponses",
        "InstalledApplicationList",
        "ManagedApplicationList",
        "ProfileList",
        "SecurityInfo",
    }


def test_an_answer_said_twice_counts_once(device: SimulatedAppleDevice, row: CommandStatus) -> None:
    handed(report(device))
    report(device, "Acknowledged", row.pk, QueryResponses={"DeviceName": "first"})
    report(device, "Acknowledged", row.pk, QueryResponses={"DeviceName": "second"})

    assert state_of(row) == (State.IN_PROGRESS, 1)
    assert row_of(device).name == "first"


def test_a_step_whose_answer_got_lost_is_offered_again(device: SimulatedAppleDevice, row: CommandStatus) -> None:
    handed(report(device))
    assert handed(report(device, "Acknowledged", row.pk, QueryResponses={"DeviceName": "x"})) == f"{row.pk}.1"

    assert handed(report(device)) == f"{row.pk}.1"


def test_each_step_has_its_own_time(device: SimulatedAppleDevice, row: CommandStatus) -> None:
    handed(report(device))
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=9), tick=False):
        report(device, "Acknowledged", row.pk, QueryResponses={"DeviceName": "x"})
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=18), tick=False):
        assert time_out_commands() == 0
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=20), tick=False):
        assert time_out_commands() == 1


def test_a_late_first_answer_is_taken_and_the_rest_left_out(device: SimulatedAppleDevice, row: CommandStatus) -> None:
    handed(report(device))
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=11), tick=False):
        time_out_commands()
        assert handed(report(device, "Acknowledged", row.pk, QueryResponses={"DeviceName": "late"})) is None

    assert state_of(row) == (State.SUCCESS, 0)
    assert row_of(device).name == "late"


def test_another_device_answers_nothing_for_it(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice, row: CommandStatus
) -> None:
    handed(report(device))
    report(other_device, "Acknowledged", row.pk, QueryResponses={"DeviceName": "x"})

    assert state_of(row) == (State.INITIATED, 0)


@pytest.mark.parametrize("suffix", [".1", ".x", ".", ".-1", ".99999", ".1.1", "x"])
def test_a_step_that_is_not_out_is_not_answered(device: SimulatedAppleDevice, row: CommandStatus, suffix: str) -> None:
    handed(report(device))
    report(device, "Acknowledged", f"{row.pk}{suffix}", QueryResponses={"DeviceName": "x"})

    assert state_of(row) == (State.INITIATED, 0)
