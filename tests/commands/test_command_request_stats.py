"""GET /api/commands/v0/commands/{id}/stats/"""

import uuid

from pytest_django import DjangoAssertNumQueries

from commands.models.status import State
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.commands import CommandRequestFactory, queued
from tests.factories.devices import DeviceFactory

REQUESTS = "/api/commands/v0/commands/"


def test_counts_the_devices_in_each_state(api: ApiClient, tenant: Tenant) -> None:
    request = CommandRequestFactory(tenant=tenant)
    for number, state in enumerate(State, start=1):
        for _ in range(number):
            queued(DeviceFactory(tenant=tenant), state=state, request=request)
    queued(DeviceFactory(tenant=tenant))

    response = api.get(f"{REQUESTS}{request.pk}/stats/")

    assert response.status_code == 200
    assert response.json()["content"]["id"] == str(request.pk)
    told = {item["state"]: item["total"] for item in response.json()["content"]["status"]}
    assert told == {state.value: number for number, state in enumerate(State, start=1)}


def test_states_that_no_device_is_in_are_left_out(api: ApiClient, tenant: Tenant) -> None:
    status = queued(DeviceFactory(tenant=tenant), state=State.SUCCESS)

    response = api.get(f"{REQUESTS}{status.request_id}/stats/")

    assert response.json()["content"]["status"] == [{"state": "Command Success", "total": 1}]


def test_a_request_without_devices_counts_nothing(api: ApiClient, tenant: Tenant) -> None:
    request = CommandRequestFactory(tenant=tenant)

    assert api.get(f"{REQUESTS}{request.pk}/stats/").json()["content"] == {"id": str(request.pk), "status": []}


def test_the_stats_follow_a_cancellation(api: ApiClient, tenant: Tenant) -> None:
    status = queued(DeviceFactory(tenant=tenant))
    api.put(f"/api/commands/v0/status/{status.pk}/", {"state": "Command Cancelled"})

    response = api.get(f"{REQUESTS}{status.request_id}/stats/")

    assert response.json()["content"]["status"] == [{"state": "Command Cancelled", "total": 1}]


def test_the_stats_of_another_tenant_are_not_found(api: ApiClient, other_tenant: Tenant) -> None:
    status = queued(DeviceFactory(tenant=other_tenant))

    foreign, absent = (api.get(f"{REQUESTS}{item}/stats/") for item in (status.request_id, uuid.uuid4()))

    assert foreign.status_code == 404
    assert foreign.json() == absent.json()


def test_takes_three_queries_however_many_rows(
    api: ApiClient, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request = CommandRequestFactory(tenant=tenant)
    api.get(f"{REQUESTS}{request.pk}/stats/")
    for _ in range(10):
        queued(DeviceFactory(tenant=tenant), request=request)

    with django_assert_num_queries(3):  # the token, the request, the aggregate
        api.get(f"{REQUESTS}{request.pk}/stats/")
