"""Masked secrets that a caller sends back: they stand for what was stored before."""

import copy
from typing import Any

from commands.blueprints.schema.base import Fault
from commands.blueprints.secrets import secret_places
from tenants.sealing import MASK

NATURAL_KEYS = {"wifi_networks": ("wifi_network_id", "ssid"), "apps": ("app_id",)}
NOTHING_STORED = "is only the mask of a secret, and none is stored here: send the secret itself."


def unmasked(settings: Any, before: dict[str, Any]) -> tuple[Any, list[Fault]]:
    """A copy with the secrets of `before` (open) where the mask stands; entries of lists are matched by their ids."""
    told, faults = copy.deepcopy(settings), []
    for place in secret_places(told):
        if place.holder.get(place.key) != MASK:
            continue
        stored = _stored(place.path.split("/"), told, before)
        if stored is None or stored == MASK:
            faults.append((_shown(place.path), NOTHING_STORED))
        else:
            place.holder[place.key] = stored
    return told, faults


def _stored(path: list[str], told: Any, before: Any) -> Any:
    """The value at the path, where a number means the entry of `before` that is the same thing."""
    for index, step in enumerate(path):
        if isinstance(told, list):
            entry = told[int(step)]
            before = same_entry(path[index - 1], entry, before)
            told = entry
        else:
            told = told.get(step) if isinstance(told, dict) else None
            before = before.get(step) if isinstance(before, dict) else None
    return before


def same_entry(key: str, entry: dict[str, Any], entries: Any) -> dict[str, Any] | None:
    """The one of `entries` that is the same thing in a version before."""
    for name in NATURAL_KEYS.get(key, ()):
        for known in entries if isinstance(entries, list) and entry.get(name) else ():
            if known.get(name) == entry[name]:
                return dict(known)
    return None


def _shown(path: str) -> str:
    steps = [f"[{step}]" if step.isdecimal() else f".{step}" for step in path.split("/")]
    return f"settings{''.join(steps)}"
