"""CONVERGE and UPDATE_BLUEPRINT: a converge for each row, and the row ends as it does."""

import datetime as dt
from typing import Any

import pytest
import time_machine

from commands.models import CommandRequest, CommandStatus, Converge
from commands.models.status import State
from commands.services.converges.sweeps import sweep_converges
from commands.services.sweeps import turn_due_slots
from commands.services.time_outs import time_out_commands
from devices.models import Device
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.conftest import ApiClient
from tests.factories.apple import handed, report
from tests.factories.carriage import send
from tests.factories.converges import with_blueprint
from tests.factories.converging import NO_CAMERA, WEB_CLIP, WIFI, carried_out, commands_of
from tests.factories.devices import AndroidFactory, DeviceFactory

Status = Converge.Status
REQUESTS, STATUSES = "/api/commands/v0/commands/", "/api/commands/v0/status/"
WAITS = "Waits until the device has been brought to its blueprint."


def told(row: CommandStatus) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state.removeprefix("Command "), row.reason


def request_for(api: ApiClient, command: str, *devices: Device, **more: Any) -> CommandRequest:
    ids = [str(device.pk) for device in devices]
    answer = api.post(REQUESTS, {"command_type": "DEVICE", "devices": ids, "command": command, **more})
    assert answer.status_code == 201, answer.content
    return CommandRequest.objects.get(pk=answer.json()["content"]["id"])


def until_it_ends(phone: SimulatedAppleDevice) -> None:
    for _ in range(4):
        phone.connect()
        sweep_converges()


