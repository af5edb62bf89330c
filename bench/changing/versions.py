"""The ten versions of the blueprint: what is added, changed and taken away from one to the next."""

import base64
import struct
import zlib
from typing import Any

Settings = dict[str, Any]
ALWAYS = {"apply_policy": "ALWAYS APPLY"}
OFFICE, DEPOT = "5b0c6a52-6a0e-4b7e-9d0c-000000000001", "5b0c6a52-6a0e-4b7e-9d0c-000000000002"
TARGET_OS = "18.4"


def picture(grey: int) -> bytes:
    """A PNG of one pixel."""
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes([0, grey]))),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def ten_versions(app: Settings | None = None) -> list[Settings]:
    """For iOS, in their order. `app`: one that is installed by some of them."""
    told: list[Settings] = [
        {**_camera(False), **_wifi(_office("first password")), **_zone("Europe/Berlin")},
        {**_camera(False), **_wifi(_office("first password")), **_zone("Europe/Berlin"), **_name("Till {serial}")},
        {**_camera(False), **_wifi(_office("other password")), **_zone("Europe/Berlin"), **_clips("Menu"), **_code(6)},
        {**_camera(True), **_wifi(_office("other password")), **_clips("Menu"), **_code(8), **_siri(False)},
        {**_siri(False), **_wifi(_depot()), **_clips("Menu", "Rota"), **_code(8), **_wallpaper(10)},
        {**_siri(True), **_wifi(_depot(), _office("other password")), **_clips("Rota"), **_wallpaper(200), "apps": app},
        {**_camera(False), **_wifi(_depot()), **_update(), **_deferral(30), "apps": app},
        {**_camera(False), **_wifi(_depot()), **_update(), **_deferral(30), **_zone("Asia/Kolkata")},
        {**_update(), **_name("Desk {serial}"), **_code(4), **_clips("Menu")},
        {
            **_camera(False),
            **_restrictions(allowAirDrop=False),
            **_wifi(_office("last password"), _depot()),
            **_zone("Europe/Berlin"),
            **_name("Till {serial}"),
            **_clips("Menu", "Help"),
            **_code(6),
            **_wallpaper(90),
            **_update(),
            **_deferral(14),
            "apps": app,
        },
    ]
    return [_without_nothing(version) for version in told]


def _without_nothing(version: Settings) -> Settings:
    if (app := version.pop("apps", None)) is not None:
        version["apps"] = [app]
    return version


def _camera(allowed: bool) -> Settings:
    return {"camera_settings": {**ALWAYS, "allow_camera_access": allowed}}


def _siri(allowed: bool) -> Settings:
    return {"siri_settings": {**ALWAYS, "allow_siri": allowed}}


def _restrictions(**keys: Any) -> Settings:
    return {"restrictions_settings": {**ALWAYS, "restrictions": keys}}


def _office(password: str) -> Settings:
    return {"wifi_network_id": OFFICE, "ssid": "Office", "password": password, "security": "WPA2"}


def _depot() -> Settings:
    return {"wifi_network_id": DEPOT, "ssid": "Depot"}


def _wifi(*networks: Settings) -> Settings:
    return {"wifi_networks": list(networks)}


def _zone(name: str) -> Settings:
    return {"timezone_settings": {**ALWAYS, "timezone": name}}


def _name(template: str) -> Settings:
    return {"device_name_settings": {**ALWAYS, "device_name": template}}


def _clips(*labels: str) -> Settings:
    return {"web_clips": [{"label": label, "url": f"https://{label.lower()}.example/"} for label in labels]}


def _code(length: int) -> Settings:
    return {"passcode_settings": {**ALWAYS, "require_passcode": True, "minimum_length": length}}


def _wallpaper(grey: int) -> Settings:
    screen = {**ALWAYS, "portrait": {"image": base64.b64encode(picture(grey)).decode()}}
    return {"wallpaper_settings": {"homescreen": screen, "lockscreen": screen}}


def _update() -> Settings:
    return {
        "os_update_settings": {
            **ALWAYS,
            "target_os_version": TARGET_OS,
            "target_local_datetime": "2026-01-01T00:00:00",
        }
    }


def _deferral(days: int) -> Settings:
    return {"defer_os_updates": {**ALWAYS, "defer_os_updates_delay": days}}
