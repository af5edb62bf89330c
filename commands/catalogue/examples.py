"""A value for each argument, as an integrator would send it. Most arguments of one name mean the same everywhere."""

import base64
import plistlib
from typing import Any

from commands.catalogue.base import Command

PROFILE = {
    "PayloadType": "Configuration",
    "PayloadIdentifier": "com.example.wifi",
    "PayloadUUID": "0B6E9E0C-6C5D-4C53-9C2B-5C4B0B7C1A11",
    "PayloadVersion": 1,
    "PayloadContent": [],
}

APP_CONFIG = {"server": "https://pos.example.com"}

EXAMPLES: dict[str, Any] = {
    "app_id": "408709785",
    "app_notifications_state": "DISABLED",
    "app_state": "HIDE",
    "app_version": "6f1c8f3e-2d54-4a1c-9f0e-3b7a5c2d9e10",
    "base64_app_config": base64.b64encode(plistlib.dumps(APP_CONFIG)).decode(),
    "bluetooth_state": False,
    "brightness_value": 80,
    "bundle_identifier": "com.example.pos",
    "converge_with_provision_option": False,
    "custom_settings_config": {
        "device_name": "Till 7",
        "organization_info": {"name": "Example Ltd", "phone": "+44 20 7946 0000"},
    },
    "device_alias_name": "Till 7",
    "dhcp_enabled": "false",
    "duration": "30",
    "ethernet_auth_mode": "EAP_TLS",
    "ethernet_ca_cert_alias": "office-ca",
    "ethernet_client_cert_alias": "till-7",
    "ethernet_eap_identity": "till-7@example.com",
    "gateway": "10.0.0.1",
    "gps_state": 0,
    "grant_state": "PERMISSION_GRANT_STATE_GRANTED",
    "interface": "eth",
    "locale": "de_DE",
    "managed_only": True,
    "message": "Please bring this device back to the shop.",
    "new_lockscreen_password": "a new password",
    "package_name": "com.example.pos",
    "permission": "android.permission.CAMERA",
    "policy_url": "https://example.com/policies/12",
    "primary_dns": "10.0.0.2",
    "profile": base64.b64encode(plistlib.dumps(PROFILE)).decode(),
    "profile_identifier": "com.example.wifi",
    "rotate_state": 1,
    "screen_off_timeout": 60000,
    "secondary_dns": "10.0.0.3",
    "state": "LOCKED",
    "static_ip": "10.0.0.9",
    "stream": 3,
    "subnet_mask": "24",
    "timezone_string": "Europe/Berlin",
    "title": "Shop closes early",
    "url": "https://example.com/notice",
    "use_only_saved_ap": True,
    "volume_level": 40,
    "wifi_access_points": {"ssid": "Shop", "password": "the network's password", "security": "WPA2"},
    "wifi_revert_timeout": 300,
    "wifi_state": True,
}
SPECIAL: dict[str, dict[str, Any]] = {"REMOVE_WIFI_AP": {"wifi_access_points": {"ssid": "Shop"}}}


def example_arguments(command: Command) -> dict[str, Any]:
    values = {**EXAMPLES, **SPECIAL.get(command.name, {})}
    return {name: values[name] for name in map(str, command.Arguments().fields) if name in values}
