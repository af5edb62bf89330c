"""Letting a device go on in its set-up assistant: Apple's DeviceConfigured.

It travels as UPDATE_DEVICE_CONFIG with an argument that callers cannot give.
https://developer.apple.com/documentation/devicemanagement/device-configured-command
"""

import uuid
from typing import Any

import structlog
from django.utils import timezone

from commands.models import AppleEnrolment
from devices.models import Device
from tenants import audit
from tenants.actors import device_actor

log = structlog.get_logger(__name__)

CARRIER = "UPDATE_DEVICE_CONFIG"
RELEASE = "device_configured"  # internal argument
COMMAND = {"RequestType": "DeviceConfigured"}


def is_release(args: dict[str, Any]) -> bool:
    return bool(args.get(RELEASE))


def release_for(enrolment: AppleEnrolment) -> dict[str, Any] | None:
    """The command; None for a device that has gone on meanwhile, which would call it an error."""
    return None if enrolment.awaiting_configuration is False else COMMAND


def note_released(device_id: uuid.UUID) -> None:
    """The device has taken the command. One that enrolled anew since, and was not told again, still waits."""
    told = AppleEnrolment.objects.filter(
        device_id=device_id,
        channel=AppleEnrolment.Channel.DEVICE,
        awaiting_configuration=True,
        release_sent_at__isnull=False,
    )
    if told.update(awaiting_configuration=False, updated_at=timezone.now()):
        device = Device.objects.only("id", "tenant_id").get(pk=device_id)
        audit.record(actor=device_actor(device_id, ""), action="device.set_up", subject=device)
        log.info("device_set_up", device=str(device_id))
