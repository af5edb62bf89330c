"""What devices are to converge to, and which of them cannot just now.

The catalogue imports this module, so it imports neither that nor anything that does.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from devices.models import Blueprint, Device, DeviceState
from devices.standings import is_provisioned

NO_BLUEPRINT = "The device has no blueprint: assign one to it or to its group."
NOT_PUBLISHED = "Nothing of the blueprint {name} is published: publish a version of it first."
NOT_PROVISIONED = "The device is not provisioned: it is in the state {state} ({words})."
NO_ANDROID = "Android devices cannot converge: no channel carries commands to Android devices."
BLUEPRINTS = ("assigned_blueprint", "group__effective_blueprint")


@dataclass(frozen=True)
class Goal:
    """A device, its blueprint, and why it cannot be brought to that; blank if it can."""

    device: Device
    blueprint: Blueprint | None
    refusal: str

    @property
    def version_id(self) -> uuid.UUID | None:
        return self.blueprint.published_version_id if self.blueprint else None


def goals_of(device_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Goal]:
    """By device; those that do not exist are left out. One statement."""
    rows = Device.objects.select_related("tenant", *BLUEPRINTS).defer("search_text")
    return {row.pk: goal_of(row) for row in rows.filter(pk__in=device_ids)}


def goal_of(device: Device) -> Goal:
    blueprint = device.assigned_blueprint or (device.group.effective_blueprint if device.group else None)
    return Goal(device, blueprint, refusal_of(device) or _missing(blueprint))


def refusal_of(device: Device) -> str:
    """Why nothing can be done to the device, whatever its blueprint says; blank if something can."""
    if not is_provisioned(device):
        return NOT_PROVISIONED.format(state=device.state, words=DeviceState(device.state).label)
    return "" if device.is_apple else NO_ANDROID


def _missing(blueprint: Blueprint | None) -> str:
    if blueprint is None:
        return NO_BLUEPRINT
    return "" if blueprint.published_version_id else NOT_PUBLISHED.format(name=blueprint.name)
