"""RECURRING: once in each window, a row of its own for each, until the end or until somebody takes the device out."""

import uuid
from typing import Any

import pytest
from pytest_django import Settings

from commands.models import CommandRequest, CommandStatus, ScheduleSlot
from commands.models.status import State
from commands.services.cancellations import finish_cancellations
from commands.services.requests import cancel_command_request
from devices.models import Device
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.apple import handed, report
from tests.factories.devices import DeviceFactory, DeviceGroupFactory
from tests.factories.fleet import row_of
from tests.factories.schedules import COMMANDS, STATUS, at, beat, scheduled, stage, states
from tests.factories.tenants import ACTOR

WORKDAYS: dict[str, Any] = {
    "start_datetime": "2027-01-11T00:00:00Z",  # a Monday
    "end_datetime": "2027-01-18T00:00:00Z",
    "window_start_time": "22:00",
    "window_end_time": "23:00",
    "days": ["Monday", "Wednesday", "Friday"],
}


@pytest.fixture
def phone(tenant: Tenant) -> Device:
    return DeviceFactory(tenant=tenant)


def recurring(api: ApiClient, *devices: Device, **more: Any) -> uuid.UUID:
    with at("2027-01-10T12:00Z"):
        return scheduled(api, *devices, schedule="RECURRING", **{**WORKDAYS, **more})


def turn(moment: str) -> None:
    with at(moment):
        beat()


def test_it_runs_once_in_each_window(api: ApiClient, device: SimulatedAppleDevice) -> None:
    request = recurring(api, row_of(device))
    runs = []
    for day in range(11, 19):
        for hour in ("21:59", "22:00", "22:30", "23:30"):
            with at(f"2027-01-{day}T{hour}Z"):
                beat()
                runs += [f"{day} {hour}" for _ in device.connect().executed]

    assert runs == ["11 22:00", "13 22:00", "15 22:00"]
    assert states(request) == ["Success"] * 3


def test_one_row_is_always_ahead(api: ApiClient, device: SimulatedAppleDevice) -> None:
    request = recurring(api, row_of(device))
    assert states(request) == ["Scheduled"]
    with at("2027-01-11T22:00Z"):
        beat()
        assert states(request) == ["Queued", "Scheduled"]
        device.connect()
        assert states(request) == ["Success", "Scheduled"]
    turn("2027-01-11T23:00Z")
    assert states(request) == ["Success", "Scheduled"]
    turn("2027-01-15T22:00Z")
    assert states(request) == ["Success", "TimeOut", "Queued"]


def test_a_window_that_passes_unanswered_does_not_end_the_recurrence(
    api: ApiClient, device: SimulatedAppleDevice
) -> None:
    request = recurring(api, row_of(device))
    turn("2027-01-11T22:00Z")
    turn("2027-01-11T23:00Z")
    with at("2027-01-13T22:00Z"):
        beat()
        device.connect()

    assert states(request) == ["TimeOut", "Success", "Scheduled"]


def test_cancelling_the_row_ahead_ends_it_for_that_device_alone(api: ApiClient, tenant: Tenant) -> None:
    out, stays = DeviceFactory(tenant=tenant), DeviceFactory(tenant=tenant)
    request = recurring(api, out, stays)
    turn("2027-01-11T22:00Z")
    ahead = CommandStatus.objects.get(device=out, state=State.SCHEDULED)
    assert api.put(f"{STATUS}{ahead.pk}/", {"state": "Command Cancelled"}).status_code == 200
    for moment in ("2027-01-11T23:00Z", "2027-01-13T22:00Z", "2027-01-13T23:00Z", "2027-01-15T22:00Z"):
        turn(moment)

    assert states(request, out) == ["TimeOut", "Cancelled"]
    assert states(request, stays) == ["TimeOut", "TimeOut", "Queued"]


