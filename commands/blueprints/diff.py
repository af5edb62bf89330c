"""What differs between the settings of two versions, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from commands.blueprints.secrets import is_secret, open_settings
from devices.models import BlueprintVersion
from tenants.sealing import MASK

ENTRY_KEYS = {  # by which entries of a list are the same thing, and what people know them by
    "apps": ("app_id", "app_id"),
    "files": ("file_id", "file_id"),
    "provisioning_profiles": ("profile_id", "profile_id"),
    "web_clips": ("label", "label"),
    "wifi_networks": ("wifi_network_id", "ssid"),
}
CHANGED = "changed"  # instead of the value, where that is a secret


@dataclass(frozen=True)
class Change:
    """`before` is None for what came, `after` for what went. Secret values are masked."""

    path: str  # `ios.wifi_networks[Office].hidden`
    before: Any
    after: Any


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Of two open settings by platform. The order of lists does not matter."""
    return list(_compare(before, after, [], []))


def version_differences(before: BlueprintVersion, after: BlueprintVersion) -> list[Change]:
    """Of two versions: their names and descriptions too."""
    told = [
        Change(name, getattr(before, name), getattr(after, name))
        for name in ("name", "description")
        if getattr(before, name) != getattr(after, name)
    ]
    return told + differences(open_settings(before), open_settings(after))


def _compare(before: Any, after: Any, path: list[str], shown: list[str]) -> Iterator[Change]:
    """`path` as in the secrets' patterns, `shown` for people."""
    if before == after:
        return
    if path and path[-1] in ENTRY_KEYS and _are_entries(before) and _are_entries(after):
        yield from _compare_entries(before or [], after or [], path, shown)
    elif _are_objects(before, after) and not is_secret(path):
        old, new = before or {}, after or {}
        for key in {**old, **new}:
            yield from _compare(old.get(key), new.get(key), [*path, key], [*shown, key])
    else:
        yield Change(".".join(shown), *_masked(before, after, path))


def _compare_entries(before: list[Any], after: list[Any], path: list[str], shown: list[str]) -> Iterator[Change]:
    key, name = ENTRY_KEYS[path[-1]]
    old = {entry.get(key): entry for entry in before}
    new = {entry.get(key): entry for entry in after}
    for each in {**old, **new}:
        entry = new.get(each) or old.get(each) or {}
        label = f"{shown[-1]}[{entry.get(name, each)}]"
        yield from _compare(old.get(each), new.get(each), [*path, "*"], [*shown[:-1], label])


def _are_entries(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(entry, dict) for entry in value))


def _are_objects(before: Any, after: Any) -> bool:
    """Both, or one of them with nothing on the other side; an empty one is a value."""
    sides = [side for side in (before, after) if side is not None]
    return all(isinstance(side, dict) for side in sides) and any(sides)


def _masked(before: Any, after: Any, path: list[str]) -> tuple[Any, Any]:
    if not is_secret(path):
        return before, after
    return (MASK if before else None, CHANGED if before and after else MASK if after else None)
