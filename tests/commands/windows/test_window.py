"""WINDOW: may run at any moment between start and end, or in the daily window between them; then it is over."""

from typing import Any

import pytest

from commands.models import AppleEnrolment, CommandStatus, ScheduleSlot
from commands.models.status import State
from devices.models import Device, DeviceState
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.apple import handed, report
from tests.factories.devices import DeviceFactory, DeviceGroupFactory, seen
from tests.factories.fleet import download, enrol, placed, ready_to_enrol, row_of
from tests.factories.schedules import STATUS, at, beat, scheduled, stage, states

ONE_HOUR: dict[str, Any] = {"start_datetime": "2027-01-11T10:00:00Z", "end_datetime": "2027-01-11T11:00:00Z"}
THREE_NIGHTS: dict[str, Any] = {
    "start_datetime": "2027-01-11T00:00:00Z",
    "end_datetime": "2027-01-13T23:00:00Z",
    "window_start_time": "01:00",
    "window_end_time": "05:00",
}


@pytest.fixture
def phone(tenant: Tenant) -> Device:
    return DeviceFactory(tenant=tenant)


def executed(device: SimulatedAppleDevice) -> list[str]:
    return [each.request_type for each in device.connect().executed]


def test_a_device_gets_it_inside_the_window_and_not_before_and_not_after(
    api: ApiClient, device: SimulatedAppleDevice
) -> None:
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, row_of(device), **ONE_HOUR)
        assert states(request) == ["Scheduled"]
    with at("2027-01-11T09:59:59Z"):
        beat()
        assert (states(request), executed(device)) == (["Scheduled"], [])
    with at("2027-01-11T10:00:01Z"):
        beat()
        assert (states(request), executed(device)) == (["Queued"], ["DeviceLock"])
        assert states(request) == ["Success"]
    with at("2027-01-11T11:00:01Z"):
        beat()
        assert (states(request), executed(device)) == (["Success"], [])


def test_who_comes_too_late_gets_nothing_and_the_row_says_so(api: ApiClient, device: SimulatedAppleDevice) -> None:
    with at("2027-01-11T09:00Z"):
        scheduled(api, row_of(device), **ONE_HOUR)
    with at("2027-01-11T10:30Z"):
        beat()
    with at("2027-01-11T11:00:01Z"):
        assert executed(device) == []  # beat has not come by yet; the window is closed all the same
        beat()

    row = CommandStatus.objects.get()
    assert (row.state, row.reason) == (State.TIMEOUT, "The window closed before the device came for the command.")


def test_an_answer_after_the_window_is_still_taken(api: ApiClient, device: SimulatedAppleDevice) -> None:
    device.faults.lose_replies = 1
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, row_of(device), **ONE_HOUR)
    with at("2027-01-11T10:59:30Z"):
        beat()
        row = CommandStatus.objects.get()
        offered = executed(device)
    with at("2027-01-11T11:00:01Z"):
        beat()
        row.refresh_from_db()
        assert (row.state, row.reason) == (State.TIMEOUT, "The window closed before the device answered.")

    assert (offered, states(request)) == (["DeviceLock"], ["TimeOut"])


def test_a_window_that_is_open_already_is_used_at_once(api: ApiClient, device: SimulatedAppleDevice) -> None:
    with at("2027-01-11T10:30Z"):
        request = scheduled(api, row_of(device), **ONE_HOUR)

        assert (states(request), executed(device)) == (["Queued"], ["DeviceLock"])


def test_opening_wakes_the_devices(api: ApiClient, device: SimulatedAppleDevice) -> None:
    enrolment = AppleEnrolment.objects.filter(device=row_of(device))
    with at("2027-01-11T09:00Z"):
        scheduled(api, row_of(device), **ONE_HOUR)
        beat()
        assert enrolment.get().wake_at is None
    with at("2027-01-11T10:00Z"):
        beat()
        assert enrolment.get().wake_at is not None


