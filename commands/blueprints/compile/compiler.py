"""From a blueprint's settings to the parts that a kind of device is to have.

Everything but the apps depends on the version and the kind of device alone, and versions never change: it is kept for
the next device of the kind. What is kept holds opened secrets, so it is little, and in memory only.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from commands.blueprints.compile.app_lock import app_lock
from commands.blueprints.compile.apps import Known, apps, known_apps
from commands.blueprints.compile.custom import custom_profile
from commands.blueprints.compile.declarations import declarations
from commands.blueprints.compile.device import device_settings
from commands.blueprints.compile.networks import networks
from commands.blueprints.compile.parts import IGNORE, PROVISION_ONLY, Field, Part, Settings, Target, policy_of
from commands.blueprints.compile.passcode import passcode
from commands.blueprints.compile.restrictions import restrictions
from commands.blueprints.compile.web import web_clips, web_content
from commands.blueprints.secrets import open_settings
from devices.models import BlueprintVersion, Platform

KEPT = 16  # versions
KEPT_SYSTEMS = 256  # kinds of devices of these
NO_PROVISIONING_PROFILES = (
    "This server does not send provisioning profiles on their own yet; builds bring theirs along."
)

TWICE = "The blueprint says this twice; the first counts."
AppsOf = dict[uuid.UUID, Known]  # by version


class VersionGone(LookupError):
    """The version was deleted meanwhile, or is another tenant's."""


def compile_apple(version_id: uuid.UUID, target: Target, apps_of: AppsOf | None = None) -> tuple[Part, ...]:
    """In the order in which they are sent. VersionGone if there is no such version of the tenant.

    `apps_of` remembers, for whoever compiles one version for many kinds of devices, what is known of its apps.
    """
    ios, remembered = _settings(version_id, target.tenant_id), {} if apps_of is None else apps_of
    if version_id not in remembered:
        remembered[version_id] = known_apps(ios, target.tenant_id)
    known = remembered[version_id]
    return tuple(_once([*_lasting_parts(version_id, target), *apps(ios, known), *app_lock(ios, target, known)]))


def _once(parts: Iterable[Part]) -> Iterator[Part]:
    """Two entries may be one app: sending both would put the one in the other's place at every converge."""
    seen = set[str]()
    for part in parts:
        yield part if part.key not in seen else replace(part, impossible=TWICE)
        seen.add(part.key)


def compiled_part(version_id: uuid.UUID, target: Target, key: str) -> Part | None:
    """The one of this key, for an Apple device; apps are looked up only for what needs them."""
    lasting = next((part for part in _lasting_parts(version_id, target) if part.key == key), None)
    return lasting or next((part for part in compile_apple(version_id, target) if part.key == key), None)


COMPILERS: dict[str, Callable[[uuid.UUID, Target, AppsOf], tuple[Part, ...]]] = {Platform.APPLE: compile_apple}


@lru_cache(maxsize=KEPT)
def _settings(version_id: uuid.UUID, tenant_id: uuid.UUID) -> Settings:
    """Those for iOS, without the groups that are to be left alone."""
    version = BlueprintVersion.objects.filter(pk=version_id, tenant_id=tenant_id).first()
    if version is None:
        raise VersionGone
    ios: dict[str, Any] = open_settings(version).get("ios") or {}
    return {key: value for key, value in ios.items() if not _is_ignored(value)}


def _is_ignored(value: Any) -> bool:
    return isinstance(value, dict) and policy_of(value) == IGNORE


def _lasting_parts(version_id: uuid.UUID, target: Target) -> tuple[Part, ...]:
    """All but the apps and single-app mode."""
    first, last = _parts_by_system(version_id, target)
    return (*first, *_common_parts(version_id, target.common()), *last)


@lru_cache(maxsize=KEPT)
def _common_parts(version_id: uuid.UUID, target: Target) -> tuple[Part, ...]:
    """Those that may be large, and are the same whatever the system."""
    ios = _settings(version_id, target.tenant_id)
    return (*passcode(ios, target), *custom_profile(ios), *networks(ios, target), *web_clips(ios, target))


@lru_cache(maxsize=KEPT_SYSTEMS)
def _parts_by_system(version_id: uuid.UUID, target: Target) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """What comes before the common ones, and after them."""
    ios = _settings(version_id, target.tenant_id)
    last = (*web_content(ios, target), *device_settings(ios, target), *declarations(ios, target))
    return tuple(restrictions(ios, target)), (*last, *_never_sent(ios, target))


def _never_sent(ios: Settings, target: Target) -> list[Part]:
    """Provisioning profiles are not told of: builds bring theirs along."""
    hidden = ios.get("hide_preloaded_apps_settings") or {}
    if not target.is_tv or not hidden or not hidden.get("hide_preloaded_apps", True):
        return []
    field = Field("hide_preloaded_apps_settings.hide_preloaded_apps", True, False)
    is_for_provisioning = policy_of(hidden) == PROVISION_ONLY
    return [
        Part(
            key="preloaded_apps",
            title="Preloaded apps",
            fields=(field,),
            is_for_provisioning=is_for_provisioning,
            impossible="Which apps come with an Apple TV is not known here.",
        )
    ]
