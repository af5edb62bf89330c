"""GET /api/device/v0/devices/{id}/devicestate"""

import uuid
from typing import Any

from devices.models import DeviceSettings
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import AndroidFactory, DeviceFactory

FULL: dict[str, Any] = {
    "gps_state": "LOCATION_MODE_HIGH_ACCURACY",
    "wifi_state": True,
    "adb_enabled": False,
    "adb_timeout": 60,
    "remote_adb_enabled": True,
    "remote_adb_ip": "10.0.0.5",
    "remote_adb_port": 5555,
    "audio_settings": {"ring": 30, "music": 70},
    "rotation_state": "LANDSCAPE_ONLY",
    "bluetooth_state": True,
    "brightness_scale": 100,
    "screen_off_timeout": -1,
    "use_only_saved_ap": False,
}


def state_path(device_id: object) -> str:
    return f"/api/device/v0/devices/{device_id}/devicestate"


def test_shows_the_settings_bare_in_the_documented_order(api: ApiClient, tenant: Tenant) -> None:
    device = AndroidFactory(tenant=tenant)
    DeviceSettings.objects.create(device=device, **FULL)

    response = api.get(state_path(device.pk))

    assert response.status_code == 200
    assert list(response.json().items()) == list(FULL.items())


def test_a_device_that_reported_none_has_empty_settings(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)

    response = api.get(state_path(device.pk))

    assert response.json() == {**dict.fromkeys(FULL), "audio_settings": {}}
    assert not DeviceSettings.objects.exists()


def test_the_settings_of_another_tenant_are_not_found(api: ApiClient, other_tenant: Tenant) -> None:
    device = AndroidFactory(tenant=other_tenant)
    DeviceSettings.objects.create(device=device, **FULL)

    foreign, absent = api.get(state_path(device.pk)), api.get(state_path(uuid.uuid4()))

    assert foreign.status_code == absent.status_code == 404
    assert foreign.json() == absent.json() == {"code": 404, "message": "No device has this id.", "content": {}}