def test_the_row_and_the_request_say_what_they_wait_for(api: ApiClient, phone: Device) -> None:
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, phone, **ONE_HOUR)
        row = api.get(f"{STATUS}?request={request}").json()["content"]["results"][0]
        assert row["reason"].startswith("Command scheduled by ")
        assert stage(api, request) == "The next window opens at 2027-01-11 10:00 (UTC)."
    with at("2027-01-11T10:00Z"):
        beat()
        assert stage(api, request) == "The window is open until 2027-01-11 11:00 (UTC)."
    with at("2027-01-11T11:00Z"):
        beat()
        assert stage(api, request) == "The schedule is over."


# --- daily windows ------------------------------------------------------------------------------------------------


def test_a_daily_window_that_nobody_used_is_followed_by_the_next(api: ApiClient, device: SimulatedAppleDevice) -> None:
    with at("2027-01-11T00:30Z"):
        request = scheduled(api, row_of(device), **THREE_NIGHTS)
    with at("2027-01-11T02:00Z"):
        beat()
        assert states(request) == ["Queued"]
    with at("2027-01-11T05:00Z"):
        beat()
        assert (states(request), executed(device)) == (["Scheduled"], [])
    with at("2027-01-12T01:00Z"):
        beat()
        assert (states(request), executed(device)) == (["Queued"], ["DeviceLock"])
    with at("2027-01-13T06:00Z"):
        beat()
        assert states(request) == ["Success"]


def test_the_last_of_the_daily_windows_ends_it(api: ApiClient, phone: Device) -> None:
    with at("2027-01-11T00:30Z"):
        request = scheduled(api, phone, **THREE_NIGHTS)
    for night in ("11", "12", "13"):
        with at(f"2027-01-{night}T01:00Z"):
            beat()
            assert states(request) == ["Queued"]
        with at(f"2027-01-{night}T05:00Z"):
            beat()

    assert states(request) == ["TimeOut"]
    assert list(ScheduleSlot.objects.values_list("due_at", flat=True)) == [None] * 3


def test_what_a_device_puts_off_in_one_window_it_is_offered_in_the_next(
    api: ApiClient, device: SimulatedAppleDevice
) -> None:
    with at("2027-01-11T00:30Z"):
        request = scheduled(
            api, row_of(device), command="DEVICE_INFORMATION", **{**THREE_NIGHTS, "window_end_time": "02:00"}
        )
    with at("2027-01-11T01:30Z"):
        beat()
        report(device, "NotNow", handed(report(device)))
        assert states(request) == ["Initiated"]
    with at("2027-01-11T03:00Z"):
        beat()
        assert executed(device) == []
    with at("2027-01-12T01:30Z"):
        beat()
        assert "DeviceInformation" in executed(device)
        assert states(request) == ["Success"]


# --- whom it is for -----------------------------------------------------------------------------------------------


def test_a_groups_members_are_those_of_the_moment_when_the_window_opens(
    api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    stays, leaves, joins = DeviceFactory(tenant=tenant, group=group), DeviceFactory(tenant=tenant, group=group), None
    DeviceFactory(tenant=other_tenant)
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, groups=[group], **ONE_HOUR)
        assert states(request) == ["Scheduled", "Scheduled"]
        joins = DeviceFactory(tenant=tenant, group=group)
        Device.objects.filter(pk=leaves.pk).update(group=None)
    with at("2027-01-11T10:00Z"):
        beat()
        assert [states(request, each) for each in (stays, joins, leaves)] == [["Queued"], ["Queued"], ["Scheduled"]]
    with at("2027-01-11T11:00Z"):
        beat()

    row = CommandStatus.objects.get(device=leaves)
    assert row.state == State.TIMEOUT
    assert row.reason == "The device was not among those the window was for when it opened."


@pytest.mark.parametrize(("device_type", "expected"), [("active", "online"), ("inactive", "offline")])
def test_who_is_online_is_asked_when_the_window_opens(
    api: ApiClient, tenant: Tenant, device_type: str, expected: str
) -> None:
    online, offline = DeviceFactory(tenant=tenant), DeviceFactory(tenant=tenant)
    with at("2027-01-11T09:00Z"):
        seen(offline)
        request = scheduled(api, online, offline, device_type=device_type, **ONE_HOUR)
    with at("2027-01-13T09:59Z"):
        seen(online)
    ScheduleSlot.objects.update(opens_at="2027-01-13T10:00Z", closes_at="2027-01-13T11:00Z", due_at="2027-01-13T10:00Z")
    with at("2027-01-13T10:00Z"):
        beat()

    queued = CommandStatus.objects.get(request_id=request, state=State.QUEUED).device
    assert queued == {"online": online, "offline": offline}[expected]


