"""The secret values of a blueprint's settings: kept sealed beside them, masked where anybody sees them.

A path is the keys from the root, joined by `/`; `*` stands for every entry of a list.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from devices.models import BlueprintVersion
from tenants.sealing import MASK

SECRETS = (
    "ios/wifi_networks/*/password",
    "ios/apps/*/base64_app_config",
    "ios/custom_device_level_profile_settings/custom_profile",
    "android/wifi_networks/*/certificate_file_password",
    "android/esper_settings_apps_settings/admin_mode_password",
)


@dataclass(frozen=True)
class Place:
    """Where a secret value is, or may be."""

    holder: dict[str, Any]
    key: str
    path: str


def is_secret(path: list[str]) -> bool:
    """Whether the value there is one; `*` stands for the entries of a list."""
    return "/".join(path) in SECRETS


def secret_places(settings: Any) -> list[Place]:
    """Every place of a secret in the settings, whatever these are."""
    return [place for pattern in SECRETS for place in _places(settings, pattern.split("/"))]


def split_settings(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings with the secret values masked, and these by their paths. Empty ones are no secrets."""
    masked, secrets = copy.deepcopy(settings), {}
    for place in secret_places(masked):
        if place.holder.get(place.key):
            secrets[place.path] = place.holder[place.key]
            place.holder[place.key] = MASK
    return masked, secrets


def open_settings(version: BlueprintVersion) -> dict[str, Any]:
    """The settings by platform with the secret values in their places."""
    settings: dict[str, Any] = copy.deepcopy(version.settings)
    secrets = orjson.loads(version.secret_settings) if version.secret_settings else {}
    for path, value in secrets.items():
        *parents, key = path.split("/")
        holder: Any = settings
        for name in parents:
            holder = holder[int(name)] if isinstance(holder, list) else holder[name]
        holder[key] = value
    return settings


def _places(node: Any, pattern: list[str], path: str = "") -> Iterator[Place]:
    name, rest = pattern[0], pattern[1:]
    if not rest:
        if isinstance(node, dict):
            yield Place(node, name, f"{path}{name}")
    elif name == "*":
        for index, entry in enumerate(node if isinstance(node, list) else ()):
            yield from _places(entry, rest, f"{path}{index}/")
    elif isinstance(node, dict) and name in node:
        yield from _places(node[name], rest, f"{path}{name}/")
