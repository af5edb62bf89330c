"""`schedule` and `schedule_args` of POST /api/commands/v0/commands/: what is taken, refused, stored and told back."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.models import CommandRequest, CommandStatus
from tenants.models import AuditEvent, Tenant
from tests.conftest import ApiClient, Commit
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import token_for

REQUESTS = "/api/commands/v0/commands/"
YEAR = timezone.now().year + 1
START, END = f"{YEAR}-03-01T08:30:00Z", f"{YEAR}-03-20T17:00:00Z"
BOTH = {"start_datetime": START, "end_datetime": END}


@pytest.fixture
def device_id(tenant: Tenant) -> str:
    return str(DeviceFactory(tenant=tenant).pk)


def send(api: ApiClient, device_id: str, schedule: str, **args: Any) -> Any:
    body = {"command_type": "DEVICE", "command": "LOCK", "devices": [device_id]}
    return api.post(REQUESTS, {**body, "schedule": schedule, "schedule_args": args})


def told(response: Any) -> dict[str, Any]:
    assert response.status_code == 201, response.json()
    args: dict[str, Any] = response.json()["content"]["schedule_args"]
    return args


def nothing_changed() -> bool:
    audited = AuditEvent.objects.filter(actor_kind="api").exists()
    return not (CommandRequest.objects.exists() or CommandStatus.objects.exists() or audited)


def with_zone(tenant: Tenant, token_zone: str, on_commit: Commit) -> ApiClient:
    token, text = token_for(tenant)
    token.time_zone = token_zone
    token.save(update_fields=["time_zone"])
    return ApiClient(tenant, text, on_commit)


@pytest.mark.parametrize("schedule", ["WINDOW", "RECURRING"])
def test_a_schedule_is_stored_as_given_and_told_in_full(api: ApiClient, device_id: str, schedule: str) -> None:
    response = send(api, device_id, schedule, name="nights", **BOTH)

    row = CommandRequest.objects.get()
    assert told(response) == {
        "name": "nights",
        **BOTH,
        "time_type": "console",
        "window_start_time": "08:30:00",
        "window_end_time": "17:00:00",
        "days": ["All days"],
    }
    assert response.json()["content"]["schedule"] == row.schedule == schedule
    assert row.schedule_args == {"name": "nights", **BOTH}
    assert row.ends_at == datetime(YEAR, 3, 20, 17, tzinfo=UTC)
    assert AuditEvent.objects.get(action="command_request.created").details["schedule"] == schedule


def test_all_reads_tell_the_same(api: ApiClient, device_id: str) -> None:
    created = send(api, device_id, "RECURRING", **BOTH, days=["monday"]).json()["content"]

    read = api.get(f"{REQUESTS}{created['id']}/").json()["content"]
    assert read == created | {"reason": read["reason"]}  # which stage it is in
    assert api.get(f"{REQUESTS}?schedule=RECURRING").json()["content"]["results"] == [read]
    assert api.get(f"{REQUESTS}?schedule=WINDOW").json()["content"]["results"] == []


def test_another_tenant_does_not_see_it(api: ApiClient, other_api: ApiClient, device_id: str) -> None:
    created = send(api, device_id, "RECURRING", **BOTH).json()["content"]

    assert other_api.get(f"{REQUESTS}{created['id']}/").status_code == 404
    assert other_api.get(REQUESTS).json()["content"]["count"] == 0


def test_a_schedule_for_a_device_of_another_tenant_is_400(api: ApiClient, other_tenant: Tenant) -> None:
    foreign = str(DeviceFactory(tenant=other_tenant).pk)

    response = send(api, foreign, "WINDOW", **BOTH)

    assert response.status_code == 400
    assert response.json()["message"] == f"invalid device id: {foreign}"
    assert nothing_changed()


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ("09:15", "09:15:00"),
        ("09:15:30", "09:15:30"),
        ("2024-08-08T09:15:00Z", "09:15:00"),
        ("2024-08-08T09:15:30.250+05:30", "09:15:30"),
        ("2024-08-08 09:15", "09:15:00"),
    ],
)
def test_window_times_are_taken_in_every_form(api: ApiClient, device_id: str, sent: str, echoed: str) -> None:
    args = told(send(api, device_id, "RECURRING", **BOTH, window_start_time=sent, window_end_time="18:00"))

    assert (args["window_start_time"], args["window_end_time"]) == (echoed, "18:00:00")


def test_one_window_time_is_enough(api: ApiClient, device_id: str) -> None:
    begin = told(send(api, device_id, "WINDOW", **BOTH, window_start_time="09:15"))
    finish = told(send(api, device_id, "WINDOW", **BOTH, window_end_time="09:15"))

    assert (begin["window_start_time"], begin["window_end_time"]) == ("09:15:00", "17:00:00")
    assert (finish["window_start_time"], finish["window_end_time"]) == ("08:30:00", "09:15:00")


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ([], ["All days"]),
        (None, ["All days"]),
        (["All days"], ["All days"]),
        (["all", "Monday"], ["All days"]),
        (["FRIDAY", "monday"], ["Monday", "Friday"]),
        ([0, 6], ["Sunday", "Saturday"]),
        (["0", "1"], ["Sunday", "Monday"]),
        (list(range(7)), ["All days"]),
    ],
    ids=str,
)
def test_days_are_taken_in_every_form(api: ApiClient, device_id: str, sent: Any, echoed: list[str]) -> None:
    assert told(send(api, device_id, "RECURRING", **BOTH, days=sent))["days"] == echoed


def test_offsets_are_instants(api: ApiClient, device_id: str) -> None:
    args = told(
        send(
            api,
            device_id,
            "WINDOW",
            start_datetime=f"{YEAR}-03-01T14:00:00+05:30",
            end_datetime=f"{YEAR}-03-20T17:00:00Z",
        )
    )

    assert {key: args[key] for key in BOTH} == BOTH


def test_a_schedule_may_reach_to_the_ends_of_the_calendar(api: ApiClient, device_id: str) -> None:
    ends = {"start_datetime": "0001-01-01T00:00:00Z", "end_datetime": "9999-12-31T23:59:59Z"}

    args = told(send(api, device_id, "RECURRING", **ends, window_start_time="22:00", window_end_time="05:00"))

    assert {key: args[key] for key in ends} == ends


def test_nulls_and_empty_texts_count_as_absent(api: ApiClient, device_id: str) -> None:
    empty = {"name": None, "time_type": None, "window_start_time": "", "window_end_time": None, "days": None}

    assert told(send(api, device_id, "WINDOW", **BOTH, **empty)) == told(send(api, device_id, "WINDOW", **BOTH))


@pytest.mark.parametrize("schedule", ["WINDOW", "RECURRING"])
@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "schedule_args.start_datetime: WINDOW and RECURRING need it; send a date-time such as"),
        ({"end_datetime": END}, "schedule_args.start_datetime: WINDOW and RECURRING need it; send a date-time such as"),
        (
            {"start_datetime": START},
            "schedule_args.end_datetime: WINDOW and RECURRING need it; send a date-time such as",
        ),
        ({**BOTH, "start_datetime": "soon"}, "schedule_args.start_datetime: Datetime has wrong format."),
        (
            {"start_datetime": END, "end_datetime": START},
            "schedule_args.end_datetime: It must be later than start_datetime.",
        ),
        (
            {"start_datetime": START, "end_datetime": START},
            "schedule_args.end_datetime: It must be later than start_datetime.",
        ),
        (
            {"start_datetime": "2020-10-21T20:15:00Z", "end_datetime": "2020-10-21T21:15:00Z"},
            "schedule_args.end_datetime: It has passed already; send an instant in the future.",
        ),
        (
            {"start_datetime": "9999-12-30T00:00:00Z", "end_datetime": "9999-12-31T00:00:00Z"},
            "schedule_args.start_datetime: It must be before December 9999.",
        ),
        (
            {**BOTH, "window_start_time": "25:00"},
            "schedule_args.window_start_time: '25:00' is not a time of day; send HH:MM or HH:MM:SS.",
        ),
        ({**BOTH, "window_end_time": "5 pm"}, "schedule_args.window_end_time: '5 pm' is not a time of day"),
        ({**BOTH, "window_end_time": "9:00"}, "schedule_args.window_end_time: '9:00' is not a time of day"),
        ({**BOTH, "days": ["Someday"]}, "schedule_args.days: 'someday' is not a day; send names (Monday), numbers"),
        ({**BOTH, "days": [7]}, "schedule_args.days: '7' is not a day"),
        ({**BOTH, "days": "Monday"}, 'schedule_args.days: Expected a list of items but got type "str".'),
        ({**BOTH, "time_type": "DEVICE"}, "schedule_args.time_type: 'DEVICE' is not one of console, device."),
        ({**BOTH, "name": ["x"]}, "schedule_args.name: "),
        ({**BOTH, "name": "x" * 256}, "schedule_args.name: Ensure this field has no more than 255 characters."),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_makes_no_schedule_is_400_and_named(
    api: ApiClient, device_id: str, schedule: str, args: dict[str, Any], message: str
) -> None:
    response = send(api, device_id, schedule, **args)

    assert response.status_code == 400
    assert response.json()["message"].startswith(message)
    assert "schedule_args" in response.json()["content"]
    assert nothing_changed()


def test_schedule_arguments_may_not_be_left_out(api: ApiClient, device_id: str) -> None:
    body = {"command_type": "DEVICE", "command": "LOCK", "devices": [device_id], "schedule": "WINDOW"}

    for more in (body, {**body, "schedule_args": None}, {**body, "schedule_args": {}}):
        response = api.post(REQUESTS, more)
        assert response.status_code == 400
        assert set(response.json()["content"]["schedule_args"]) == {"start_datetime", "end_datetime"}
    assert nothing_changed()


SHORT = {"start_datetime": f"{YEAR}-03-01T12:00:00Z", "end_datetime": f"{YEAR}-03-01T13:00:00Z"}
NIGHT = {"window_start_time": "02:00", "window_end_time": "04:00"}


@pytest.mark.parametrize("schedule", ["WINDOW", "RECURRING"])
def test_console_time_needs_a_window_between_start_and_end(api: ApiClient, device_id: str, schedule: str) -> None:
    response = send(api, device_id, schedule, **SHORT, **NIGHT)

    assert response.status_code == 400
    assert response.json()["message"] == (
        "schedule_args: no window falls between start_datetime (or now) and end_datetime in the time zone UTC; "
        "send other window times or days, or a later end_datetime."
    )
    assert nothing_changed()


def test_console_time_needs_a_day_between_start_and_end(api: ApiClient, device_id: str) -> None:
    weekday = datetime(YEAR, 3, 1, tzinfo=UTC).isoweekday() % 7
    other = (weekday + 3) % 7

    assert send(api, device_id, "RECURRING", **SHORT, days=[other]).status_code == 400
    assert nothing_changed()
    assert send(api, device_id, "RECURRING", **SHORT, days=[weekday]).status_code == 201


def test_device_time_takes_what_falls_elsewhere_in_other_zones(api: ApiClient, device_id: str) -> None:
    args = told(send(api, device_id, "WINDOW", **SHORT, **NIGHT, time_type="device"))

    assert (args["time_type"], args["window_start_time"]) == ("device", "02:00:00")


def test_the_callers_zone_is_that_of_the_token(
    tenant: Tenant, device_id: str, django_capture_on_commit_callbacks: Commit
) -> None:
    api = with_zone(tenant, "Asia/Kolkata", django_capture_on_commit_callbacks)

    args = told(send(api, device_id, "RECURRING", **BOTH))

    assert CommandRequest.objects.get().time_zone == "Asia/Kolkata"
    assert (args["window_start_time"], args["window_end_time"]) == ("14:00:00", "22:30:00")


def test_a_token_without_a_zone_has_that_of_its_tenant(
    tenant: Tenant, other_tenant: Tenant, device_id: str, django_capture_on_commit_callbacks: Commit
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="America/New_York")
    Tenant.objects.filter(pk=other_tenant.pk).update(time_zone="Asia/Tokyo")
    theirs = str(DeviceFactory(tenant=other_tenant).pk)

    ours = with_zone(tenant, "", django_capture_on_commit_callbacks)
    others = with_zone(other_tenant, "", django_capture_on_commit_callbacks)

    assert told(send(ours, device_id, "RECURRING", **BOTH))["window_start_time"] == "03:30:00"
    assert told(send(others, theirs, "RECURRING", **BOTH))["window_start_time"] == "17:30:00"
    assert set(CommandRequest.objects.values_list("tenant", "time_zone")) == {
        (tenant.pk, "America/New_York"),
        (other_tenant.pk, "Asia/Tokyo"),
    }


def test_a_gateway_token_has_the_zone_of_the_tenant_it_acts_for(
    tenant: Tenant, gateway_api: ApiClient, device_id: str
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="Asia/Tokyo")

    send(gateway_api, device_id, "WINDOW", **BOTH)

    assert CommandRequest.objects.get().time_zone == "Asia/Tokyo"


def test_what_is_told_does_not_change_with_the_zone_of_the_tenant(
    tenant: Tenant, api: ApiClient, device_id: str
) -> None:
    created = send(api, device_id, "RECURRING", **BOTH).json()["content"]
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="Asia/Tokyo")

    assert api.get(f"{REQUESTS}{created['id']}/").json()["content"]["schedule_args"] == created["schedule_args"]


INSTANTS = st.datetimes().map(lambda instant: f"{instant.isoformat()}Z") | st.sampled_from(
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-11-30T23:59:59Z", "2100-02-29T00:00:00Z", "24:00"]
)
TIMES = st.times().map(lambda time: time.isoformat()) | st.sampled_from(["24:00", "00:00", "\u0661\u0662:00", "12"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    schedule=st.sampled_from(["WINDOW", "RECURRING"]),
    args=st.fixed_dictionaries(
        {"start_datetime": INSTANTS, "end_datetime": INSTANTS},
        optional={
            "window_start_time": TIMES,
            "window_end_time": TIMES,
            "days": st.lists(st.integers(-1, 8) | st.sampled_from(["All days", "friday", ""]), max_size=3),
            "time_type": st.sampled_from(["console", "device"]),
        },
    ),
)
def test_any_schedule_is_taken_or_refused(api: ApiClient, device_id: str, schedule: str, args: dict[str, Any]) -> None:
    response = send(api, device_id, schedule, **args)

    assert response.status_code in {201, 400}
    if response.status_code == 201:
        assert api.get(f"{REQUESTS}{response.json()['content']['id']}/").status_code == 200


@pytest.mark.parametrize(
    "args",
    [
        {"end_datetime": "2020-10-21T21:15:00Z"},
        {"window_start_time": "soon", "days": ["Someday"]},
        {"start_datetime": END, "end_datetime": START},
    ],
    ids=str,
)
def test_an_immediate_command_pays_no_heed_to_its_schedule_arguments(
    api: ApiClient, device_id: str, args: dict[str, Any]
) -> None:
    assert told(send(api, device_id, "IMMEDIATE", **args)) == args
    assert CommandRequest.objects.get().ends_at is None
    assert CommandStatus.objects.get().state == "Command Queued"
