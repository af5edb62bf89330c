"""GET /api/commands/v0/status/{id}/"""

import uuid

import pytest

from commands.models.status import State
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.commands import queued
from tests.factories.devices import DeviceFactory

STATUSES = "/api/commands/v0/status/"


@pytest.mark.parametrize("state", list(State))
def test_shows_a_status_in_every_state(api: ApiClient, tenant: Tenant, state: State) -> None:
    status = queued(DeviceFactory(tenant=tenant), state=state, reason="why")

    response = api.get(f"{STATUSES}{status.pk}/")

    assert response.status_code == 200
    assert response.json()["content"] == {
        "id": str(status.pk),
        "request": str(status.request_id),
        "device": str(status.device_id),
        "state": state.value,
        "reason": "why",
        "created_at": status.created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": status.updated_at.isoformat().replace("+00:00", "Z"),
    }


def test_a_status_of_another_tenant_is_not_found(api: ApiClient, other_tenant: Tenant) -> None:
    status = queued(DeviceFactory(tenant=other_tenant))

    foreign, absent = api.get(f"{STATUSES}{status.pk}/"), api.get(f"{STATUSES}{uuid.uuid4()}/")

    assert foreign.status_code == 404
    assert foreign.json() == absent.json() == {"code": 404, "message": "No command status has this id.", "content": {}}


def test_the_id_of_a_request_is_no_id_of_a_status(api: ApiClient, tenant: Tenant) -> None:
    status = queued(DeviceFactory(tenant=tenant))

    assert api.get(f"{STATUSES}{status.request_id}/").status_code == 404
