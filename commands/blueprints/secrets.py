"""The secret values of a blueprint's settings: kept sealed beside them, masked where anybody sees them.

A path is the keys from the root, joined by `/`; `*` stands for every entry of a list.
"""

import copy
from collections.abc import Iterator
from typing import Any

import orjson

from devices.models import BlueprintVersion
from tenants.sealing import MASK

SECRETS = (
    "ios/wifi_networks/*/password",
    "ios/custom_device_level_profile_settings/custom_profile",
    "android/wifi_networks/*/certificate_file_password",
    "android/esper_settings_apps_settings/admin_mode_password",
)


def split_settings(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings with the secret values masked, and these by their paths. Empty ones are no secrets."""
    masked, secrets = copy.deepcopy(settings), {}
    for pattern in SECRETS:
        for holder, key, path in _holders(masked, pattern.split("/")):
            if holder.get(key):
                secrets[path] = holder[key]
                holder[key] = MASK
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


def _holders(node: Any, pattern: list[str], path: str = "") -> Iterator[tuple[dict[str, Any], str, str]]:
    """The dictionaries that hold what the pattern means, with the key in them and its path."""
    name, rest = pattern[0], pattern[1:]
    if not rest:
        if isinstance(node, dict):
            yield node, name, f"{path}{name}"
    elif name == "*":
        for index, entry in enumerate(node if isinstance(node, list) else ()):
            yield from _holders(entry, rest, f"{path}{index}/")
    elif isinstance(node, dict) and name in node:
        yield from _holders(node[name], rest, f"{path}{name}/")