def test_the_row_waits_for_its_converge_and_ends_with_it(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    blueprint = with_blueprint(device, ios={**NO_CAMERA, **WIFI})

    row = send(api, phone, "CONVERGE")

    converge = Converge.objects.get()
    assert told(row) == ("Queued", WAITS)
    assert (converge.command_status_id, converge.cause, converge.created_by) == (row.pk, "command", "caller-1")
    until_it_ends(phone)
    assert told(row) == ("Success", "2 commands succeeded.")
    device.refresh_from_db()
    assert device.current_blueprint_id == blueprint.pk


def test_what_fails_is_the_rows_reason(api: ApiClient, phone: SimulatedAppleDevice, device: Device) -> None:
    with_blueprint(device, ios=NO_CAMERA)
    row = send(api, phone, "CONVERGE")
    report(phone, "Error", handed(report(phone)), ErrorChain=[{"ErrorCode": 1, "LocalizedDescription": "No"}])

    sweep_converges()

    state, reason = told(row)
    assert state == "Failure"
    assert reason.startswith("1 of 1 command failed: Restrictions (")


def test_where_nothing_differs_it_is_done_at_once(api: ApiClient, phone: SimulatedAppleDevice, device: Device) -> None:
    with_blueprint(device, ios=NO_CAMERA)
    carried_out(api, phone, device)

    assert told(send(api, phone, "CONVERGE")) == ("Success", "Nothing differed.")


def test_update_blueprint_sends_also_what_does_not_differ(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    with_blueprint(device, ios=NO_CAMERA)
    carried_out(api, phone, device)

    row = send(api, phone, "UPDATE_BLUEPRINT")
    until_it_ends(phone)

    assert told(row) == ("Success", "1 command succeeded.")
    assert commands_of(Converge.objects.get(command_status=row)) == [("Restrictions", "Success")]


def test_its_argument_says_whether_provisioning_counts(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    only = {"camera_settings": {"apply_policy": "PROVISION ONLY", "allow_camera_access": False}}
    with_blueprint(device, ios=only)

    plain, with_it = send(api, phone, "CONVERGE"), send(api, phone, "CONVERGE", converge_with_provision_option=True)
    until_it_ends(phone)

    assert told(plain) == ("Success", "Nothing differed.")
    assert told(with_it) == ("Success", "1 command succeeded.")


def test_devices_that_cannot_are_refused_one_by_one(api: ApiClient, device: Device) -> None:
    with_blueprint(device, ios=NO_CAMERA)
    bare, android = DeviceFactory(tenant=device.tenant), AndroidFactory(tenant=device.tenant)
    draft, asleep = DeviceFactory(tenant=device.tenant), DeviceFactory(tenant=device.tenant, state=100)
    with_blueprint(draft, publish=False)
    with_blueprint(asleep)

    request = request_for(api, "CONVERGE", device, bare, android, draft, asleep)

    rows = {row.device_id: told(row) for row in CommandStatus.objects.filter(request=request)}
    assert rows[device.pk] == ("Queued", WAITS)
    assert rows[bare.pk] == ("Failure", "The device has no blueprint: assign one to it or to its group.")
    assert rows[android.pk] == ("Failure", "command not supported on ANDROID: CONVERGE")
    assert "is published: publish a version" in rows[draft.pk][1]
    assert rows[asleep.pk] == ("Failure", "The device is not provisioned: it is in the state 100 (Onboarded).")
    assert [row.device_id for row in Converge.objects.all()] == [device.pk]


def test_cancelling_the_row_cancels_what_has_not_been_sent(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    with_blueprint(device, ios={**NO_CAMERA, **WIFI})
    row = send(api, phone, "CONVERGE")

    answer = api.put(f"{STATUSES}{row.pk}/", {"state": "Command Cancelled"})
    sweep_converges()

    converge = Converge.objects.get()
    assert answer.status_code == 200
    assert told(row) == ("Cancelled", "Cancelled by caller-1")
    assert {state for _, state in commands_of(converge)} == {"Cancelled"}
    assert converge.status == Status.FAILURE
    assert converge.reason.startswith("Cancelled by caller-1 2 of 2 commands failed: ")
    assert phone.connect().executed == ()


def test_cancelling_one_that_waits_behind_another_ends_that_one_only(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    with_blueprint(device, ios=NO_CAMERA)
    first, second = send(api, phone, "CONVERGE"), send(api, phone, "CONVERGE")

    api.put(f"{STATUSES}{second.pk}/", {"state": "Command Cancelled"})
    sweep_converges()

    ends = {row.command_status_id: (row.status, row.reason) for row in Converge.objects.all()}
    assert ends[second.pk] == (Status.FAILURE, "Cancelled by caller-1")
    assert ends[first.pk][0] == Status.IN_PROGRESS


def test_what_the_device_has_been_given_cannot_be_cancelled(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    with_blueprint(device, ios={**NO_CAMERA, **WIFI})
    row = send(api, phone, "CONVERGE")
    report(phone)  # it takes the first
    sweep_converges()

    answer = api.put(f"{STATUSES}{row.pk}/", {"state": "Command Cancelled"})

    assert told(row)[0] == "In Progress"
    assert answer.status_code == 400


def test_after_three_days_without_an_answer_it_is_given_up(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    with_blueprint(device, ios={**NO_CAMERA, **WIFI})
    with time_machine.travel("2027-03-01T09:00:00Z", tick=False) as clock:
        row = send(api, phone, "CONVERGE")
        report(phone)
        sweep_converges()
        clock.shift(dt.timedelta(days=3, seconds=1))
        time_out_commands()
        sweep_converges()

    assert told(row) == ("TimeOut", "The device has not answered within 3 days.")
    assert Converge.objects.get().status == Status.FAILURE


def test_it_is_never_handed_to_a_device_itself(api: ApiClient, phone: SimulatedAppleDevice, device: Device) -> None:
    with_blueprint(device, ios=NO_CAMERA)
    row = send(api, phone, "CONVERGE")
    CommandStatus.objects.filter(pk=row.pk).update(not_before=row.created_at)

    given = [handed(report(phone)), handed(report(phone))]

    assert str(row.pk) not in given
    assert told(row) == ("Failure", "What it was to bring about has ended.")


class TestWindows:
    ARGS = {
        "start_datetime": "2027-03-01T18:00:00Z",
        "end_datetime": "2027-03-02T22:00:00Z",
        "window_start_time": "20:00",
        "window_end_time": "22:00",
    }

    @pytest.fixture
    def scheduled(self, api: ApiClient, device: Device) -> CommandStatus:
        """In two windows."""
        with_blueprint(device, ios={**NO_CAMERA, **WEB_CLIP})
        with time_machine.travel("2027-03-01T09:00:00Z", tick=False):
            request = request_for(api, "CONVERGE", device, schedule="WINDOW", schedule_args=self.ARGS)
        return CommandStatus.objects.get(request=request)

    def beat(self) -> None:
        turn_due_slots()
        sweep_converges()

    def test_it_converges_while_the_window_is_open(self, phone: SimulatedAppleDevice, scheduled: CommandStatus) -> None:
        assert (scheduled.state, Converge.objects.count()) == (State.SCHEDULED, 0)

        with time_machine.travel("2027-03-01T20:00:01Z", tick=False):
            self.beat()
            assert Converge.objects.get().closes_at == dt.datetime(2027, 3, 1, 22, tzinfo=dt.UTC)
            until_it_ends(phone)

        assert told(scheduled) == ("Success", "2 commands succeeded.")

    def test_what_was_not_collected_has_the_next_window(
        self, phone: SimulatedAppleDevice, scheduled: CommandStatus
    ) -> None:
        with time_machine.travel("2027-03-01T20:00:01Z", tick=False) as clock:
            self.beat()
            clock.move_to(dt.datetime(2027, 3, 1, 22, 0, 1, tzinfo=dt.UTC), tick=False)
            self.beat()
            self.beat()
            assert told(scheduled)[0] == "Scheduled"
            assert Converge.objects.get().status == Status.FAILURE
            clock.move_to(dt.datetime(2027, 3, 2, 20, 0, 1, tzinfo=dt.UTC), tick=False)
            self.beat()
            until_it_ends(phone)

        assert told(scheduled) == ("Success", "2 commands succeeded.")
        assert sorted(Converge.objects.values_list("status", flat=True)) == ["FAILURE", "SUCCESS"]

    def test_the_next_window_counts_though_nobody_saw_the_first_one_close(
        self, phone: SimulatedAppleDevice, scheduled: CommandStatus
    ) -> None:
        """As after an outage, or where one window follows the other at once."""
        with time_machine.travel("2027-03-01T20:00:01Z", tick=False) as clock:
            self.beat()
            clock.move_to(dt.datetime(2027, 3, 2, 20, 0, 10, tzinfo=dt.UTC), tick=False)
            turn_due_slots()
            turn_due_slots()
            assert Converge.objects.count() == 2
            assert report(phone).content == b""  # nothing of the first window is handed over any more
            until_it_ends(phone)

        assert told(scheduled) == ("Success", "2 commands succeeded.")
        assert sorted(Converge.objects.values_list("status", flat=True)) == ["FAILURE", "SUCCESS"]

    def test_one_that_was_done_as_its_window_closed_is_done_in_the_next(
        self, phone: SimulatedAppleDevice, scheduled: CommandStatus
    ) -> None:
        with time_machine.travel("2027-03-01T20:00:01Z", tick=False) as clock:
            self.beat()
            phone.connect()
            clock.move_to(dt.datetime(2027, 3, 1, 22, 0, 1, tzinfo=dt.UTC), tick=False)
            self.beat()
            self.beat()
            clock.move_to(dt.datetime(2027, 3, 2, 20, 0, 1, tzinfo=dt.UTC), tick=False)
            self.beat()
            self.beat()

        assert told(scheduled) == ("Success", "Nothing differed.")

    def test_the_end_of_the_last_window_is_the_end(self, phone: SimulatedAppleDevice, scheduled: CommandStatus) -> None:
        with time_machine.travel("2027-03-02T20:00:01Z", tick=False) as clock:
            self.beat()
            clock.move_to(dt.datetime(2027, 3, 2, 22, 0, 1, tzinfo=dt.UTC), tick=False)
            self.beat()
            self.beat()

        assert told(scheduled) == ("TimeOut", "The window closed before the device came for the command.")
        assert set(Converge.objects.values_list("status", flat=True)) == {Status.FAILURE}
        assert phone.connect().executed == ()
