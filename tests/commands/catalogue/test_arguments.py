"""The arguments of the 44 commands: what is taken, how it is kept, and what is refused with which rule."""

from typing import Any

import pytest

from commands.catalogue import CATALOGUE, NAMES
from commands.models import CommandRequest
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.arguments import PACKAGE, STATIC, STORE_APP, TAKEN
from tests.factories.builds import AppVersionFactory
from tests.factories.devices import DeviceFactory

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("INSTALL", {}, "app_version"),
    ("INSTALL", {"app_version": "1.2.3"}, "app_version"),
    ("UNINSTALL", {}, "package_name"),
    ("UNINSTALL", {"package_name": "not a package"}, "package_name"),
    ("SET_APP_STATE", {**PACKAGE, "app_state": "GONE"}, "app_state"),
    ("SET_APP_PERMISSION", {**PACKAGE, "permission": "a.b"}, "grant_state"),
    ("VPP_APP_INSTALL", {"app_id": "\u0661", "bundle_identifier": "a.b"}, "app_id"),
    ("SET_APP_NOTIFICATIONS", {**PACKAGE, "app_notifications_state": True}, "app_notifications_state"),
    ("SET_BLUETOOTH_STATE", {"bluetooth_state": "maybe"}, "bluetooth_state"),
    ("SET_WIFI_STATE", {"wifi_state": True, "wifi_revert_timeout": 0}, "wifi_revert_timeout"),
    ("SET_BRIGHTNESS_SCALE", {"brightness_value": 0}, "brightness_value"),
    ("SET_BRIGHTNESS_SCALE", {"brightness_value": 101}, "brightness_value"),
    ("SET_GPS_STATE", {"gps_state": 5}, "gps_state"),
    ("SET_ROTATION_STATE", {"rotate_state": -1}, "rotate_state"),
    ("SET_SCREEN_OFF_TIMEOUT", {"screen_off_timeout": 4999}, "screen_off_timeout"),
    ("SET_SCREEN_OFF_TIMEOUT", {"screen_off_timeout": 0}, "screen_off_timeout"),
    ("SET_STREAM_VOLUME", {"stream": 4, "volume_level": 1}, "stream"),
    ("SET_STREAM_VOLUME", {"stream": 1, "volume_level": 101}, "volume_level"),
    ("SET_TIMEZONE", {"timezone_string": "Mars/Olympus"}, "timezone_string"),
    ("SET_TIMEZONE", {"timezone_string": 5}, "timezone_string"),
    ("SET_DEVICE_LANGUAGE", {"locale": "english"}, "locale"),
    ("SET_DEVICE_LOCKDOWN_STATE", {"state": "LOCKED"}, "message"),
    ("RESET_LOCKSCREEN_PASSWORD", {"new_lockscreen_password": ""}, "new_lockscreen_password"),
    ("ADD_WIFI_AP", {}, "wifi_access_points"),
    ("ADD_WIFI_AP", {"wifi_access_points": {}}, "wifi_access_points"),
    ("REMOVE_WIFI_AP", {"wifi_access_points": "office"}, "wifi_access_points"),
    ("SET_ETHERNET_SETTINGS", {"ethernet_auth_mode": "EAP_TLS"}, "ethernet_ca_cert_alias"),
    ("SET_STATIC_IP", {"interface": "eth", "dhcp_enabled": "false"}, "static_ip"),
    ("SET_STATIC_IP", {**STATIC, "subnet_mask": 33}, "subnet_mask"),
    ("SET_STATIC_IP", {**STATIC, "gateway": "fe80::1"}, "gateway"),
    ("SET_STATIC_IP", {**STATIC, "interface": "usb"}, "interface"),
    ("BEEP_DEVICE", {"duration": 9}, "duration"),
    ("BEEP_DEVICE", {"duration": "301"}, "duration"),
    ("NOTIFY_DEVICE", {"title": "Hello"}, "message"),
    ("SET_NEW_POLICY", {"policy_url": "policy"}, "policy_url"),
    ("SET_NEW_POLICY", {"policy_url": "https://user:secret@example.com/policy"}, "policy_url"),
    ("UPDATE_DEVICE_CONFIG", {}, "custom_settings_config"),
    ("CONVERGE", {"converge_with_provision_option": "perhaps"}, "converge_with_provision_option"),
    ("VPP_APP_INSTALL", {**STORE_APP, "app_id": "com.example"}, "app_id"),
    ("APPLE_APP_UNINSTALL", {"app_id": "1"}, "bundle_identifier"),
    ("INSTALL_PROFILE", {"profile": "AAAA"}, "profile"),
    ("REMOVE_PROFILE", {}, "profile_identifier"),
]


def send(api: ApiClient, tenant: Tenant, command: str, args: dict[str, Any]) -> Any:
    device = DeviceFactory(tenant=tenant)
    body = {"command_type": "DEVICE", "devices": [str(device.pk)], "command": command, "command_args": args}
    return api.post("/api/commands/v0/commands/", body)


def test_every_name_of_the_api_has_its_command() -> None:
    assert len(NAMES) == 44
    assert [command.name for command in CATALOGUE.values()] == list(NAMES)


@pytest.mark.parametrize(("command", "args", "kept"), TAKEN)
def test_takes_its_arguments(
    api: ApiClient, tenant: Tenant, command: str, args: dict[str, Any], kept: dict[str, Any]
) -> None:
    if "app_version" in args:
        AppVersionFactory(tenant, id=args["app_version"])

    response = send(api, tenant, command, args)

    assert response.status_code == 201, response.content
    assert response.json()["content"]["command_args"] == (kept or args)


@pytest.mark.parametrize(("command", "args", "argument"), REFUSED)
def test_refuses_and_names_the_argument(
    api: ApiClient, tenant: Tenant, command: str, args: dict[str, Any], argument: str
) -> None:
    response = send(api, tenant, command, args)

    assert response.status_code == 400
    assert argument in str(response.json()["content"]["command_args"])
    assert "command_args" in response.json()["message"]
    assert not CommandRequest.objects.exists()


@pytest.mark.parametrize(
    ("command", "args", "secret"),
    [
        ("RESET_LOCKSCREEN_PASSWORD", {"new_lockscreen_password": " open sesame "}, "sesame"),
        ("ADD_WIFI_AP", {"wifi_access_points": {"ssid": "office", "password": "sesame"}}, "sesame"),
        ("REMOVE_WIFI_AP", {"wifi_access_points": [{"ssid": "office", "password": "sesame"}]}, "sesame"),
    ],
)
def test_secret_arguments_are_never_shown_and_kept_whole(
    api: ApiClient, tenant: Tenant, command: str, args: dict[str, Any], secret: str
) -> None:
    response = send(api, tenant, command, args)

    assert response.status_code == 201
    assert secret not in response.content.decode()
    request = CommandRequest.objects.get()
    assert secret not in str(request.command_args)
    assert request.all_arguments() == args


def test_arguments_of_another_tenant_stay_with_it(other_api: ApiClient, api: ApiClient, tenant: Tenant) -> None:
    created = send(api, tenant, "SET_TIMEZONE", {"timezone_string": "UTC"}).json()["content"]

    assert other_api.get(f"/api/commands/v0/commands/{created['id']}/").status_code == 404


def test_unknown_arguments_are_ignored(api: ApiClient, tenant: Tenant) -> None:
    response = send(api, tenant, "LOCK", {"colour": "blue", "nested": {"deep": [1]}})

    assert response.json()["content"]["command_args"] == {}