def test_a_device_that_cannot_do_it_is_told_at_once(api: ApiClient, tenant: Tenant) -> None:
    able, unable = DeviceFactory(tenant=tenant), DeviceFactory(tenant=tenant, is_supervised=False)
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, able, unable, command="REBOOT", **ONE_HOUR)

        assert (states(request, able), states(request, unable)) == (["Scheduled"], ["Failure"])
        assert "1 device cannot be given the command: The command needs a supervised device." in stage(api, request)


def test_a_wipe_leaves_the_device_alone_until_its_window(api: ApiClient, phone: Device) -> None:
    with at("2027-01-11T09:00Z"):
        scheduled(api, phone, command="WIPE", **ONE_HOUR)
        phone.refresh_from_db()
        assert phone.state == DeviceState.ACTIVE
    with at("2027-01-11T10:00Z"):
        beat()
        phone.refresh_from_db()
        assert phone.state == DeviceState.WIPE_IN_PROGRESS
    with at("2027-01-11T11:00Z"):
        beat()
        phone.refresh_from_db()
        assert phone.state == DeviceState.ACTIVE


def test_a_wipe_that_waits_for_its_next_window_leaves_the_device_alone_until_then(
    api: ApiClient, phone: Device
) -> None:
    with at("2027-01-10T20:00Z"):
        request = scheduled(api, phone, command="WIPE", **THREE_NIGHTS)
    for moment, state, row_state in (
        ("2027-01-11T01:00Z", DeviceState.WIPE_IN_PROGRESS, "Queued"),
        ("2027-01-11T05:00Z", DeviceState.ACTIVE, "Scheduled"),
        ("2027-01-12T01:00Z", DeviceState.WIPE_IN_PROGRESS, "Queued"),
    ):
        with at(moment):
            beat()
            phone.refresh_from_db()
            assert (phone.state, states(request)) == (state, [row_state])


def test_apple_devices_can_be_kept_from_schedules(api: ApiClient, phone: Device, settings: object) -> None:
    settings.SCHEDULES_ANDROID_ONLY = True  # type: ignore[attr-defined]
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, phone, **ONE_HOUR)

    row = CommandStatus.objects.get(request_id=request)
    assert (row.state, row.reason) == (
        State.FAILURE,
        "Scheduled commands are for Android devices only on this server.",
    )


def test_a_cancelled_row_is_not_opened(api: ApiClient, phone: Device, other_api: ApiClient) -> None:
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, phone, **ONE_HOUR)
        row = CommandStatus.objects.get()
        assert other_api.put(f"{STATUS}{row.pk}/", {"state": "Command Cancelled"}).status_code == 404
        assert api.put(f"{STATUS}{row.pk}/", {"state": "Command Cancelled"}).status_code == 200
    with at("2027-01-11T10:00Z"):
        beat()

    assert states(request) == ["Cancelled"]


# --- zones --------------------------------------------------------------------------------------------------------


def test_console_time_is_the_tenants_zone(api: ApiClient, tenant: Tenant, phone: Device) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="America/New_York")
    with at("2027-01-11T00:30Z"):
        request = scheduled(api, phone, **THREE_NIGHTS)
    with at("2027-01-11T05:59Z"):
        beat()
        assert states(request) == ["Scheduled"]
    with at("2027-01-11T06:00Z"):  # 01:00 there
        beat()
        assert states(request) == ["Queued"]


