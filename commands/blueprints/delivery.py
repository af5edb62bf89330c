"""What a step of a converge sends, made at the moment of its delivery: nothing of a blueprint's content is copied into
requests."""

import uuid
from typing import Any

from commands.blueprints.compile.compiler import VersionGone, compiled_part
from commands.blueprints.compile.device import Wallpaper
from commands.blueprints.compile.parts import BuiltProfile, Part, ProfilePart, Target
from devices.models import BlueprintImage, BlueprintVersion, Device, InstalledApp

VERSION, PART, PROVISION = "blueprint_version", "blueprint_part", "blueprint_provision"  # internal arguments
GONE = "The version of the blueprint was deleted."
NO_PART = "This version of the blueprint has nothing of the kind for this device any more."
NO_IMAGE = "The image was deleted."


class NotDeliverable(LookupError):
    """The text says why the device cannot be given the part."""


def is_of_a_blueprint(args: dict[str, Any]) -> bool:
    return VERSION in args


def part_of(args: dict[str, Any], device: Device) -> Part:
    """The part that a step is about. NotDeliverable if it is there no more."""
    version_id = uuid.UUID(args[VERSION])
    if not BlueprintVersion.objects.filter(pk=version_id, tenant_id=device.tenant_id).exists():
        raise NotDeliverable(GONE)
    try:
        found = compiled_part(version_id, Target.of(device), args[PART])
    except VersionGone:
        raise NotDeliverable(GONE) from None
    if found is None or found.impossible:
        raise NotDeliverable(found.impossible if found else NO_PART)
    return found


def profile_of(args: dict[str, Any], device: Device) -> BuiltProfile:
    """NotDeliverable also if the device would refuse the profile."""
    part = part_of(args, device)
    if not isinstance(part, ProfilePart) or part.profile is None:
        raise NotDeliverable(NO_PART)
    if part.needs_supervision and device.is_supervised is False:
        raise NotDeliverable("This part of the blueprint needs a supervised device.")
    if part.needs_app and not _has_app(device, part.needs_app):
        raise NotDeliverable(f"The app {part.needs_app} is not on the device yet.")
    return part.profile


def _has_app(device: Device, bundle_id: str) -> bool:
    return InstalledApp.objects.filter(device=device, identifier=bundle_id).exists()


def wallpaper_of(part: Wallpaper, device: Device) -> dict[str, Any]:
    """The item of Apple's Settings command."""
    row = BlueprintImage.objects.filter(pk=part.value, tenant_id=device.tenant_id).first()
    if row is None:
        raise NotDeliverable(NO_IMAGE)
    return {"Item": "Wallpaper", "Image": bytes(row.image), "Where": {"lock": 1, "home": 2}[part.place]}
