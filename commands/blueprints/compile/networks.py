"""Wi-Fi networks: one profile for each, so that one can go without the others.

https://developer.apple.com/documentation/devicemanagement/wifi: iPhones, iPads and Apple TVs, supervised or not.
"""

from dataclasses import replace
from typing import Any

from commands.apple.wifi import WIFI, AccessPoint, read_access_points
from commands.blueprints.compile.parts import Field, ProfilePart, Settings, Target, built_profile, digest
from tenants.sealing import MASK

PREFIX = "wifi:"
TOLD = ("ssid", "password", "security", "hidden", "proxy_host", "proxy_port", "proxy_pac_url")
SHOWN = ("security", "hidden", "proxy_host", "proxy_port", "proxy_pac_url", "auto_join")


def networks(ios: Settings, target: Target) -> list[ProfilePart]:
    """What cannot be read as a network would be refused by the device: nothing is sent, and the difference says why."""
    return [_part(network, target) for network in ios.get("wifi_networks") or ()]


def _part(network: dict[str, Any], target: Target) -> ProfilePart:
    ssid = network["ssid"]
    key, title = f"{PREFIX}{network['wifi_network_id']}", f"Wi-Fi: {ssid}"
    try:
        point, fault = _access_point(network), ""
    except ValueError as error:
        point, fault = None, str(error)
    payloads = [(WIFI, point.payload())] if point else []
    return ProfilePart(
        key=key,
        title=title,
        fields=tuple(_fields(network)),
        impossible=fault,
        profile=built_profile(key, title, payloads, target),
    )


def _access_point(network: dict[str, Any]) -> AccessPoint:
    [point] = read_access_points({key: network[key] for key in TOLD if network.get(key) not in (None, "")})
    return replace(point, auto_join=network.get("auto_join", True))


def _fields(network: dict[str, Any]) -> list[Field]:
    """By the network's name, as its place in the list says nothing."""
    path = f"wifi_networks[{network['ssid']}]"
    fields = [Field(f"{path}.ssid", network["ssid"])]
    if password := network.get("password"):
        fields.append(Field(f"{path}.password", MASK, secret=digest("wifi", password)))
    return [*fields, *(Field(f"{path}.{key}", network[key]) for key in SHOWN if network.get(key) not in (None, ""))]
