"""The keys of `custom_settings_config` that an Apple device can be given, as items of Apple's Settings command.

https://developer.apple.com/documentation/devicemanagement/settings-command (DeviceName, OrganizationInfo, Wallpaper)
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any

Item = dict[str, Any]
ORGANIZATION = {
    "name": "OrganizationName",
    "short_name": "OrganizationShortName",
    "address": "OrganizationAddress",
    "phone": "OrganizationPhone",
    "email": "OrganizationEmail",
    "magic": "OrganizationMagic",
}
PLACES = {"lock": 1, "home": 2, "both": 3}
IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
MAX_IMAGE = 4 * 1024 * 1024  # bytes
NOTHING = (
    "custom_settings_config holds nothing that an Apple device can be given: device_name (text), organization_info "
    "(name, short_name, address, phone, email, magic; or null to remove it), wallpaper (image: base64 of a PNG or "
    "JPEG; where: lock, home or both)."
)


def read_custom_settings(config: Any) -> list[Item]:
    """The items. Unknown keys are another platform's. ValueError if nothing is left, or a known key makes no sense."""
    told = config if isinstance(config, dict) else {}
    items = [read(told[key]) for key, read in READERS.items() if key in told]
    if not items:
        raise ValueError(NOTHING)
    return items


def _device_name(value: Any) -> Item:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("device_name must be a text.")
    return {"Item": "DeviceName", "DeviceName": value}


def _organization_info(value: Any) -> Item:
    if not value:
        return {"Item": "OrganizationInfo"}
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
        raise ValueError("organization_info must be an object with at least a name, or null to remove it.")
    for key in ORGANIZATION:
        if not isinstance(value.get(key, ""), str):
            raise ValueError(f"organization_info: {key} must be a text.")
    told = {apple: value[key] for key, apple in ORGANIZATION.items() if value.get(key)}
    return {"Item": "OrganizationInfo", "OrganizationInfo": told}


def _wallpaper(value: Any) -> Item:
    place = value.get("where", "both") if isinstance(value, dict) else None
    if not isinstance(place, str) or place not in PLACES or not isinstance(value.get("image"), str):
        raise ValueError("wallpaper must be an object with image (base64) and where (lock, home or both).")
    try:
        image = base64.b64decode("".join(value["image"].split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("wallpaper: image must be base64.") from None
    if not image.startswith(IMAGES) or len(image) > MAX_IMAGE:
        raise ValueError(f"wallpaper: image must be a PNG or JPEG of at most {MAX_IMAGE} bytes.")
    return {"Item": "Wallpaper", "Image": image, "Where": PLACES[place]}


READERS: dict[str, Callable[[Any], Item]] = {
    "device_name": _device_name,
    "organization_info": _organization_info,
    "wallpaper": _wallpaper,
}
