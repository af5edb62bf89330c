"""Command requests, queue rows and enrolments."""

import datetime as dt
import uuid
from typing import Any

from django.utils import timezone

from commands.models import AppleEnrolment, CommandRequest, CommandStatus
from commands.models.status import State
from devices.models import Device
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import TenantFactory


def CommandRequestFactory(**fields: Any) -> CommandRequest:
    """One whose fan-out is done."""
    if "tenant" not in fields:
        fields["tenant"] = TenantFactory()
    made: dict[str, Any] = {
        "command_type": CommandRequest.CommandType.DEVICE,
        "command": "LOCK",
        "created_by": "tests",
        "fanned_out_at": timezone.now(),
    }
    if fields.get("schedule", CommandRequest.Schedule.IMMEDIATE) != CommandRequest.Schedule.IMMEDIATE:
        day = dt.timedelta(days=1)
        times = {"start_datetime": timezone.now() - day, "end_datetime": fields.get("ends_at") or timezone.now() + day}
        made["schedule_args"] = {key: moment.isoformat() for key, moment in times.items()}
        made["ends_at"] = times["end_datetime"]
    return CommandRequest.objects.create(**{**made, **fields})


def queued(device: Device, command: str = "LOCK", state: State = State.QUEUED, **fields: Any) -> CommandStatus:
    """A row of this command for this device, with its request."""
    if "request" not in fields:
        fields["request"] = CommandRequestFactory(tenant=device.tenant, command=command, devices=[device.pk])
    made: dict[str, Any] = {"tenant": device.tenant, "device": device, "state": state, "not_before": timezone.now()}
    return CommandStatus.objects.create(**{**made, **fields})


def AppleEnrolmentFactory(**fields: Any) -> AppleEnrolment:
    """An enabled enrolment with a made-up pin; real ones come from a simulated device (`tests.factories.fleet`)."""
    if "device" not in fields:
        fields["device"] = DeviceFactory()
    device = fields["device"]
    made: dict[str, Any] = {
        "tenant": device.tenant,
        "enrolment_id": device.udid,
        "topic": "com.apple.mgmt.External.test",
        "certificate_sha256": uuid.uuid4().hex * 2,
        "push_token": b"\x01" * 32,
        "push_magic": b"magic",
        "authenticated_at": timezone.now(),
        "enabled_at": timezone.now(),
    }
    return AppleEnrolment.objects.create(**{**made, **fields})