def test_device_time_is_each_devices_own(api: ApiClient, tenant: Tenant) -> None:
    berlin = DeviceFactory(tenant=tenant, time_zone="Europe/Berlin")
    tokyo = DeviceFactory(tenant=tenant, time_zone="Asia/Tokyo")
    unknown = DeviceFactory(tenant=tenant)
    with at("2027-01-10T12:00Z"):
        request = scheduled(api, berlin, tokyo, unknown, time_type="device", **THREE_NIGHTS)
    opened = {}
    for moment in ("2027-01-11T00:00Z", "2027-01-11T01:00Z", "2027-01-11T16:00Z"):
        with at(moment):
            beat()
            opened[moment] = [states(request, each)[0] for each in (berlin, tokyo, unknown)]

    assert opened == {
        "2027-01-11T00:00Z": ["Queued", "Scheduled", "Scheduled"],
        "2027-01-11T01:00Z": ["Queued", "Scheduled", "Queued"],
        "2027-01-11T16:00Z": ["Scheduled", "Queued", "Scheduled"],
    }


def test_a_device_that_moves_to_another_zone_has_that_zones_window(api: ApiClient, phone: Device) -> None:
    Device.objects.filter(pk=phone.pk).update(time_zone="Europe/Berlin")
    with at("2027-01-10T12:00Z"):
        request = scheduled(api, phone, time_type="device", **THREE_NIGHTS)
        Device.objects.filter(pk=phone.pk).update(time_zone="America/New_York")
    with at("2027-01-11T00:00Z"):
        beat()
        assert states(request) == ["Scheduled"]
    with at("2027-01-11T06:00Z"):
        beat()
        assert states(request) == ["Queued"]


def test_two_tenants_windows_do_not_meet(
    api: ApiClient, other_api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    ours, theirs = placed(tenant, 1), placed(other_tenant, 2)
    with at("2027-01-11T09:00Z"):
        scheduled(api, row_of(ours), **ONE_HOUR)
    with at("2027-01-11T10:00Z"):
        beat()

        assert executed(theirs) == []
        assert other_api.get(STATUS).json()["content"]["count"] == 0
        assert executed(ours) == ["DeviceLock"]


def test_a_device_that_enrols_anew_keeps_what_is_scheduled_for_it(api: ApiClient, tenant: Tenant) -> None:
    profile = ready_to_enrol(tenant)
    phone = enrol(profile)
    with at("2026-12-11T09:00Z"):
        request = scheduled(api, row_of(phone), **ONE_HOUR)
        phone.enrol(download(profile))

    assert states(request) == ["Scheduled"]


def test_a_zone_whose_windows_have_all_passed_is_told_so(api: ApiClient, tenant: Tenant) -> None:
    """By 19:00 UTC it is night in Tokyo, and noon in New York."""
    tokyo = DeviceFactory(tenant=tenant, time_zone="Asia/Tokyo")
    new_york = DeviceFactory(tenant=tenant, time_zone="America/New_York")
    office_hours: dict[str, Any] = {"window_start_time": "09:00", "window_end_time": "17:00", "time_type": "device"}
    with at("2027-01-11T19:00Z"):
        times: dict[str, Any] = {"start_datetime": "2027-01-10T20:00:00Z", "end_datetime": "2027-01-11T19:03:00Z"}
        request = scheduled(api, tokyo, new_york, **times, **office_hours)
        beat()

        assert (states(request, tokyo), states(request, new_york)) == (["TimeOut"], ["Queued"])
    row = CommandStatus.objects.get(device=tokyo)
    assert row.reason == "The last window in the device's time zone had passed when the command was sent."


def test_a_schedule_that_has_passed_in_every_zone_tells_every_device(api: ApiClient, tenant: Tenant) -> None:
    tokyo = DeviceFactory(tenant=tenant, time_zone="Asia/Tokyo")
    office_hours: dict[str, Any] = {"window_start_time": "09:00", "window_end_time": "17:00", "time_type": "device"}
    with at("2027-01-11T19:00Z"):
        times: dict[str, Any] = {"start_datetime": "2027-01-10T20:00:00Z", "end_datetime": "2027-01-11T19:03:00Z"}
        request = scheduled(api, tokyo, **times, **office_hours)

        assert states(request) == ["TimeOut"]
        assert stage(api, request) == "The schedule is over."
