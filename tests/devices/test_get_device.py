"""GET /api/device/v0/devices/{id}/"""

from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import DeviceFactory


def test_shows_a_device_of_the_tenant(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, serial="C02XY")

    response = api.get(f"/api/device/v0/devices/{device.pk}/")

    assert response.status_code == 200
    assert response.json()["content"]["serial"] == "C02XY"


def test_a_device_of_another_tenant_is_not_found(api: ApiClient, other_tenant: Tenant) -> None:
    device = DeviceFactory(tenant=other_tenant)

    response = api.get(f"/api/device/v0/devices/{device.pk}/")

    assert response.status_code == 404
    assert response.json() == {"code": 404, "message": "No device has this id.", "content": {}}
