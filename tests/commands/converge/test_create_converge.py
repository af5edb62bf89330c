"""POST /api/v2/converge"""

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from commands.models import Converge
from commands.services.converges.creation import create_converges
from devices.models import Device, DeviceState
from tenants.models import AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.blueprints import add_version
from tests.factories.converges import ConvergeFactory, with_blueprint
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory
from tests.factories.tenants import ACTOR

CONVERGES = "/api/v2/converge"
WINDOW = {"start_datetime": "2027-03-01T20:00:00Z", "end_datetime": "2027-03-01T22:00:00Z"}


@pytest.fixture
def device(tenant: Tenant) -> Device:
    """An active iPhone with a published blueprint."""
    device = DeviceFactory(tenant=tenant)
    with_blueprint(device)
    return device


def body(device: Device, **told: Any) -> dict[str, Any]:
    return {"device_id": str(device.pk), "converge_with_provision_option": False, **told}


def refused(api: ApiClient, sent: dict[str, Any]) -> dict[str, Any]:
    """The error; nothing was written."""
    before = Converge.objects.count(), AuditEvent.objects.filter(action="converge.created").count()
    response = api.post(CONVERGES, sent)
    assert response.status_code == 400
    assert before == (Converge.objects.count(), AuditEvent.objects.filter(action="converge.created").count())
    answer: dict[str, Any] = response.json()
    return answer


def test_a_converge_to_the_latest_published_version_is_queued(api: ApiClient, device: Device) -> None:
    blueprint = device.assigned_blueprint
    assert blueprint is not None
    published = add_version(blueprint)
    add_version(blueprint, publish=False)

    response = api.post(CONVERGES, body(device, converge_with_provision_option=True))

    told = response.json()["content"]
    row = Converge.objects.get(pk=told["id"])
    assert response.status_code == 201
    assert told == {
        "id": str(row.pk),
        "device_id": str(device.pk),
        "converge_with_provision_option": True,
        "blueprint_info": {"blueprint_id": str(blueprint.pk), "blueprint_version_id": str(published.pk)},
        "schedule_type": "IMMEDIATE",
        "schedule_args": {},
        "status": "QUEUED",
        "reason": "",
        "created_by": "caller-1",
        "created_at": told["created_at"],
        "updated_at": told["updated_at"],
    }
    assert (row.cause, row.reapply, row.tenant_id) == ("caller", False, device.tenant_id)
    assert AuditEvent.objects.get(action="converge.created").object_id == str(row.pk)


def test_the_blueprint_of_the_group_counts_unless_the_device_has_its_own(api: ApiClient, tenant: Tenant) -> None:
    own, inherited = DeviceFactory(tenant=tenant), DeviceFactory(tenant=tenant)
    blueprint = with_blueprint(DeviceFactory(tenant=tenant))
    group = DeviceGroupFactory(tenant=tenant, effective_blueprint=blueprint)
    Device.objects.filter(pk__in=[own.pk, inherited.pk]).update(group=group)
    other = with_blueprint(own)

    found = [
        api.post(CONVERGES, body(each)).json()["content"]["blueprint_info"]["blueprint_id"] for each in (own, inherited)
    ]

    assert found == [str(other.pk), str(blueprint.pk)]


def test_a_second_one_queues_behind_the_first(api: ApiClient, device: Device) -> None:
    ConvergeFactory(device)

    response = api.post(CONVERGES, body(device))

    assert response.status_code == 201
    assert response.json()["content"]["reason"] == "It begins when the one before it on this device has ended."


def test_one_that_waits_for_tonight_is_no_reason_to_wait(api: ApiClient, device: Device) -> None:
    ConvergeFactory(device, not_before=timezone.now() + dt.timedelta(hours=3))

    assert api.post(CONVERGES, body(device)).json()["content"]["reason"] == ""


def test_a_device_without_a_blueprint_is_refused(api: ApiClient, tenant: Tenant) -> None:
    told = refused(api, body(DeviceFactory(tenant=tenant)))

    assert told["message"] == "The device has no blueprint: assign one to it or to its group."


