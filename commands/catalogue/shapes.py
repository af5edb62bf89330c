"""The keys of arguments that are objects without a published shape, as Apple's channel reads them: JSON schemas."""

from typing import Any

Shape = dict[str, Any]


def _text(description: str, **more: Any) -> Shape:
    return {"type": "string", "description": description, **more}


ACCESS_POINT: Shape = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "ssid": _text("The network's name"),
        "password": _text("Its password, if it has one", format="password", writeOnly=True),
        "security": _text("How it is secured", enum=["NONE", "WEP", "WPA", "WPA2", "WPA3"]),
        "hidden": {"type": "boolean", "description": "Whether it does not announce itself"},
        "proxy_host": _text("The proxy's name or address"),
        "proxy_port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "The proxy's port"},
        "proxy_pac_url": _text("Where the proxy's configuration is", format="uri"),
    },
}
CUSTOM_SETTINGS: Shape = {
    "type": "object",
    "properties": {
        "device_name": _text("The device's name on the device itself"),
        "organization_info": {
            "type": "object",
            "nullable": True,
            "description": "Whom the device belongs to; null removes it",
            "properties": {
                "name": _text("The organisation's name"),
                "short_name": _text("A short one"),
                "address": _text("Where it is"),
                "phone": _text("How to call it"),
                "email": _text("How to write to it"),
                "magic": _text("An identifier of its own"),
            },
            "required": ["name"],
        },
        "wallpaper": {
            "type": "object",
            "description": "A picture for the screen",
            "properties": {
                "image": _text("A PNG or JPEG", format="byte"),
                "where": _text("On which screen", enum=["lock", "home", "both"], default="both"),
            },
            "required": ["image"],
        },
    },
}
KNOWN_NETWORK: Shape = {
    "type": "object",
    "minProperties": 1,
    "properties": {"ssid": ACCESS_POINT["properties"]["ssid"]},
}


NAME_OR_NETWORK: Shape = {"oneOf": [KNOWN_NETWORK, _text("The network's name")]}


def _one_or_several(one: Shape, each: Shape) -> Shape:
    return {"oneOf": [one, {"type": "array", "items": each, "minItems": 1}]}


SHAPES: dict[tuple[str, str], Shape] = {
    ("ADD_WIFI_AP", "wifi_access_points"): _one_or_several(ACCESS_POINT, ACCESS_POINT),
    ("REMOVE_WIFI_AP", "wifi_access_points"): _one_or_several(KNOWN_NETWORK, NAME_OR_NETWORK),
    ("UPDATE_DEVICE_CONFIG", "custom_settings_config"): CUSTOM_SETTINGS,
}
