"""What a blueprint amounts to for a kind of device: parts, each with how it is sent and which settings it carries."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.crypto import salted_hmac

from commands.apple import plist
from commands.apple.profiles import BLUEPRINT_PREFIX, MadeProfile, Payload
from commands.blueprints.plan import Stage
from devices.models import Device

DESCRIPTION = "Made by Muster for a blueprint."
ALWAYS, PROVISION_ONLY, IGNORE = "ALWAYS APPLY", "PROVISION ONLY", "IGNORE"
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """What of a device its parts depend on: devices that have this in common share what was compiled."""

    tenant_id: uuid.UUID
    organization: str  # as the profiles tell it to people
    os: str  # empty while it is not known; then it is taken for an iPhone
    os_version: str
    is_supervised: bool | None

    @classmethod
    def of(cls, device: Device) -> "Target":
        return cls(device.tenant_id, device.tenant.name, device.os, device.os_version, device.is_supervised)

    def common(self) -> "Target":
        """What tells apart the parts that are the same for all systems of a kind."""
        return replace(self, os=Device.Os.TVOS if self.is_tv else Device.Os.IOS, os_version="", is_supervised=None)

    def device(self) -> Device:
        """Any such device; never saved."""
        return Device(os=self.os, os_version=self.os_version, is_supervised=self.is_supervised)

    @property
    def is_tv(self) -> bool:
        return self.os == Device.Os.TVOS


@dataclass(frozen=True)
class Field:
    """One value of the settings, as people may see it."""

    path: str  # `camera_settings.allow_camera_access`
    wanted: Any
    unset: Any = None  # what counts where nothing was set: a device without the part has that
    secret: str = ""  # tells values apart that `wanted` does not show, such as passwords

    @property
    def is_unset(self) -> bool:
        return not self.secret and self.wanted == self.unset


@dataclass(frozen=True)
class BuiltProfile:
    identifier: str
    uuid: str
    content: bytes  # as a device gets it
    document: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Part:
    key: str
    title: str
    fields: tuple[Field, ...]
    stage: Stage = Stage.PROFILES
    is_for_provisioning: bool = False  # otherwise it is neither applied nor removed
    impossible: str = ""  # why this kind of device cannot have it: nothing is sent, and the difference says so


@dataclass(frozen=True, kw_only=True)
class ProfilePart(Part):
    """A profile on the device. Without one the settings say what a device without the profile does anyway."""

    profile: BuiltProfile | None
    needs_supervision: bool = False
    needs_app: str = ""  # the bundle identifier of an app that must be there first


def policy_of(group: Settings | None) -> str:
    """When a group of settings is applied. One that is absent is left alone."""
    return str(group.get("apply_policy") or ALWAYS) if group else IGNORE


def built_profile(key: str, title: str, payloads: Iterable[Payload], target: Target) -> BuiltProfile | None:
    """None without payloads. Its UUID comes from its content."""
    made = MadeProfile(purpose_of(key), title, tuple(payloads), prefix=BLUEPRINT_PREFIX, description=DESCRIPTION)
    if made.is_removal:
        return None
    document = made.document(target.organization)
    return BuiltProfile(made.identifier, document["PayloadUUID"], plist.dumps(document), document)


def purpose_of(key: str) -> str:
    return key.replace(":", ".", 1)


def key_of(identifier: str) -> str | None:
    """The part that a profile of ours is; None if it came from no blueprint."""
    if not identifier.startswith(BLUEPRINT_PREFIX):
        return None
    return identifier.removeprefix(BLUEPRINT_PREFIX).replace(".", ":", 1)


def digest(*words: str) -> str:
    """Keyed, as some of what is told apart by it could be guessed."""
    return salted_hmac("commands.blueprints", "\0".join(words), algorithm="sha256").hexdigest()
