"""Sending commands on a schedule from the console."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from commands.models import CommandRequest, CommandStatus, ScheduleSlot
from commands.models.status import State
from devices.models import Device
from tenants.models import AuditEvent, Role, Tenant
from tests.conftest import Commit
from tests.factories.console import member, superuser
from tests.factories.devices import DeviceFactory
from tests.factories.schedules import at

SEND = "/admin/devices/device/send-command/"
NIGHTS = {
    "when-schedule": "RECURRING",
    "when-name": "Nightly",
    "when-start_datetime": "2027-01-11T08:00",
    "when-end_datetime": "2027-01-25T08:00",
    "when-window_start_time": "22:00",
    "when-window_end_time": "06:00",
    "when-days": ["Monday", "Friday"],
    "when-time_type": "console",
}
ONE_WINDOW = {
    "when-schedule": "WINDOW",
    "when-start_datetime": "2027-01-11T10:00",
    "when-end_datetime": "2027-01-11T11:00",
}


@pytest.fixture(autouse=True)
def _morning() -> Iterator[None]:
    with at("2027-01-11T06:00Z"):
        yield


@pytest.fixture
def berlin(tenant: Tenant) -> Tenant:
    tenant.time_zone = "Europe/Berlin"
    tenant.save(update_fields=["time_zone"])
    return tenant


def post(client: Client, devices: list[Device], **more: Any) -> Any:
    """What the first page sends, and with `send` the second."""
    ids = ",".join(str(device.pk) for device in devices)
    return client.post(SEND, {"devices": ids, "command": "LOCK", **more}, follow=True)


def errors(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["when"].errors)


def test_the_first_page_asks_when_and_names_the_zone(berlin: Tenant) -> None:
    device = DeviceFactory(tenant=berlin)

    page = member(berlin).get(f"/admin/devices/device/{device.pk}/send_to_this/").content.decode()

    assert 'name="when-schedule"' in page
    assert "Time zone Europe/Berlin, which is the tenant" in page


def test_the_second_page_tells_the_next_windows_and_sends_nothing_yet(berlin: Tenant) -> None:
    answer = post(member(berlin), [DeviceFactory(tenant=berlin)], **NIGHTS)

    page = answer.content.decode()
    assert (
        "Again and again, every Monday and Friday, from 22:00 to 06:00 of the next day, "
        "between Mon 11 Jan 2027 08:00 and Mon 25 Jan 2027 08:00 (Europe/Berlin)."
    ) in page
    [preview] = answer.context["schedules"][0]["previews"]
    assert preview.zone == "Europe/Berlin"
    assert preview.windows == [
        "Mon 11 Jan 2027 22:00 – Tue 12 Jan 2027 06:00",
        "Fri 15 Jan 2027 22:00 – Sat 16 Jan 2027 06:00",
        "Mon 18 Jan 2027 22:00 – Tue 19 Jan 2027 06:00",
        "Fri 22 Jan 2027 22:00 – Sat 23 Jan 2027 06:00",
    ]
    assert 'name="when-days" value="Friday"' in page
    assert not CommandRequest.objects.exists()


def test_what_is_stored_is_what_the_api_would_store(berlin: Tenant, django_capture_on_commit_callbacks: Commit) -> None:
    device = DeviceFactory(tenant=berlin)

    with django_capture_on_commit_callbacks(execute=True):
        answer = post(member(berlin), [device], **NIGHTS, send="1")

    request = CommandRequest.objects.get()
    assert "LOCK is scheduled for 1 device." in answer.content.decode()
    assert (request.schedule, request.time_zone, request.devices) == ("RECURRING", "Europe/Berlin", [device.pk])
    assert request.schedule_args == {
        "name": "Nightly",
        "start_datetime": "2027-01-11T07:00:00Z",
        "end_datetime": "2027-01-25T07:00:00Z",
        "time_type": "console",
        "window_start_time": "22:00:00",
        "window_end_time": "06:00:00",
        "days": ["Monday", "Friday"],
    }
    assert CommandStatus.objects.get().state == State.SCHEDULED
    assert ScheduleSlot.objects.get().opens_at == dt.datetime(2027, 1, 11, 21, tzinfo=dt.UTC)
    assert AuditEvent.objects.get().details["schedule"] == "RECURRING"


def test_a_single_window_is_told_in_one_sentence(tenant: Tenant) -> None:
    page = post(member(tenant), [DeviceFactory(tenant=tenant)], **ONE_WINDOW).content.decode()

    told = "Once, at any moment between Mon 11 Jan 2027 10:00 and Mon 11 Jan 2027 11:00 (UTC)."
    assert told in page
    assert "Mon 11 Jan 2027 10:00 – 11:00" in page


def test_device_time_tells_the_windows_in_each_zone_of_the_chosen_devices(berlin: Tenant) -> None:
    devices = [DeviceFactory(tenant=berlin, time_zone=zone) for zone in ("Asia/Tokyo", "")]
    DeviceFactory(tenant=berlin, time_zone="America/New_York")

    answer = post(member(berlin), devices, **{**NIGHTS, "when-time_type": "device"})

    previews = answer.context["schedules"][0]["previews"]
    assert {preview.zone: preview.windows[0] for preview in previews} == {
        "Asia/Tokyo": "Mon 11 Jan 2027 22:00 – Tue 12 Jan 2027 06:00",
        "Europe/Berlin": "Mon 11 Jan 2027 22:00 – Tue 12 Jan 2027 06:00",
    }
    assert "The daily times are those of each device&#x27;s own clock." in answer.content.decode()


def test_device_time_without_daily_times_is_said_to_make_no_difference(tenant: Tenant) -> None:
    page = post(member(tenant), [DeviceFactory(tenant=tenant)], **ONE_WINDOW, **{"when-time_type": "device"})

    assert "beginning and end are the same moments everywhere" in page.content.decode()


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"when-start_datetime": ""}, "start_datetime", "This field is required."),
        ({"when-end_datetime": ""}, "end_datetime", "This field is required."),
        ({"when-start_datetime": "tomorrow"}, "start_datetime", "Write it like 2026-03-01T08:00"),
        ({"when-start_datetime": "0001-01-01T00:00"}, "start_datetime", "Write it like 2026-03-01T08:00"),
        ({"when-start_datetime": "2027-01-11T08:00Z"}, "start_datetime", "without a time zone"),
        ({"when-end_datetime": "2027-01-11T07:00"}, "end_datetime", "It must be later than start_datetime."),
        ({"when-end_datetime": "2026-01-11T07:00"}, "end_datetime", "It has passed already"),
        ({"when-window_start_time": "25:00"}, "window_start_time", "is not a time of day"),
        ({"when-days": ["Caturday"]}, "days", "Caturday is not one of the available choices"),
        ({"when-schedule": "SOMETIMES"}, "schedule", "SOMETIMES is not one of the available choices"),
        ({"when-time_type": "moon"}, "time_type", "moon is not one of the available choices"),
        ({"when-end_datetime": "2027-01-11T09:00"}, "__all__", "No window falls between"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
@pytest.mark.parametrize("page", ["first", "second"])
def test_what_the_schedule_lacks_is_told_at_its_field(
    tenant: Tenant, page: str, said: dict[str, Any], field: str, words: str
) -> None:
    sent = {"send": "1"} if page == "second" else {}

    answer = post(member(tenant), [DeviceFactory(tenant=tenant)], **{**NIGHTS, **said}, **sent)

    assert words in str(errors(answer)[field])
    assert "Choose a command" in answer.content.decode()
    assert not CommandRequest.objects.exists()


def test_whom_and_when_can_be_changed_again(tenant: Tenant) -> None:
    answer = post(member(tenant), [DeviceFactory(tenant=tenant)], **NIGHTS, change="1")

    page = answer.content.decode()
    assert "Choose a command" in page
    assert 'value="2027-01-11T08:00"' in page
    assert errors(answer) == {}


def test_a_schedule_that_ended_meanwhile_is_refused(tenant: Tenant) -> None:
    device, client = DeviceFactory(tenant=tenant), member(tenant)
    assert "Mon 11 Jan" in post(client, [device], **ONE_WINDOW).content.decode()

    with time_machine.travel(dt.datetime(2027, 1, 11, 11, 30, tzinfo=dt.UTC), tick=False):
        answer = post(client, [device], **ONE_WINDOW, send="1")

    assert "It has passed already" in str(errors(answer)["end_datetime"])
    assert not CommandRequest.objects.exists()


def test_each_tenants_times_are_by_its_own_clock(berlin: Tenant, other_tenant: Tenant) -> None:
    devices = [DeviceFactory(tenant=berlin), DeviceFactory(tenant=other_tenant)]

    post(superuser(), devices, **ONE_WINDOW, send="1")

    made = {request.tenant: request.schedule_args["start_datetime"] for request in CommandRequest.objects.all()}
    assert made == {berlin: "2027-01-11T09:00:00Z", other_tenant: "2027-01-11T10:00:00Z"}


def test_now_ignores_what_else_was_said_about_the_time(tenant: Tenant) -> None:
    said = {**NIGHTS, "when-schedule": "IMMEDIATE", "when-window_start_time": "25:00"}

    post(member(tenant), [DeviceFactory(tenant=tenant)], **said, send="1")

    request = CommandRequest.objects.get()
    assert (request.schedule, request.schedule_args, request.ends_at) == ("IMMEDIATE", {}, None)


def test_says_that_apple_devices_get_no_schedules_where_that_is_so(tenant: Tenant, settings: Settings) -> None:
    settings.SCHEDULES_ANDROID_ONLY = True

    page = post(member(tenant), [DeviceFactory(tenant=tenant)], **ONE_WINDOW).content.decode()

    assert "gives scheduled commands to Android devices only" in page


def test_a_viewer_schedules_nothing(tenant: Tenant, other_tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)

    post(member(tenant, Role.VIEWER), [device], **ONE_WINDOW, send="1")
    post(member(other_tenant), [device], **ONE_WINDOW, send="1")

    assert not CommandRequest.objects.exists()
