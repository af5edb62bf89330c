"""GET /api/device/v0/heartbeat/{id}/"""

import datetime as dt
import uuid

import pytest
import time_machine

from devices.models import DeviceState
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import AndroidFactory, DeviceFactory, seen

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


def path(device_id: object) -> str:
    return f"/api/device/v0/heartbeat/{device_id}/"


@pytest.mark.parametrize(
    ("ago", "status"),
    [
        (dt.timedelta(), 1),
        (dt.timedelta(minutes=29, seconds=59), 1),
        (dt.timedelta(minutes=30), 1),
        (dt.timedelta(minutes=30, seconds=1), 0),
        (dt.timedelta(days=400), 0),
    ],
)
def test_the_status_is_one_for_half_an_hour(api: ApiClient, tenant: Tenant, ago: dt.timedelta, status: int) -> None:
    with time_machine.travel(NOW, tick=False):
        device = DeviceFactory(tenant=tenant)
        seen(device, ago)

        response = api.get(path(device.pk))

    moment = (NOW - ago).isoformat().replace("+00:00", "Z")
    assert response.json() == {
        "code": 200,
        "message": "ok",
        "content": {"device_id": str(device.pk), "timestamp": moment, "status": status},
    }


def test_a_device_never_seen_has_no_time(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)

    response = api.get(path(device.pk))

    assert response.json()["content"] == {"device_id": str(device.pk), "timestamp": None, "status": 0}


def test_a_removed_device_still_tells_when_it_was_seen(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, state=DeviceState.DISABLED)
    seen(device)

    assert api.get(path(device.pk)).json()["content"]["status"] == 1


def test_an_android_device_is_400_and_told_where_to_look(api: ApiClient, tenant: Tenant) -> None:
    device = AndroidFactory(tenant=tenant)
    seen(device)

    response = api.get(path(device.pk))

    assert response.status_code == 400
    assert "Apple devices only" in response.json()["message"]


@pytest.mark.parametrize("factory", [DeviceFactory, AndroidFactory])
def test_a_device_of_another_tenant_is_not_found(api: ApiClient, other_tenant: Tenant, factory: type) -> None:
    device = factory(tenant=other_tenant)
    seen(device)

    foreign, absent = api.get(path(device.pk)), api.get(path(uuid.uuid4()))

    assert foreign.status_code == 404
    assert foreign.json() == absent.json()


def test_the_private_url_is_not_asked_for(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)

    assert api.get(path(device.pk), without="X-SCAPI-Private-URL").status_code == 200
