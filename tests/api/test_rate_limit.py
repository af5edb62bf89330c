"""So many requests of one caller in one period; more are told when to come again."""

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from pytest_django import Settings

from commands.models import CommandRequest
from tenants.models import Tenant
from tests.api.calls import belongings_of
from tests.conftest import ApiClient
from tests.factories.tenants import token_for

DEVICES = "/api/device/v0/devices/"
PERIOD_START = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> Iterator[time_machine.Traveller]:
    settings.API_RATE_LIMIT, settings.API_RATE_PERIOD = 2, 60
    with time_machine.travel(PERIOD_START + dt.timedelta(seconds=15), tick=False) as traveller:
        yield traveller


def statuses(api: ApiClient, number: int, **headers: str) -> list[int]:
    return [api.get(DEVICES, headers=headers).status_code for _ in range(number)]


def test_the_request_after_the_last_is_429_and_says_when_to_come_again(api: ApiClient) -> None:
    assert statuses(api, 2) == [200, 200]

    response = api.get(DEVICES)

    assert response.status_code == 429
    assert response.headers["Retry-After"] == "46"
    assert response.json()["content"] == {}
    assert "throttled" in response.json()["message"]


def test_the_next_period_begins_anew(api: ApiClient, clock: time_machine.Traveller) -> None:
    assert statuses(api, 3) == [200, 200, 429]

    clock.shift(45)

    assert statuses(api, 3) == [200, 200, 429]


def test_callers_and_tokens_are_counted_apart(api: ApiClient, tenant: Tenant, other_api: ApiClient) -> None:
    assert statuses(api, 3) == [200, 200, 429]

    assert statuses(api, 1, **{"X-Caller-Id": "caller 2, with spaces"}) == [200]
    assert statuses(api, 1, Authorization=f"Bearer {token_for(tenant)[1]}") == [200]
    assert statuses(other_api, 1) == [200]


def test_a_write_that_is_held_back_changes_nothing(api: ApiClient, tenant: Tenant) -> None:
    body = {"command_type": "DEVICE", "devices": [belongings_of(tenant).device], "command": "LOCK"}
    statuses(api, 2)

    response = api.post("/api/commands/v0/commands/", body)

    assert response.status_code == 429
    assert CommandRequest.objects.count() == 1


def test_refused_tokens_are_not_counted(api: ApiClient) -> None:
    assert statuses(api, 3, Authorization="Bearer nonsense") == [401, 401, 401]
    assert statuses(api, 2) == [200, 200]


def test_zero_is_no_limit(api: ApiClient, settings: Settings) -> None:
    settings.API_RATE_LIMIT = 0

    assert statuses(api, 5) == [200] * 5
