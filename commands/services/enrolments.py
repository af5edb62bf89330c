"""Writes about a device's place in the Apple channel."""

import uuid

from django.db import transaction
from django.utils import timezone

from commands.models import AppleEnrolment
from commands.services.queue import clear_queue
from devices.models import Device, DeviceState
from tenants import audit
from tenants.actors import Actor


def disable_enrolments(device_id: uuid.UUID) -> None:
    """No more pushes and commands: the device's channel and with it its user channels.

    What the device still says is refused, until a new profile brings it back.
    """
    AppleEnrolment.objects.filter(device_id=device_id).update(
        enabled_at=None, authenticated_at=None, wake_at=None, updated_at=timezone.now()
    )


def lock_enrolments(device_id: uuid.UUID) -> None:
    """First of all locks, as a connection does it: enrolment, then queue rows, then the device."""
    rows = AppleEnrolment.objects.filter(device_id=device_id).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


@transaction.atomic
def block_enrolment(*, device: Device, actor: Actor) -> bool:
    """At its next contact the device is told (401) to remove its management. False if it has no enrolment.

    The one action that makes a device endpoint answer 401. The device is disabled at once and its queue ended.
    """
    lock_enrolments(device.pk)
    now = timezone.now()
    enrolments = AppleEnrolment.objects.filter(device=device)
    blocked = enrolments.filter(blocked_at__isnull=True).update(blocked_at=now, updated_at=now)
    if blocked:
        clear_queue(device=device, reason="The device was blocked.")
        Device.objects.filter(pk=device.pk).update(state=DeviceState.DISABLED, updated_by=actor.name, updated_at=now)
        wake = enrolments.filter(channel=AppleEnrolment.Channel.DEVICE, enabled_at__isnull=False)
        wake.update(wake_at=now)
        audit.record(actor=actor, action="device.blocked", subject=device)
    return enrolments.exists()


def is_blocked(*, certificate_sha256: str) -> bool:
    return AppleEnrolment.objects.filter(
        certificate_sha256=certificate_sha256, channel=AppleEnrolment.Channel.DEVICE, blocked_at__isnull=False
    ).exists()
