"""The one way in for settings, whoever sends them."""

import uuid
from typing import Any

from django.db import transaction

from commands.blueprints.schema.base import Fault, faults_of
from commands.blueprints.schema.groups import BlueprintSettings
from commands.blueprints.schema.masks import same_entry, unmasked
from commands.blueprints.schema.pictures import resolve_pictures
from commands.blueprints.schema.plain import unstorable
from commands.blueprints.schema.references import resolve_apps
from config.api.errors import BadRequest
from tenants.models import Tenant

ROOT = "settings"
SHOWN = 20  # faults in the message; `content` has up to LISTED
LISTED = 200


@transaction.atomic  # pictures are stored
def read_settings(tenant: Tenant, settings: Any, *, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """The settings as they are kept: checked, with defaults, ids instead of pictures. BadRequest names every fault.

    `before`: those of the version before, open; the mask of a secret stands for the one in them, and networks keep
    their ids. Secrets are in the answer as they are: `split_settings` takes them out.
    """
    _refuse(unstorable(settings, ROOT))
    told, faults = unmasked(settings, before or {})
    masked = {path for path, _ in faults}
    checked = BlueprintSettings(data={} if told is None else told)
    if not checked.is_valid():
        faults += [fault for fault in faults_of(checked.errors, ROOT) if fault[0] not in masked]
    _refuse(faults)
    read = dict(checked.validated_data)
    ios = read.get("ios", {})
    _refuse(resolve_apps(tenant, ios) + resolve_pictures(tenant, ios))
    _name_networks(ios, (before or {}).get("ios", {}))
    return read


def _name_networks(ios: dict[str, Any], before: dict[str, Any]) -> None:
    """Gives an id to each network that came without one: that of the same network before, or a new one."""
    networks = ios.get("wifi_networks", [])
    taken = {network.get("wifi_network_id") for network in networks}
    for index, network in enumerate(networks):
        if "wifi_network_id" not in network:
            known = same_entry("wifi_networks", network, before.get("wifi_networks")) or {}
            known_id = known.get("wifi_network_id")
            new = known_id if known_id and known_id not in taken else str(uuid.uuid4())
            networks[index] = {"wifi_network_id": new, **network}


def _refuse(faults: list[Fault]) -> None:
    """BadRequest if there are any."""
    if not faults:
        return
    content: dict[str, list[str]] = {}
    for path, told in faults[:LISTED]:
        content.setdefault(path, []).append(told)
    more = f" (and {len(faults) - SHOWN} more)" if len(faults) > SHOWN else ""
    lines = [f"{path}: {told}" for path, told in faults[:SHOWN]]
    raise BadRequest(" ".join(lines) + more, content=content)
