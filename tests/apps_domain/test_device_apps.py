"""GET /api/v2/devices/{deviceId}/device-apps/ and GET /api/v2/device-apps"""

import base64
import uuid
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries as Queries

from apps_domain.models import AppType, DeviceApp
from devices.models import Device
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import DeviceFactory

pytestmark = pytest.mark.django_db

DEVICES = "/api/v2/device-apps"
CONFIG = b"<plist><dict><key>server</key><string>\xc3\xa9</string></dict></plist>"


def path_of(device: Device | str) -> str:
    return f"/api/v2/devices/{device.pk if isinstance(device, Device) else device}/device-apps/"


def on(device: Device, **fields: Any) -> DeviceApp:
    made = {"app_type": AppType.TENANT_IOS, "app_id": uuid.uuid4(), "app_version_id": uuid.uuid4(), "app_config": None}
    bundle = {"bundle_id": f"org.example.{uuid.uuid4()}"}
    return DeviceApp.objects.create(**{"device": device, "tenant": device.tenant, **bundle, **made, **fields})


def ids(api: ApiClient, path: str, **query: Any) -> list[str]:
    answer = api.get(path, query=query)
    assert answer.status_code == 200, answer.content
    return [row.get("id") or row["device_id"] for row in answer.json()["results"]]


@pytest.fixture
def device(tenant: Tenant) -> Device:
    return DeviceFactory(tenant=tenant)


def test_a_device_lists_its_apps_with_all_documented_fields(api: ApiClient, device: Device, tenant: Tenant) -> None:
    row = on(device, app_config=CONFIG)

    assert api.get(path_of(device)).json() == {
        "results": [
            {
                "id": str(row.pk),
                "device_id": str(device.pk),
                "app_id": str(row.app_id),
                "app_type": "TENANT_IOS",
                "app_version_id": str(row.app_version_id),
                "base64_app_config": base64.b64encode(CONFIG).decode(),
                "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
                "updated_at": row.updated_at.isoformat().replace("+00:00", "Z"),
                "tenant_id": str(tenant.pk),
            }
        ]
    }


def test_an_app_without_configuration_or_known_version(api: ApiClient, device: Device) -> None:
    on(device, app_version_id=None)

    [found] = api.get(path_of(device)).json()["results"]
    assert (found["base64_app_config"], found["app_version_id"]) == ("", None)


@pytest.mark.parametrize("name", ["app type", "app_type"])
def test_they_are_filtered_by_type_under_either_name(api: ApiClient, device: Device, name: str) -> None:
    own, store, vendor = (on(device, app_type=each) for each in ("TENANT_IOS", "VPP", "ESPER_IOS"))

    assert ids(api, path_of(device), **{name: "VPP"}) == [str(store.pk)]
    assert set(ids(api, path_of(device), **{name: "TENANT_IOS, esper_ios"})) == {str(own.pk), str(vendor.pk)}
    assert len(ids(api, path_of(device), **{name: ""})) == 3
    wrong = api.get(path_of(device), query={name: "WEB"})
    assert wrong.status_code == 400
    assert name in wrong.json()["message"]


def test_the_latest_come_first_in_pages(api: ApiClient, device: Device) -> None:
    made = [str(on(device).pk) for _ in range(3)]

    assert ids(api, path_of(device), limit=2) == [made[2], made[1]]
    assert ids(api, path_of(device), limit=2, offset=2) == [made[0]]
    assert ids(api, path_of(device), offset=3) == []
    assert api.get(path_of(device), query={"limit": 0}).status_code == 400


@pytest.mark.parametrize("device_id", [uuid.uuid4(), "nonsense", "1"])
def test_an_unknown_device_is_not_found(api: ApiClient, tenant: Tenant, device_id: object) -> None:
    assert api.get(path_of(str(device_id))).status_code == 404


def test_a_foreign_device_is_not_found(api: ApiClient, other_tenant: Tenant) -> None:
    foreign = DeviceFactory(tenant=other_tenant)
    on(foreign)

    assert api.get(path_of(foreign)).status_code == 404


def test_a_list_costs_the_same_however_long_it_is(
    api: ApiClient, device: Device, django_assert_num_queries: Queries
) -> None:
    on(device)
    api.get(path_of(device))
    for _ in range(10):
        on(device, app_config=CONFIG)

    with django_assert_num_queries(4):
        assert len(ids(api, path_of(device))) == 11


def test_the_devices_of_an_app_are_a_page_at_the_root(api: ApiClient, device: Device) -> None:
    row = on(device)

    assert api.get(DEVICES, query={"app_id": row.app_id}).json() == {
        "count": 1,
        "prev": None,
        "next": None,
        "results": [{"device_id": str(device.pk)}],
    }


def test_devices_are_found_by_app_by_version_and_by_both(api: ApiClient, tenant: Tenant) -> None:
    first, second = DeviceFactory(tenant=tenant), DeviceFactory(tenant=tenant)
    old = on(first)
    new = on(second, app_id=old.app_id)
    both = {str(first.pk), str(second.pk)}

    assert set(ids(api, DEVICES, app_id=old.app_id)) == both
    assert ids(api, DEVICES, app_version_id=new.app_version_id) == [str(second.pk)]
    assert ids(api, DEVICES, app_id=old.app_id, app_version_id=old.app_version_id) == [str(first.pk)]
    assert ids(api, DEVICES, app_id=uuid.uuid4(), app_version_id=old.app_version_id) == []
    assert ids(api, DEVICES, app_id=uuid.uuid4()) == []


def test_their_pages_follow_each_other(api: ApiClient, tenant: Tenant) -> None:
    app_id = uuid.uuid4()
    made = {str(on(DeviceFactory(tenant=tenant), app_id=app_id).device_id) for _ in range(5)}
    found: list[str] = []
    query: dict[str, Any] = {"app_id": app_id, "limit": 2}

    for offset in (0, 2, 4):
        page = api.get(DEVICES, query={**query, "offset": offset}).json()
        found += [row["device_id"] for row in page["results"]]
        assert page["count"] == 5
        assert (page["prev"] is None, page["next"] is None) == (offset == 0, offset == 4)
    assert set(found) == made
    assert len(found) == 5


@pytest.mark.parametrize("query", [{}, {"app_id": ""}, {"app_id": "1"}, {"app_version_id": "x"}, {"limit": 5}])
def test_one_well_formed_id_is_needed(api: ApiClient, query: dict[str, Any]) -> None:
    answer = api.get(DEVICES, query=query)

    assert answer.status_code == 400
    assert "app_" in answer.json()["message"]


def test_devices_of_others_are_not_found(api: ApiClient, other_tenant: Tenant) -> None:
    foreign = on(DeviceFactory(tenant=other_tenant))

    assert ids(api, DEVICES, app_id=foreign.app_id) == []
    assert ids(api, DEVICES, app_version_id=foreign.app_version_id) == []
