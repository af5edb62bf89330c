"""Arguments that the API takes, for each of its commands."""

import uuid
from typing import Any

VERSION = str(uuid.UUID(int=5))
PACKAGE = {"package_name": "com.example.pos"}
STORE_APP = {"app_id": "408709785", "bundle_identifier": "com.example.app"}
ADDRESSES = {"static_ip": "10.0.0.9", "subnet_mask": "24", "gateway": "10.0.0.1", "primary_dns": "10.0.0.2"}
STATIC = {"interface": "eth", "dhcp_enabled": "false", **ADDRESSES}

WITHOUT_ARGUMENTS = [
    "SET_MULTI_APP_MODE",
    "LOCK",
    "REBOOT",
    "WIPE",
    "UPDATE_HEARTBEAT",
    "UPDATE_LATEST_DPC",
    "UPDATE_BLUEPRINT",
    "DEVICE_INFORMATION",
    "CLEAR_PASSCODE",
    "LIST_INSTALLED_PROFILES",
]

# Arguments as callers send them, and as they are kept (the same where only one is given).
TAKEN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("INSTALL", {"app_version": VERSION}, {"app_version": VERSION}),
    *[
        (name, PACKAGE, PACKAGE)
        for name in ("UNINSTALL", "CLEAR_APP_DATA", "ADD_TO_WHITELIST", "REMOVE_FROM_WHITELIST", "SET_KIOSK_APP")
    ],
    ("SET_APP_STATE", {**PACKAGE, "app_state": "HIDE"}, {**PACKAGE, "app_state": "HIDE"}),
    (
        "SET_APP_PERMISSION",
        {**PACKAGE, "permission": "android.permission.CAMERA", "grant_state": "PERMISSION_GRANT_STATE_DENIED"},
        {**PACKAGE, "permission": "android.permission.CAMERA", "grant_state": "PERMISSION_GRANT_STATE_DENIED"},
    ),
    ("SET_APP_NOTIFICATIONS", {**PACKAGE, "app_notifications_state": "ENABLED"}, {}),
    *[(name, {}, {}) for name in WITHOUT_ARGUMENTS],
    ("SET_BLUETOOTH_STATE", {"bluetooth_state": True}, {}),
    ("SET_BLUETOOTH_STATE", {"bluetooth_state": "false"}, {"bluetooth_state": False}),
    (
        "SET_WIFI_STATE",
        {"wifi_state": False, "wifi_revert_timeout": "30"},
        {"wifi_state": False, "wifi_revert_timeout": 30},
    ),
    ("SET_BRIGHTNESS_SCALE", {"brightness_value": "100"}, {"brightness_value": 100}),
    ("SET_GPS_STATE", {"gps_state": 0}, {}),
    ("SET_ROTATION_STATE", {"rotate_state": 2}, {}),
    ("SET_SCREEN_OFF_TIMEOUT", {"screen_off_timeout": -1}, {}),
    ("SET_SCREEN_OFF_TIMEOUT", {"screen_off_timeout": 1_800_000}, {}),
    ("SET_STREAM_VOLUME", {"stream": 3, "volume_level": 0}, {}),
    ("SET_TIMEZONE", {"timezone_string": "Asia/Kolkata"}, {}),
    ("SET_DEVICE_LANGUAGE", {"locale": "en_us"}, {"locale": "en_US"}),
    ("SET_DEVICE_LANGUAGE", {"locale": "zh-hans-cn"}, {"locale": "zh_Hans_CN"}),
    ("SET_DEVICE_LOCKDOWN_STATE", {"state": "UNLOCKED", "message": ""}, {}),
    ("USE_ONLY_SAVED_WIFI_AP", {"use_only_saved_ap": True}, {}),
    ("SET_ETHERNET_SETTINGS", {"ethernet_auth_mode": "NONE"}, {}),
    (
        "SET_ETHERNET_SETTINGS",
        {"ethernet_auth_mode": "EAP_TLS", "ethernet_ca_cert_alias": "ca", "ethernet_client_cert_alias": "me"},
        {},
    ),
    ("SET_STATIC_IP", STATIC, {}),
    ("SET_STATIC_IP", {**STATIC, "dhcp_enabled": False, "subnet_mask": 24}, STATIC),
    ("SET_STATIC_IP", {"interface": "wlan", "dhcp_enabled": True}, {"interface": "wlan", "dhcp_enabled": "true"}),
    ("SET_STATIC_IP", {"interface": "wlan", "dhcp_dnabled": "true"}, {"interface": "wlan", "dhcp_enabled": "true"}),
    ("BEEP_DEVICE", {"duration": 10}, {"duration": "10"}),
    ("BEEP_DEVICE", {"duration": "300"}, {}),
    ("NOTIFY_DEVICE", {"title": "Hello", "message": "World", "url": "https://example.com/"}, {}),
    ("SET_NEW_POLICY", {"policy_url": "https://127.0.0.1/policy/1"}, {}),  # not fetched: it is no public address
    ("UPDATE_DEVICE_CONFIG", {"custom_settings_config": {"a": 1}}, {}),
    ("CONVERGE", {}, {"converge_with_provision_option": False}),
    ("VPP_APP_INSTALL", STORE_APP, {}),
    ("VPP_APP_INSTALL", {**STORE_APP, "app_id": 408709785}, STORE_APP),
    ("APPLE_APP_UNINSTALL", STORE_APP, {}),
    ("REMOVE_PROFILE", {"profile_identifier": "com.example.wifi"}, {}),
]

SAMPLES: dict[str, dict[str, Any]] = {
    **{name: args for name, args, _ in reversed(TAKEN)},
    "RESET_LOCKSCREEN_PASSWORD": {"new_lockscreen_password": "sesame"},
    "ADD_WIFI_AP": {"wifi_access_points": {"ssid": "office", "password": "sesame"}},
    "REMOVE_WIFI_AP": {"wifi_access_points": {"ssid": "office"}},
}
