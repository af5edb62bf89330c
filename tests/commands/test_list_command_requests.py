"""GET /api/commands/v0/commands/"""

import uuid
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from commands.models import CommandRequest
from devices.models import Device
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.commands import CommandRequestFactory
from tests.factories.devices import DeviceFactory, DeviceGroupFactory

REQUESTS = "/api/commands/v0/commands/"


def listed(api: ApiClient, **query: Any) -> list[str]:
    response = api.get(REQUESTS, query=query)
    assert response.status_code == 200, response.json()
    return [row["id"] for row in response.json()["content"]["results"]]


def request_for(tenant: Tenant, **fields: Any) -> str:
    return str(CommandRequestFactory(tenant=tenant, **fields).pk)


def test_lists_the_requests_of_the_tenant_newest_first(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    first, second = request_for(tenant), request_for(tenant)
    request_for(other_tenant)

    assert listed(api) == [second, first]


def test_each_row_is_the_request_as_it_is_shown_alone(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    made = request_for(tenant, devices=[device.pk], command_args={"a": 1}, reason="because", is_internal=True)

    row = api.get(REQUESTS).json()["content"]["results"][0]

    assert row == api.get(f"{REQUESTS}{made}/").json()["content"]
    assert (row["devices"], row["command_args"], row["reason"]) == ([str(device.pk)], {"a": 1}, "because")


@pytest.fixture
def devices(tenant: Tenant) -> list[Device]:
    return [DeviceFactory(tenant=tenant) for _ in range(3)]


def test_filters_by_any_of_several_devices(api: ApiClient, tenant: Tenant, devices: list[Device]) -> None:
    one, two, three = (device.pk for device in devices)
    first, second = request_for(tenant, devices=[one]), request_for(tenant, devices=[one, two])
    request_for(tenant, devices=[three])
    request_for(tenant)

    assert listed(api, devices=one) == [second, first]
    assert listed(api, devices=str(two).upper()) == [second]
    assert listed(api, devices=f"{two}, {one},") == [second, first]
    assert listed(api, devices=uuid.uuid4()) == []


def test_filters_by_any_of_several_groups(api: ApiClient, tenant: Tenant) -> None:
    one, two = (DeviceGroupFactory(tenant=tenant).pk for _ in range(2))
    first = request_for(tenant, command_type="GROUP", groups=[one])
    second = request_for(tenant, command_type="DYNAMIC", groups=[one, two])
    request_for(tenant)

    assert listed(api, groups=one) == [second, first]
    assert listed(api, groups=two) == [second]


def test_filters_by_command_and_schedule(api: ApiClient, tenant: Tenant) -> None:
    ends = {"start_datetime": "2026-03-01T08:00:00Z", "end_datetime": "2026-03-01T09:00:00Z"}
    locked = request_for(tenant, command="LOCK")
    wiped = request_for(tenant, command="WIPE", schedule="WINDOW", schedule_args=ends)

    assert listed(api, command="LOCK") == listed(api, schedule="IMMEDIATE") == [locked]
    assert listed(api, command="WIPE") == listed(api, schedule="WINDOW") == [wiped]
    assert listed(api, schedule="RECURRING") == listed(api, command="WIPE", schedule="IMMEDIATE") == []
    assert listed(api, command="", schedule="", devices="", groups="") == [wiped, locked]


@pytest.mark.parametrize(("value", "both"), [("true", False), ("1", False), ("false", True), ("0", True), ("", True)])
def test_commands_of_the_platform_itself_can_be_left_out(
    api: ApiClient, tenant: Tenant, value: str, both: bool
) -> None:
    called, internal = request_for(tenant), request_for(tenant, is_internal=True)

    assert listed(api, exclude_internal_commands=value) == ([internal, called] if both else [called])
    assert listed(api) == [internal, called]


@pytest.mark.parametrize("name", ["devices", "groups"])
def test_ids_of_another_tenant_find_nothing(api: ApiClient, tenant: Tenant, other_tenant: Tenant, name: str) -> None:
    foreign = (DeviceFactory if name == "devices" else DeviceGroupFactory)(tenant=other_tenant).pk
    CommandRequestFactory(tenant=other_tenant, **{name: [foreign]})
    request_for(tenant)

    assert listed(api, **{name: foreign}) == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"devices": "x"}, "devices: 'x' is not valid."),
        ({"groups": ",x"}, "groups: 'x' is not valid."),
        ({"command": "EXPLODE"}, "command: 'EXPLODE' is not one of ADD_TO_WHITELIST, "),
        ({"schedule": "LATER"}, "schedule: 'LATER' is not one of IMMEDIATE, WINDOW, RECURRING."),
        ({"exclude_internal_commands": "maybe"}, "exclude_internal_commands: Must be a valid boolean."),
    ],
)
def test_a_filter_that_makes_no_sense_is_400_and_named(api: ApiClient, query: dict[str, str], message: str) -> None:
    response = api.get(REQUESTS, query=query)

    assert response.status_code == 400
    assert response.json()["message"].startswith(message)


def test_takes_three_queries_however_many_rows(
    api: ApiClient, tenant: Tenant, devices: list[Device], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listed(api)
    for number in (1, 10):
        for _ in range(number):
            request_for(tenant, devices=[devices[0].pk])
        with django_assert_num_queries(3):  # the token, the count, the page
            listed(api, devices=devices[0].pk)


def test_secret_arguments_are_not_even_read(
    api: ApiClient, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    CommandRequestFactory(tenant=tenant, secret_args=b'{"profile": "x"}')
    listed(api)

    with django_assert_num_queries(3) as captured:
        listed(api)
    assert not [query for query in captured.captured_queries if "secret_args" in query["sql"]]
    assert CommandRequest.objects.get().all_arguments() == {"profile": "x"}