def test_cancelling_the_row_of_an_open_window_leaves_the_next(api: ApiClient, phone: Device) -> None:
    request = recurring(api, phone)
    turn("2027-01-11T22:00Z")
    row = CommandStatus.objects.get(state=State.QUEUED)
    assert api.put(f"{STATUS}{row.pk}/", {"state": "Command Cancelled"}).status_code == 200
    turn("2027-01-13T22:00Z")

    assert states(request) == ["Cancelled", "Queued", "Scheduled"]


def test_an_error_is_tried_again_while_the_window_is_open(api: ApiClient, device: SimulatedAppleDevice) -> None:
    request = recurring(api, row_of(device), window_end_time="23:59")
    with at("2027-01-11T22:00Z"):
        beat()
        error: dict[str, Any] = {
            "ErrorChain": [{"ErrorDomain": "X", "ErrorCode": 1, "USEnglishDescription": "Not just now."}]
        }
        report(device, "Error", handed(report(device)), **error)
        row = CommandStatus.objects.get(request_id=request, state=State.QUEUED)
        assert row.reason == "Not just now. (X 1). Trying again (1 of 3)."
        assert device.connect().executed == ()
    with at("2027-01-11T22:01:01Z"):
        beat()
        assert [each.request_type for each in device.connect().executed] == ["DeviceLock"]

    assert states(request) == ["Success", "Scheduled"]


def test_an_answer_that_does_not_come_is_waited_for_again_while_the_window_is_open(
    api: ApiClient, device: SimulatedAppleDevice
) -> None:
    request = recurring(api, row_of(device))
    with at("2027-01-11T22:00Z"):
        beat()
        assert handed(report(device))
    with at("2027-01-11T22:03Z"):
        beat()
        assert states(request) == ["Queued", "Scheduled"]
    with at("2027-01-11T22:05Z"):
        device.connect()

    assert states(request) == ["Success", "Scheduled"]


def test_one_success_can_be_made_enough(api: ApiClient, device: SimulatedAppleDevice, settings: Settings) -> None:
    settings.RECURRING_STOPS_AFTER_SUCCESS = True
    request = recurring(api, row_of(device))
    with at("2027-01-11T22:00Z"):
        beat()
        device.connect()
    for moment in ("2027-01-11T23:00Z", "2027-01-13T22:00Z", "2027-01-13T23:00Z", "2027-01-15T22:00Z"):
        turn(moment)

    assert states(request) == ["Success", "Cancelled"]
    assert CommandStatus.objects.get(state=State.CANCELLED).reason == "The command has succeeded in an earlier window."


def test_who_joins_the_group_later_is_in_the_next_window(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    group, others = DeviceGroupFactory(tenant=tenant), DeviceGroupFactory(tenant=other_tenant)
    first = DeviceFactory(tenant=tenant, group=group)
    DeviceFactory(tenant=other_tenant, group=others)
    request = recurring(api, groups=[group])
    turn("2027-01-11T22:00Z")
    second = DeviceFactory(tenant=tenant, group=group)
    turn("2027-01-13T22:00Z")

    assert (states(request, first), states(request, second)) == (
        ["TimeOut", "Queued", "Scheduled"],
        ["Queued", "Scheduled"],
    )
    assert CommandStatus.objects.filter(tenant=other_tenant).count() == 0


def test_a_device_that_cannot_do_it_is_told_once(api: ApiClient, tenant: Tenant) -> None:
    unable = DeviceFactory(tenant=tenant, is_supervised=False)
    request = recurring(api, unable, command="REBOOT")
    for day in ("11", "13", "15"):
        turn(f"2027-01-{day}T22:00Z")
        turn(f"2027-01-{day}T23:00Z")

    assert states(request) == ["Failure"]


def test_windows_over_midnight_and_the_change_of_the_clock(api: ApiClient, tenant: Tenant, phone: Device) -> None:
    """Berlin: 28 March 2027, 02:00 becomes 03:00."""
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="Europe/Berlin")
    with at("2027-03-26T12:00Z"):
        scheduled(
            api,
            phone,
            schedule="RECURRING",
            start_datetime="2027-03-26T23:00:00+01:00",
            end_datetime="2027-03-29T12:00:00+02:00",
            window_start_time="23:00",
            window_end_time="02:30",
        )
    for hours in range(80):
        turn(f"2027-03-{26 + (12 + hours) // 24}T{(12 + hours) % 24:02}:59Z")

    assert [(slot.opens_at.isoformat(), slot.closes_at.isoformat()) for slot in ScheduleSlot.objects.all()] == [
        ("2027-03-26T22:00:00+00:00", "2027-03-27T01:30:00+00:00"),
        ("2027-03-27T22:00:00+00:00", "2027-03-28T01:00:00+00:00"),
        ("2027-03-28T21:00:00+00:00", "2027-03-29T00:30:00+00:00"),
    ]


