"""GET /api/commands/v0/status/"""

import uuid
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from commands.models.status import State
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.commands import CommandRequestFactory, queued
from tests.factories.devices import DeviceFactory

STATUSES = "/api/commands/v0/status/"


def listed(api: ApiClient, **query: Any) -> list[str]:
    response = api.get(STATUSES, query=query)
    assert response.status_code == 200, response.json()
    return [row["id"] for row in response.json()["content"]["results"]]


def test_lists_the_statuses_of_the_tenant_newest_first_even_without_a_filter(
    api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    first, second = (queued(DeviceFactory(tenant=tenant)) for _ in range(2))
    queued(DeviceFactory(tenant=other_tenant))

    assert listed(api) == [str(second.pk), str(first.pk)]


def test_each_row_is_the_status_as_it_is_shown_alone(api: ApiClient, tenant: Tenant) -> None:
    status = queued(DeviceFactory(tenant=tenant), state=State.FAILURE, reason="broken")

    row = api.get(STATUSES).json()["content"]["results"][0]

    assert row == api.get(f"{STATUSES}{status.pk}/").json()["content"]


def test_filters_by_any_of_several_requests_and_devices(api: ApiClient, tenant: Tenant) -> None:
    one, two, three = (queued(DeviceFactory(tenant=tenant)) for _ in range(3))

    assert listed(api, request=one.request_id) == listed(api, device=one.device_id) == [str(one.pk)]
    assert listed(api, request=f"{one.request_id},{str(three.request_id).upper()}") == [str(three.pk), str(one.pk)]
    assert listed(api, device=f" {one.device_id} ,, {two.device_id}") == [str(two.pk), str(one.pk)]
    assert listed(api, request=one.request_id, device=two.device_id) == []
    assert listed(api, request="", device="", state="") == [str(item.pk) for item in (three, two, one)]


@pytest.mark.parametrize("state", list(State))
def test_filters_by_each_state(api: ApiClient, tenant: Tenant, state: State) -> None:
    rows = {each: queued(DeviceFactory(tenant=tenant), state=each) for each in State}

    assert listed(api, state=state.value) == [str(rows[state].pk)]


def test_commands_of_the_platform_itself_can_be_left_out(api: ApiClient, tenant: Tenant) -> None:
    called = queued(DeviceFactory(tenant=tenant))
    internal = queued(DeviceFactory(tenant=tenant), request=CommandRequestFactory(tenant=tenant, is_internal=True))

    assert listed(api, exclude_internal_commands="true") == [str(called.pk)]
    assert listed(api, exclude_internal_commands="false") == listed(api) == [str(internal.pk), str(called.pk)]


@pytest.mark.parametrize("name", ["request", "device"])
def test_ids_of_another_tenant_find_nothing(api: ApiClient, tenant: Tenant, other_tenant: Tenant, name: str) -> None:
    foreign = queued(DeviceFactory(tenant=other_tenant))
    queued(DeviceFactory(tenant=tenant))

    assert listed(api, **{name: getattr(foreign, f"{name}_id")}) == listed(api, **{name: uuid.uuid4()}) == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"request": "x"}, "request: 'x' is not valid."),
        ({"device": "1,2"}, "device: '1' is not valid."),
        ({"state": "Queued"}, "state: 'Queued' is not one of Command Queued, Command Initiated, "),
        ({"state": "command queued"}, "state: 'command queued' is not one of "),
        ({"exclude_internal_commands": "x"}, "exclude_internal_commands: "),
    ],
)
def test_a_filter_that_makes_no_sense_is_400_and_named(api: ApiClient, query: dict[str, str], message: str) -> None:
    response = api.get(STATUSES, query=query)

    assert response.status_code == 400
    assert response.json()["message"].startswith(message)


def test_takes_three_queries_however_many_rows(
    api: ApiClient, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listed(api)
    for number in (1, 10):
        for _ in range(number):
            queued(DeviceFactory(tenant=tenant))
        with django_assert_num_queries(3):  # the token, the count, the page
            listed(api, state="Command Queued", exclude_internal_commands="true")
