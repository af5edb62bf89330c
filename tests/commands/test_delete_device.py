"""DELETE /api/device/v0/devices/{id}/"""

import uuid

import pytest

from commands.models import AppleDeclarations, AppleEnrolment, CommandStatus
from commands.models.status import State
from devices.models import Device, DeviceState
from tenants.models import AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.commands import AppleEnrolmentFactory, queued
from tests.factories.devices import AndroidFactory, DeviceFactory, seen

DEVICES = "/api/device/v0/devices/"


def audited() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(actor_kind="api"))


def test_answers_200_with_the_device_now_disabled(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    seen(device)
    before = api.get(f"{DEVICES}{device.pk}/").json()["content"]

    response = api.delete(f"{DEVICES}{device.pk}/")

    after = response.json()["content"]
    assert (response.status_code, response.json()["message"]) == (200, "Device deleted")
    assert {key for key in after if after[key] != before[key]} == {"state", "updated_at", "updated_by"}
    assert (after["state"], after["updated_by"]) == (20, "caller-1")
    assert after == api.get(f"{DEVICES}{device.pk}/").json()["content"]


def test_the_device_leaves_the_list_but_not_the_table(api: ApiClient, tenant: Tenant) -> None:
    device, other = (DeviceFactory(tenant=tenant) for _ in range(2))

    api.delete(f"{DEVICES}{device.pk}/")

    assert [row["id"] for row in api.get(DEVICES).json()["content"]["results"]] == [str(other.pk)]
    assert [row["id"] for row in api.get(f"{DEVICES}?state=20").json()["content"]["results"]] == [str(device.pk)]
    assert Device.objects.count() == 2


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (State.QUEUED, State.CANCELLED),
        (State.SCHEDULED, State.CANCELLED),
        (State.INITIATED, State.FAILURE),
        (State.IN_PROGRESS, State.FAILURE),
        (State.SUCCESS, State.SUCCESS),
        (State.TIMEOUT, State.TIMEOUT),
    ],
)
def test_its_queue_ends(api: ApiClient, tenant: Tenant, state: State, after: State) -> None:
    """What waits is cancelled; what the device was given may have been done, so it fails."""
    status = queued(DeviceFactory(tenant=tenant), state=state)
    bystander = queued(DeviceFactory(tenant=tenant))

    api.delete(f"{DEVICES}{status.device_id}/")

    status.refresh_from_db()
    bystander.refresh_from_db()
    assert (status.state, bystander.state) == (after, State.QUEUED)
    assert status.reason == ("" if state == after else "The device was removed.")


def test_it_is_never_pushed_again(api: ApiClient, tenant: Tenant) -> None:
    enrolment = AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant))

    api.delete(f"{DEVICES}{enrolment.device_id}/")

    enrolment = AppleEnrolment.objects.get()
    assert (enrolment.enabled_at, enrolment.wake_at) == (None, None)


def test_new_commands_for_it_fail(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    api.delete(f"{DEVICES}{device.pk}/")

    api.post("/api/commands/v0/commands/", {"command_type": "DEVICE", "devices": [str(device.pk)], "command": "LOCK"})

    assert CommandStatus.objects.get().state == State.FAILURE


def test_deleting_again_changes_nothing(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    first = api.delete(f"{DEVICES}{device.pk}/").json()

    second = api.delete(f"{DEVICES}{device.pk}/")

    assert second.status_code == 200
    assert second.json() == first
    assert len(audited()) == 1


def test_a_device_that_is_being_wiped_can_be_deleted(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, state=DeviceState.WIPE_IN_PROGRESS)
    queued(device, "WIPE")

    assert api.delete(f"{DEVICES}{device.pk}/").json()["content"]["state"] == 20
    assert CommandStatus.objects.get().state == State.CANCELLED


def test_an_android_device_is_400_and_stays(api: ApiClient, tenant: Tenant) -> None:
    status = queued(AndroidFactory(tenant=tenant))

    response = api.delete(f"{DEVICES}{status.device_id}/")

    status.refresh_from_db()
    assert response.status_code == 400
    assert response.json()["message"] == "Only Apple devices can be deleted."
    assert (status.state, status.device.state) == (State.QUEUED, DeviceState.ACTIVE)
    assert audited() == []


@pytest.mark.parametrize("factory", [DeviceFactory, AndroidFactory])
def test_a_device_of_another_tenant_is_not_found(api: ApiClient, other_tenant: Tenant, factory: type[Device]) -> None:
    status = queued(factory(tenant=other_tenant))

    foreign, absent = api.delete(f"{DEVICES}{status.device_id}/"), api.delete(f"{DEVICES}{uuid.uuid4()}/")

    status.refresh_from_db()
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json() == absent.json()
    assert (status.state, status.device.state) == (State.QUEUED, DeviceState.ACTIVE)
    assert audited() == []


def test_the_audit_log_says_who_deleted_what(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, serial="F9F")

    response = api.delete(f"{DEVICES}{device.pk}/")

    (event,) = audited()
    assert (event.action, event.tenant_id, event.source) == ("device.removed", tenant.pk, "127.0.0.1")
    assert (event.object_type, event.object_id) == ("device", str(device.pk))
    assert (event.details, event.request_id) == ({"serial": "F9F"}, response.headers["X-Request-Id"])


def test_the_serial_of_a_deleted_device_stays_taken(api: ApiClient, tenant: Tenant) -> None:
    """The row is kept: a device that enrols again is the same device."""
    device = DeviceFactory(tenant=tenant, serial="F9F")
    api.delete(f"{DEVICES}{device.pk}/")

    found = api.get(f"{DEVICES}?serial=F9F&state=20").json()["content"]["results"]
    assert [row["id"] for row in found] == [str(device.pk)]


def test_its_declarations_are_forgotten(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    device, other = DeviceFactory(tenant=tenant), DeviceFactory(tenant=other_tenant)
    for each in (device, other):
        AppleDeclarations.objects.create(device=each, token="t")

    api.delete(f"{DEVICES}{device.pk}/")

    assert [row.device for row in AppleDeclarations.objects.all()] == [other]
