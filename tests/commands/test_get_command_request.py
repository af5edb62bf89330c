"""GET /api/commands/v0/commands/{id}/"""

import uuid

from pytest_django import DjangoAssertNumQueries

from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.commands import CommandRequestFactory
from tests.factories.devices import AndroidFactory, DeviceFactory

REQUESTS = "/api/commands/v0/commands/"


def test_shows_the_request_as_it_was_created(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    created = api.post(REQUESTS, {"command_type": "DEVICE", "devices": [str(device.pk)], "command": "LOCK"}).json()

    response = api.get(f"{REQUESTS}{created['content']['id']}/")

    assert response.status_code == 200
    assert response.json() == {"code": 200, "message": "ok", "content": created["content"]}


def test_the_reason_tells_how_the_fan_out_went(api: ApiClient, tenant: Tenant) -> None:
    ids = [str(AndroidFactory(tenant=tenant).pk), str(DeviceFactory(tenant=tenant).pk)]
    created = api.post(REQUESTS, {"command_type": "DEVICE", "devices": ids, "command": "LOCK"}).json()

    content = api.get(f"{REQUESTS}{created['content']['id']}/").json()["content"]

    assert created["content"]["reason"] == ""
    assert content["reason"] == ("1 of 2 devices cannot be given the command: command not supported on ANDROID: LOCK")


def test_a_request_of_another_tenant_is_not_found(api: ApiClient, other_tenant: Tenant) -> None:
    foreign = api.get(f"{REQUESTS}{CommandRequestFactory(tenant=other_tenant).pk}/")
    absent = api.get(f"{REQUESTS}{uuid.uuid4()}/")

    assert foreign.status_code == 404
    assert foreign.json() == absent.json() == {"code": 404, "message": "No command request has this id.", "content": {}}


def test_takes_two_queries(api: ApiClient, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    made = CommandRequestFactory(tenant=tenant)
    api.get(f"{REQUESTS}{made.pk}/")

    with django_assert_num_queries(2):
        api.get(f"{REQUESTS}{made.pk}/")
