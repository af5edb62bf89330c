"""What beat and its workers may do to windows: come late, come twice, die half way, come at once."""

from typing import Any

import pytest
from pytest_django import Settings

from commands.models import CommandRequest, CommandStatus, ScheduleSlot
from commands.models.status import State
from commands.services import slots
from commands.services.fan_out import fan_out
from commands.services.slots import due_slots, turn_slot
from devices.models import Device
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import DeviceFactory, some_devices
from tests.factories.schedules import at, beat, scheduled, states
from tests.factories.tenants import TenantFactory
from tests.factories.threads import all_at_once

HOUR: dict[str, Any] = {"start_datetime": "2027-01-11T10:00:00Z", "end_datetime": "2027-01-11T11:00:00Z"}
DAILY: dict[str, Any] = {
    "start_datetime": "2027-01-11T00:00:00Z",
    "end_datetime": "2027-01-21T00:00:00Z",
    "window_start_time": "10:00",
    "window_end_time": "14:00",
}


def turn(moment: str) -> None:
    with at(moment):
        beat()


def test_a_beat_that_was_down_for_an_hour_opens_what_is_still_open(api: ApiClient, tenant: Tenant) -> None:
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, DeviceFactory(tenant=tenant), schedule="RECURRING", **DAILY)
    turn("2027-01-11T11:00Z")
    turn("2027-01-11T11:00:05Z")

    assert states(request) == ["Queued", "Scheduled"]


def test_windows_that_passed_while_it_was_down_are_not_made_up_for(api: ApiClient, tenant: Tenant) -> None:
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, DeviceFactory(tenant=tenant), schedule="RECURRING", **DAILY)
    turn("2027-01-14T10:30Z")
    turn("2027-01-14T10:30:10Z")

    rows = CommandStatus.objects.filter(request_id=request).order_by("occurrence")
    assert [(row.occurrence, row.state) for row in rows] == [
        (2, State.TIMEOUT),
        (5, State.QUEUED),
        (6, State.SCHEDULED),
    ]
    assert rows[0].reason == "The window passed before it could be opened."


def test_a_schedule_whose_first_nudge_was_lost_is_swept(tenant: Tenant, api: ApiClient) -> None:
    device = DeviceFactory(tenant=tenant)
    with at("2027-01-11T09:00Z"):
        request_id = scheduled(api, device, **HOUR)
    ScheduleSlot.objects.all().delete()
    CommandStatus.objects.all().delete()
    CommandRequest.objects.update(fanned_out_at=None)

    with at("2027-01-11T10:10Z"):
        fan_out(CommandRequest.objects.get().pk)
        fan_out(CommandRequest.objects.get().pk)
        beat()

    assert states(request_id) == ["Queued"]
    assert ScheduleSlot.objects.count() == 1


@pytest.mark.parametrize("phase", ["announce", "open", "close"])
def test_a_worker_that_dies_between_slices_is_followed_by_another(
    api: ApiClient, tenant: Tenant, settings: Settings, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FAN_OUT_SLICE = 2
    devices = some_devices(5, tenant=tenant)
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, *devices, **HOUR)
    moments = {"announce": "2027-01-11T09:01Z", "open": "2027-01-11T10:00Z", "close": "2027-01-11T11:00Z"}
    expected = {"announce": "Scheduled", "open": "Queued", "close": "TimeOut"}
    if phase == "announce":
        CommandStatus.objects.all().delete()
        ScheduleSlot.objects.update(phase="announcing", due_at="2027-01-11T09:00Z", cursor=None)
    if phase == "close":
        turn("2027-01-11T10:00Z")
    with at(moments[phase]):
        slot = ScheduleSlot.objects.get()
        slots._turn(slot.pk)  # and then it was killed
        assert states(request).count(expected[phase]) == 2
        beat()

    assert states(request) == [expected[phase]] * 5


def test_each_device_has_one_row_for_each_slot_in_any_number_of_slices(
    api: ApiClient, tenant: Tenant, settings: Settings
) -> None:
    settings.FAN_OUT_SLICE = 3
    devices = some_devices(7, tenant=tenant)
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, *devices, schedule="RECURRING", **DAILY)
    for day in range(11, 14):
        turn(f"2027-01-{day}T10:00Z")
        turn(f"2027-01-{day}T14:00Z")

    assert {len(states(request, device)) for device in devices} == {4}


# --- at once ------------------------------------------------------------------------------------------------------


def turn_due() -> None:
    for slot in due_slots(10):
        turn_slot(slot)


@pytest.mark.django_db(transaction=True)
def test_two_beats_do_not_double(settings: Settings) -> None:
    settings.FAN_OUT_SLICE = 2
    tenant = TenantFactory(name="Ours")
    devices: list[Device] = some_devices(9, tenant=tenant)
    request = CommandRequest.objects.create(
        tenant=tenant,
        command_type="DEVICE",
        devices=[device.pk for device in devices],
        command="WIPE",
        schedule="RECURRING",
        schedule_args={**DAILY, "days": []},
        ends_at="2027-01-21T00:00:00Z",
    )
    with at("2027-01-11T09:00Z"):
        all_at_once(*[lambda: fan_out(request.pk)] * 2)
    for moment in ("2027-01-11T09:01Z", "2027-01-11T10:00Z", "2027-01-11T10:01Z", "2027-01-11T14:00Z"):
        with at(moment):
            all_at_once(*[turn_due] * 3)
            beat()

    rows = CommandStatus.objects.filter(request=request)
    assert {row.state for row in rows.filter(occurrence=2)} == {State.TIMEOUT}
    assert [rows.filter(occurrence=number).count() for number in (2, 3)] == [9, 9]
    assert rows.count() == 18
