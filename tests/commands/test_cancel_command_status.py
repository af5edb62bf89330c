"""PUT /api/commands/v0/status/{id}/: cancelling, the one change a caller may make."""

import uuid
from typing import Any

import pytest

from commands.models import CommandStatus
from commands.models.status import State
from devices.models import DeviceState
from tenants.models import AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.commands import queued
from tests.factories.devices import DeviceFactory

CANCELLED = {"state": "Command Cancelled"}


def put(api: ApiClient, status_id: object, body: Any = None) -> Any:
    return api.put(f"/api/commands/v0/status/{status_id}/", CANCELLED if body is None else body)


def audited() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(actor_kind="api"))


@pytest.mark.parametrize("state", [State.QUEUED, State.SCHEDULED])
def test_what_waits_can_be_cancelled(api: ApiClient, tenant: Tenant, state: State) -> None:
    status = queued(DeviceFactory(tenant=tenant), state=state)

    response = put(api, status.pk)

    content = response.json()["content"]
    assert response.status_code == 200
    assert (content["state"], content["reason"]) == ("Command Cancelled", "Cancelled by caller-1")
    assert content["updated_at"] > content["created_at"]
    assert content == api.get(f"/api/commands/v0/status/{status.pk}/").json()["content"]


def test_cancelling_again_changes_nothing(api: ApiClient, tenant: Tenant) -> None:
    status = queued(DeviceFactory(tenant=tenant))
    first = put(api, status.pk).json()

    second = put(api, status.pk)

    assert second.status_code == 200
    assert second.json() == first
    assert len(audited()) == 1


@pytest.mark.parametrize(
    "state", [state for state in State if state not in (State.QUEUED, State.SCHEDULED, State.CANCELLED)]
)
def test_what_was_given_to_the_device_cannot_be_cancelled(api: ApiClient, tenant: Tenant, state: State) -> None:
    status = queued(DeviceFactory(tenant=tenant), state=state, reason="before")

    response = put(api, status.pk)

    status.refresh_from_db()
    assert response.status_code == 400
    assert response.json()["message"] == (
        f"Only a queued or scheduled command can be cancelled; this one is in {state.value!r}."
    )
    assert (status.state, status.reason) == (state, "before")
    assert audited() == []


@pytest.mark.parametrize("state", [state.value for state in State if state != State.CANCELLED] + ["Cancelled", "x"])
def test_no_other_state_can_be_set(api: ApiClient, tenant: Tenant, state: str) -> None:
    status = queued(DeviceFactory(tenant=tenant))

    response = put(api, status.pk, {"state": state, "reason": "mine"})

    assert response.status_code == 400
    assert response.json()["message"] == f"state: {state!r} is not one of Command Cancelled."
    assert CommandStatus.objects.get().state == "Command Queued"


def test_a_state_is_needed(api: ApiClient, tenant: Tenant) -> None:
    status = queued(DeviceFactory(tenant=tenant))

    response = put(api, status.pk, {})

    assert response.status_code == 400
    assert response.json()["message"] == "state: This field is required."


def test_other_keys_are_ignored(api: ApiClient, tenant: Tenant) -> None:
    status = queued(DeviceFactory(tenant=tenant))

    response = put(api, status.pk, {**CANCELLED, "reason": "mine", "device": str(uuid.uuid4())})

    assert response.json()["content"]["reason"] == "Cancelled by caller-1"
    assert response.json()["content"]["device"] == str(status.device_id)


@pytest.mark.parametrize("body", [CANCELLED, {"state": "x"}])
def test_a_status_of_another_tenant_is_not_found(api: ApiClient, other_tenant: Tenant, body: dict[str, str]) -> None:
    status = queued(DeviceFactory(tenant=other_tenant))

    foreign, absent = put(api, status.pk, body), put(api, uuid.uuid4(), body)

    assert foreign.status_code == absent.status_code == 404
    assert foreign.json() == absent.json()
    assert CommandStatus.objects.get().state == "Command Queued"
    assert audited() == []


def test_the_audit_log_says_who_cancelled_what(api: ApiClient, tenant: Tenant) -> None:
    status = queued(DeviceFactory(tenant=tenant))

    response = put(api, status.pk)

    (event,) = audited()
    assert (event.action, event.tenant_id, event.source) == ("command_status.cancelled", tenant.pk, "127.0.0.1")
    assert (event.object_type, event.object_id) == ("commandstatus", str(status.pk))
    assert (event.details, event.request_id) == ({"command": "LOCK"}, response.headers["X-Request-Id"])
    assert event.actor.startswith("caller-1 (mst_")


def test_a_cancelled_wipe_leaves_the_device_active(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, state=DeviceState.WIPE_IN_PROGRESS)
    status = queued(device, "WIPE")

    put(api, status.pk)

    device.refresh_from_db()
    assert device.state == DeviceState.ACTIVE


def test_the_other_devices_of_a_request_are_left_alone(api: ApiClient, tenant: Tenant) -> None:
    status = queued(DeviceFactory(tenant=tenant))
    other = queued(DeviceFactory(tenant=tenant), request=status.request)

    put(api, status.pk)

    other.refresh_from_db()
    assert other.state == "Command Queued"