def test_a_blueprint_of_which_nothing_is_published_is_refused(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    name = with_blueprint(device, publish=False).name

    told = refused(api, body(device))

    assert told["message"] == f"Nothing of the blueprint {name} is published: publish a version of it first."


@pytest.mark.parametrize("state", [0, 20, 70, 80, 90, 100, 200])
def test_an_apple_device_that_is_not_provisioned_is_refused(api: ApiClient, device: Device, state: int) -> None:
    Device.objects.filter(pk=device.pk).update(state=state)

    told = refused(api, body(device))

    words = DeviceState(state).label
    assert told["message"] == f"The device is not provisioned: it is in the state {state} ({words})."


@pytest.mark.parametrize(("state", "why"), [(1, "no channel"), (60, "no channel"), (30, "not provisioned")])
def test_android_devices_are_told_that_there_is_no_channel(
    api: ApiClient, tenant: Tenant, state: int, why: str
) -> None:
    device = AndroidFactory(tenant=tenant, state=state)
    with_blueprint(device)

    assert why in refused(api, body(device))["message"]


def test_an_unknown_device_and_one_of_another_tenant_look_the_same(api: ApiClient, other_tenant: Tenant) -> None:
    foreign = DeviceFactory(tenant=other_tenant)
    with_blueprint(foreign)

    for unknown in (str(foreign.pk), str(uuid.uuid4())):
        told = refused(api, {"device_id": unknown, "converge_with_provision_option": False})
        assert told["message"] == f"invalid device id: {unknown}"
        assert told["content"] == {"invalid_device_ids": [unknown]}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"device_id": "x"}, "device_id"),
        ({"device_id": None}, "device_id"),
        ({"converge_with_provision_option": None}, "converge_with_provision_option"),
        ({"converge_with_provision_option": "perhaps"}, "converge_with_provision_option"),
        ({"schedule_type": "RECURRING"}, "schedule_type"),
        ({"schedule_type": "immediate"}, "schedule_type"),
        ({"schedule_type": "WINDOW"}, "schedule_args"),
        ({"schedule_type": "WINDOW", "schedule_args": {"start_datetime": "tonight"}}, "schedule_args"),
        ({"schedule_args": []}, "schedule_args"),
    ],
)
def test_what_is_wrong_is_named(api: ApiClient, device: Device, wrong: dict[str, Any], named: str) -> None:
    assert named in refused(api, body(device, **wrong))["content"]


@pytest.mark.parametrize("missing", ["device_id", "converge_with_provision_option"])
def test_what_is_missing_is_named(api: ApiClient, device: Device, missing: str) -> None:
    told = refused(api, {key: value for key, value in body(device).items() if key != missing})

    assert list(told["content"]) == [missing]


def test_nulls_count_as_absent(api: ApiClient, device: Device) -> None:
    response = api.post(CONVERGES, body(device, schedule_type=None, schedule_args=None))

    assert response.json()["content"]["schedule_type"] == "IMMEDIATE"


def test_a_viewer_may_not(viewer_api: ApiClient, device: Device) -> None:
    assert viewer_api.post(CONVERGES, body(device)).status_code == 403
    assert not Converge.objects.exists()


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_405(api: ApiClient, method: str) -> None:
    assert api.request(method, CONVERGES).status_code == 405


def test_a_path_with_a_slash_is_404(api: ApiClient, device: Device) -> None:
    assert api.post(f"{CONVERGES}/", body(device)).status_code == 404


@time_machine.travel("2027-03-01T09:00:00Z", tick=False)
def test_it_waits_until_its_window_opens(api: ApiClient, device: Device) -> None:
    told = api.post(CONVERGES, body(device, schedule_type="WINDOW", schedule_args=WINDOW)).json()["content"]

    row = Converge.objects.get()
    assert (row.not_before.isoformat(), row.closes_at and row.closes_at.isoformat()) == (
        "2027-03-01T20:00:00+00:00",
        "2027-03-01T22:00:00+00:00",
    )
    assert (told["status"], told["reason"]) == ("QUEUED", "The window opens at 2027-03-01 20:00 (UTC).")
    assert told["schedule_args"] == {
        "time_type": "console",
        **WINDOW,
        "window_start_time": "20:00:00",
        "window_end_time": "22:00:00",
        "days": ["All days"],
    }


@time_machine.travel("2027-03-01T09:00:00Z", tick=False)
def test_device_time_is_that_of_the_device(api: ApiClient, device: Device) -> None:
    Device.objects.filter(pk=device.pk).update(time_zone="Asia/Tokyo")
    args = {
        "start_datetime": "2027-03-01T00:00:00Z",
        "end_datetime": "2027-03-05T00:00:00Z",
        "time_type": "device",
        "window_start_time": "22:00",
        "window_end_time": "23:00",
    }

    told = api.post(CONVERGES, body(device, schedule_type="WINDOW", schedule_args=args)).json()["content"]

    assert Converge.objects.get().not_before.isoformat() == "2027-03-01T13:00:00+00:00"
    assert told["reason"] == "The window opens at 2027-03-01 22:00 (Asia/Tokyo)."


@time_machine.travel("2027-03-01T09:00:00Z", tick=False)
def test_a_schedule_without_a_window_to_come_is_refused(api: ApiClient, device: Device) -> None:
    args = {
        "start_datetime": "2027-03-01T08:00:00Z",
        "end_datetime": "2027-03-01T12:00:00Z",
        "window_start_time": "06:00",
        "window_end_time": "07:00",
    }

    told = refused(api, body(device, schedule_type="WINDOW", schedule_args=args))

    assert "no window falls between" in told["message"]


def test_many_are_made_at_once_and_who_cannot_is_left_out(tenant: Tenant, other_tenant: Tenant) -> None:
    able, foreign, bare = (DeviceFactory(tenant=each) for each in (tenant, other_tenant, tenant))
    with_blueprint(able)
    with_blueprint(foreign)
    ids = [able.pk, foreign.pk, bare.pk, uuid.uuid4(), able.pk]

    made = create_converges(tenant=tenant, actor=ACTOR, device_ids=ids, provision=True, cause=Converge.Cause.MOVE)

    assert made == [able.pk]
    row = Converge.objects.get()
    assert (row.device_id, row.converge_with_provision_option, row.cause) == (able.pk, True, "move")
    able.refresh_from_db()
    assert able.converge_status == Device.ConvergeStatus.OPEN
