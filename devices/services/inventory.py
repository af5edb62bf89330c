"""When devices told what they have, and what is known of how they stand to their blueprints."""

import uuid
from collections.abc import Sequence
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from devices.models import AppliedSetting, Device, DeviceInventory, DriftReport

BATCH = 1000


class Told(StrEnum):
    """The columns of DeviceInventory."""

    INFORMATION = "information_at"
    PROFILES = "profiles_at"
    APPS = "apps_at"
    CHANGES = "changed_at"  # of single profiles and apps, by commands


def note_told(device_id: uuid.UUID, what: Told) -> None:
    """It has just told all that it has of this, or confirmed a change."""
    _stamp([device_id], what)


def note_asked(device_ids: Sequence[uuid.UUID]) -> None:
    """They are being asked to tell everything anew."""
    _stamp(device_ids, "asked_at")


def _stamp(device_ids: Sequence[uuid.UUID], column: str) -> None:
    now = timezone.now()
    rows = [DeviceInventory(device_id=device_id, **{column: now}) for device_id in device_ids]
    DeviceInventory.objects.bulk_create(
        rows, batch_size=BATCH, update_conflicts=True, unique_fields=["device"], update_fields=[column]
    )


@transaction.atomic
def forget_blueprint(device_id: uuid.UUID) -> None:
    """It left the management, or begins it anew: no blueprint is in force on it, and what it told is old.

    The blueprint that it is assigned stays.
    """
    for model in (AppliedSetting, DriftReport, DeviceInventory):
        model._default_manager.filter(device=device_id).delete()
    Device.objects.filter(pk=device_id).update(
        current_blueprint=None, current_blueprint_version=None, converge_status=Device.ConvergeStatus.NONE
    )