def test_a_cancelled_request_has_no_further_window(api: ApiClient, phone: Device) -> None:
    request = recurring(api, phone)
    with at("2027-01-11T12:00Z"):
        cancel_command_request(request=CommandRequest.objects.get(pk=request), actor=ACTOR)
    for moment in ("2027-01-11T22:00Z", "2027-01-13T22:00Z"):
        turn(moment)
        with at(moment):
            finish_cancellations()

    assert states(request) == ["Cancelled"]
    assert stage(api, request) == f"Cancelled by {ACTOR.name}."
    assert not ScheduleSlot.objects.filter(due_at__isnull=False).exists()


def test_the_stats_count_the_rows_of_all_windows(api: ApiClient, device: SimulatedAppleDevice) -> None:
    request = recurring(api, row_of(device))
    with at("2027-01-11T22:00Z"):
        beat()
        device.connect()

    stats = api.get(f"{COMMANDS}{request}/stats/").json()["content"]["status"]
    assert stats == [{"state": "Command Scheduled", "total": 1}, {"state": "Command Success", "total": 1}]


@pytest.mark.parametrize("to", ["America/New_York", ""])
def test_a_device_that_travels_west_has_the_same_days_window_there(
    api: ApiClient, tenant: Tenant, phone: Device, to: str
) -> None:
    """It leaves Tokyo, and the window there has closed long before that of the new zone opens."""
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="America/New_York")
    DeviceFactory(tenant=tenant, time_zone="America/New_York")  # the zone has windows already
    Device.objects.filter(pk=phone.pk).update(time_zone="Asia/Tokyo")
    request = recurring(api, phone, *Device.objects.exclude(pk=phone.pk), time_type="device", days=[])
    turn("2027-01-12T04:00Z")  # Monday's window in New York, so that Tuesday's is announced there
    Device.objects.filter(pk=phone.pk).update(time_zone=to)
    turn("2027-01-12T14:30Z")  # Tuesday's window in Tokyo is over
    assert states(request, phone)[-1] == "Scheduled"
    turn("2027-01-13T03:00Z")  # Tuesday's in New York opens

    assert "Queued" in states(request, phone)


def test_a_day_that_was_lived_through_in_one_zone_is_not_repeated_in_another(
    api: ApiClient, tenant: Tenant, device: SimulatedAppleDevice
) -> None:
    DeviceFactory(tenant=tenant, time_zone="America/New_York")
    Device.objects.filter(pk=row_of(device).pk).update(time_zone="Asia/Tokyo")
    everybody = Device.objects.filter(tenant=tenant)
    request = recurring(api, *everybody, time_type="device", days=[])
    runs = []
    for moment in (
        "2027-01-12T13:30Z",
        "2027-01-13T03:30Z",
        "2027-01-14T03:30Z",
    ):  # Tuesday there, Tuesday here, Wednesday
        with at(moment):
            beat()
            runs.append(len(device.connect().executed))
        everybody.update(time_zone="America/New_York")

    assert runs == [1, 0, 1]
    assert states(request, row_of(device)).count("Success") == 2
