"""GET /api/v2/converge, …/{id} and …/{id}/commands"""

import uuid
from typing import Any

import pytest

from commands.models import Converge
from commands.models.status import State
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.converges import ConvergeFactory, sent

CONVERGES = "/api/v2/converge"


def listed(api: ApiClient, path: str = CONVERGES, **query: Any) -> list[dict[str, Any]]:
    response = api.get(path, query=query)
    assert response.status_code == 200, response.json()
    rows: list[dict[str, Any]] = response.json()["content"]["results"]
    return rows


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def test_lists_those_of_the_tenant_newest_first(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    first, second = (ConvergeFactory(tenant=tenant) for _ in range(2))
    ConvergeFactory(tenant=other_tenant)

    assert ids(listed(api)) == [str(second.pk), str(first.pk)]


def test_filters_by_devices(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    one, two, _ = (ConvergeFactory(tenant=tenant) for _ in range(3))
    foreign = ConvergeFactory(tenant=other_tenant)

    assert ids(listed(api, device_ids=one.device_id)) == [str(one.pk)]
    assert ids(listed(api, device_ids=f" {str(one.device_id).upper()} ,, {two.device_id}")) == [
        str(two.pk),
        str(one.pk),
    ]
    assert listed(api, device_ids=foreign.device_id) == listed(api, device_ids=uuid.uuid4()) == []
    assert len(listed(api, device_ids="")) == 3


@pytest.mark.parametrize("wrong", ["x", "1,2", "8f14e45f-ceea-467f-9a36-dedd4bea2543,x"])
def test_ids_that_are_none_are_400_and_named(api: ApiClient, wrong: str) -> None:
    response = api.get(CONVERGES, query={"device_ids": wrong})

    assert response.status_code == 400
    assert list(response.json()["content"]) == ["device_ids"]


def test_one_is_shown_as_in_the_list(api: ApiClient, tenant: Tenant) -> None:
    converge = ConvergeFactory(tenant=tenant, status=Converge.Status.FAILURE, reason="1 of 2 commands failed.")

    told = api.get(f"{CONVERGES}/{converge.pk}").json()["content"]

    assert [told] == listed(api)
    assert (told["status"], told["reason"]) == ("FAILURE", "1 of 2 commands failed.")


def test_one_whose_blueprint_was_deleted_is_still_shown(api: ApiClient, tenant: Tenant) -> None:
    converge = ConvergeFactory(tenant=tenant, blueprint=None, blueprint_version=None)

    told = api.get(f"{CONVERGES}/{converge.pk}").json()["content"]

    assert told["blueprint_info"] == {"blueprint_id": None, "blueprint_version_id": None}


@pytest.mark.parametrize("path", ["{}", "{}/commands"], ids=["one", "commands"])
def test_absent_foreign_and_malformed_ids_look_the_same(api: ApiClient, other_tenant: Tenant, path: str) -> None:
    foreign = ConvergeFactory(tenant=other_tenant)

    answers = [api.get(f"{CONVERGES}/{path.format(each)}") for each in (foreign.pk, uuid.uuid4(), "x")]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert {answer.json()["message"] for answer in answers} == {"No converge has this id."}


def test_its_commands_come_in_the_order_in_which_they_were_sent(
    api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    converge = ConvergeFactory(tenant=tenant)
    rows = [sent(converge, state=state) for state in (State.SUCCESS, State.FAILURE, State.QUEUED)]
    sent(ConvergeFactory(converge.device))
    sent(ConvergeFactory(tenant=other_tenant))

    found = listed(api, f"{CONVERGES}/{converge.pk}/commands")

    assert [row["command_request_id"] for row in found] == [str(row.request_id) for row in rows]
    assert [row["command_state"] for row in found] == ["Command Success", "Command Failure", "Command Queued"]
    assert set(found[0]) == {"command_request_id", "command_state", "reason", "created_at", "updated_at"}


def test_each_of_its_commands_is_found_by_the_command_routes(api: ApiClient, tenant: Tenant) -> None:
    converge = ConvergeFactory(tenant=tenant)
    sent(converge)

    (told,) = listed(api, f"{CONVERGES}/{converge.pk}/commands")

    (status,) = listed(api, "/api/commands/v0/status/", request=told["command_request_id"])
    assert status["state"] == told["command_state"]
    assert listed(api, "/api/commands/v0/status/", exclude_internal_commands="true") == []


@pytest.mark.parametrize("path", ["{}", "{}/commands"], ids=["one", "commands"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_other_methods_are_405(api: ApiClient, tenant: Tenant, path: str, method: str) -> None:
    converge = ConvergeFactory(tenant=tenant)

    assert api.request(method, f"{CONVERGES}/{path.format(converge.pk)}").status_code == 405
