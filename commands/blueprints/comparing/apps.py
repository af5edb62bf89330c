"""Apps: installed where they are missing, of another version or configured otherwise; removed if a blueprint brought
them."""

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from apps_domain.models import AppType
from commands.apple.profiles import BLUEPRINT_PREFIX
from commands.blueprints.comparing.situation import IN_SYNC, Compared, Situation
from commands.blueprints.compile.app_lock import KEY as LOCK_KEY
from commands.blueprints.compile.apps import CLEARED, PREFIX, AppPart
from commands.blueprints.compile.parts import Part, ProfilePart
from commands.blueprints.facts import Applied
from commands.blueprints.plan import Difference, PlannedStep, Stage
from tenants.sealing import MASK

LOCK = f"{BLUEPRINT_PREFIX}{LOCK_KEY}"


def compare_app(part: AppPart, situation: Situation) -> Compared:
    config = _config_to_send(part, situation)
    differences = tuple(_differences(part, situation, config))
    if not differences:
        return IN_SYNC
    step = PlannedStep(
        stage=part.stage,
        part=part.key,
        title=part.title,
        command="VPP_APP_INSTALL" if part.app_type == AppType.VPP else "INSTALL",
        args={**_arguments(part), **({"base64_app_config": base64.b64encode(config).decode()} if config else {})},
        fingerprint=part.fingerprint,
        details=part.details,
    )
    return Compared((step,), differences)


def _arguments(part: AppPart) -> dict[str, Any]:
    if part.app_type == AppType.VPP:
        return {"app_id": part.adam_id, "bundle_identifier": part.bundle_id}
    return {"app_version": part.version_id}


def _differences(part: AppPart, situation: Situation, config: bytes) -> Iterator[Difference]:
    found, ours = situation.facts.apps.get(part.bundle_id), situation.facts.ours.get(part.bundle_id)
    version = part.fields[0]
    if found is None:
        yield Difference(version.path, part.key, version.wanted, None)
    elif part.build and (found.short_version, found.version) != part.build:
        yield Difference(version.path, part.key, version.wanted, found.short_version or found.version)
    elif ours is not None and ours.app_type != part.app_type:
        yield Difference(f"apps[{part.bundle_id}].app_type", part.key, part.app_type, ours.app_type)
    held = _held_config(part, situation)
    if config and config != held:
        told = None if config == CLEARED else MASK
        yield Difference(f"apps[{part.bundle_id}].base64_app_config", part.key, told, MASK if held else None)


def _config_to_send(part: AppPart, situation: Situation) -> bytes:
    """An empty one where a blueprint brought another before: without any a device keeps what it has."""
    if part.config:
        return base64.b64decode(part.config)
    came_by_a_blueprint = part.key in situation.facts.applied
    return CLEARED if came_by_a_blueprint and _held_config(part, situation) else b""


def _held_config(part: AppPart, situation: Situation) -> bytes:
    """What the app was installed with, as far as this server knows."""
    ours = situation.facts.ours.get(part.bundle_id)
    held = bytes(ours.app_config or b"") if ours is not None and part.bundle_id in situation.facts.apps else b""
    return b"" if held == CLEARED else held


def unwanted_apps(parts: Sequence[Part], situation: Situation) -> Iterator[Compared]:
    """Those that came by a blueprint. While an app's identifier is not known, any of them may be that app."""
    wanted = [part for part in parts if isinstance(part, AppPart)]
    if not all(part.bundle_id for part in wanted):
        return
    known = {part.key for part in wanted}
    for key, applied in sorted(situation.facts.applied.items()):
        found = situation.facts.apps.get(str(applied.details.get("bundle_id")))
        if not key.startswith(PREFIX) or key in known:
            continue
        if found is None:
            yield Compared(gone=(key,))
        else:
            path = f"apps[{applied.details['bundle_id']}].app_version_id"
            step = _removal(key, applied, _unless_locked(parts, situation))
            yield Compared((step,), (Difference(path, key, None, found.short_version),))


def _unless_locked(parts: Sequence[Part], situation: Situation) -> dict[str, Any]:
    """An app must not go while the device is in a single-app mode that is to go too: it may be that app's."""
    lock = situation.facts.profiles.get(LOCK)
    wanted = [part.profile.uuid for part in parts if isinstance(part, ProfilePart) and part.profile]
    return {"unless_profile": {"identifier": LOCK, "uuid": lock.uuid}} if lock and lock.uuid not in wanted else {}


def _removal(key: str, applied: Applied, guard: dict[str, Any]) -> PlannedStep:
    bundle_id, adam_id = applied.details["bundle_id"], applied.details.get("adam_id")
    by_store = {"app_id": adam_id, "bundle_identifier": bundle_id}
    return PlannedStep(
        stage=Stage.REMOVALS,
        part=key,
        title=f"Remove {applied.details.get('name') or bundle_id}"[:255],
        command="APPLE_APP_UNINSTALL" if adam_id else "UNINSTALL",
        args={**(by_store if adam_id else {"package_name": bundle_id}), **guard},
        is_removal=True,
    )
