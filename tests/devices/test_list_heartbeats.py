"""GET /api/device/v2/heartbeat/"""

import datetime as dt
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from devices.models import DeviceState, Heartbeat
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import AndroidFactory, DeviceFactory, seen

NOON = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
ALWAYS = {"last_seen_gt": "2000-01-01", "last_seen_lt": "2100-01-01"}


def listed(api: ApiClient, gt: str = "2000-01-01", lt: str = "2100-01-01", more: str = "") -> list[dict[str, Any]]:
    response = api.get(f"/api/device/v2/heartbeat/?last_seen_gt={gt}&last_seen_lt={lt}{more}")
    assert response.status_code == 200, response.json()
    results: list[dict[str, Any]] = response.json()["content"]["results"]
    return results


def seen_at(tenant: Tenant, moment: dt.datetime, factory: Any = DeviceFactory, **fields: Any) -> str:
    device = factory(tenant=tenant, **fields)
    Heartbeat.objects.create(device=device, tenant=tenant, last_seen=moment)
    return str(device.pk)


def test_lists_when_devices_were_seen_latest_first(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    first = seen_at(tenant, NOON - dt.timedelta(hours=2))
    second = seen_at(tenant, NOON - dt.timedelta(minutes=5), AndroidFactory)
    seen_at(other_tenant, NOON)
    with time_machine.travel(NOON, tick=False):
        found = listed(api)

    assert found == [
        {"device_id": second, "timestamp": "2026-03-01T11:55:00Z", "status": 1},
        {"device_id": first, "timestamp": "2026-03-01T10:00:00Z", "status": 0},
    ]


@pytest.mark.parametrize(
    ("gt", "lt", "found"),
    [
        ("2026-03-01T11:59:59.999Z", "2026-03-01T12:00:00.001Z", True),
        ("2026-03-01T12:00:00Z", "2026-03-02", False),  # strictly later
        ("2026-02-28", "2026-03-01T12:00:00.000Z", False),  # strictly earlier
        ("2026-03-01", "2026-03-02", True),
        ("2026-03-01", "2026-03-01", False),
        ("2026-03-01 11:59", "2026-03-01 12:01", True),
        ("2026-03-01T11:59", "2026-03-01T12:01", True),
        ("2026-03-01T17:29:00+05:30", "2026-03-01T17:31:00+05:30", True),  # the plus arrives as a space
        ("2026-03-01T17:29:00%2B05:30", "2026-03-01T17:31:00%2B0530", True),
        ("2026-03-01T06:59:00-05:00", "2026-03-01T07:01:00-05:00", True),
        ("2026-03-01T17:31:00+05:30", "2026-03-01T17:40:00+05:30", False),
        ("0001-01-01", "9999-12-31", True),
    ],
)
def test_the_bounds_are_dates_or_times_in_any_zone(
    api: ApiClient, tenant: Tenant, gt: str, lt: str, found: bool
) -> None:
    seen_at(tenant, NOON)

    assert bool(listed(api, gt, lt)) is found


@pytest.mark.parametrize("missing", list(ALWAYS))
def test_both_bounds_are_required(api: ApiClient, missing: str) -> None:
    query = {name: value for name, value in ALWAYS.items() if name != missing}

    for absent in ({}, {missing: ""}):
        response = api.get("/api/device/v2/heartbeat/", query={**query, **absent})
        assert response.status_code == 400
        assert response.json()["message"] == f"{missing}: This field is required."


@pytest.mark.parametrize("name", list(ALWAYS))
@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "2026-03-01T25:00:00Z",
        "1772366400",
        "2026-03-01T12:00:00+99:99",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_a_bound_that_is_no_time_is_400_and_named(api: ApiClient, name: str, text: str) -> None:
    response = api.get("/api/device/v2/heartbeat/", query={**ALWAYS, name: text})

    assert response.status_code == 400
    assert response.json()["message"].startswith(f"{name}: ")
    assert "is not a date or date-time (2023-08-30T00:00:00.000Z)" in response.json()["message"]


def test_bounds_that_are_the_wrong_way_round_are_400(api: ApiClient) -> None:
    response = api.get("/api/device/v2/heartbeat/?last_seen_gt=2026-03-02&last_seen_lt=2026-03-01")

    assert response.status_code == 400
    assert response.json()["message"] == "last_seen_gt: must not be later than last_seen_lt."


def test_filters_by_platform(api: ApiClient, tenant: Tenant) -> None:
    apple, android = seen_at(tenant, NOON), seen_at(tenant, NOON, AndroidFactory)

    assert [row["device_id"] for row in listed(api, more="&platform=APPLE")] == [apple]
    assert [row["device_id"] for row in listed(api, more="&platform=ANDROID")] == [android]
    assert len(listed(api, more="&platform=")) == 2


def test_an_unknown_platform_is_400_and_tells_the_known_ones(api: ApiClient) -> None:
    response = api.get("/api/device/v2/heartbeat/", query={**ALWAYS, "platform": "LINUX"})

    assert response.status_code == 400
    assert response.json()["message"] == "platform: 'LINUX' is not one of ANDROID, APPLE."


def test_removed_devices_and_devices_never_seen_are_left_out(api: ApiClient, tenant: Tenant) -> None:
    DeviceFactory(tenant=tenant)
    seen_at(tenant, NOON, state=DeviceState.DISABLED)

    assert listed(api) == []


def test_the_example_of_the_documentation_works(api: ApiClient) -> None:
    assert listed(api, quote("2023-08-30T00:00:00.000Z"), quote("2023-08-31T00:00:00.000Z")) == []


def test_takes_three_queries_however_many_rows(
    api: ApiClient, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listed(api)
    for number in (1, 8):
        for _ in range(number):
            seen(DeviceFactory(tenant=tenant))
        with django_assert_num_queries(3):  # the token, the count, the page
            listed(api)
