"""Creating command requests, and cancelling them."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from commands.catalogue import CATALOGUE
from commands.models import CommandRequest
from commands.nudges import nudge_cancellation, nudge_fan_out
from commands.schedules.plan import read_schedule
from commands.selectors import is_open
from commands.services.stages import stage_of
from config.api.errors import BadRequest
from config.api.known import known_ids
from devices.models import Device, DeviceGroup
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant

CommandType = CommandRequest.CommandType


@transaction.atomic
def create_command_request(
    *,
    tenant: Tenant,
    actor: Actor,
    command: str,
    command_type: str,
    devices: Sequence[uuid.UUID] = (),
    groups: Sequence[uuid.UUID] = (),
    device_type: str = CommandRequest.DeviceType.ALL,
    command_args: dict[str, Any] | None = None,
    schedule: str = CommandRequest.Schedule.IMMEDIATE,
    schedule_args: dict[str, Any] | None = None,
    time_zone: str = "",
    is_internal: bool = False,
) -> CommandRequest:
    """Stores the request; its rows are made by the fan-out after commit. BadRequest names what is unknown.

    `command_args` have passed the command's own serializer, `schedule_args` are as `stored_arguments` makes them.
    `time_zone` is the caller's, in which a schedule in console time is meant; blank is the tenant's.
    """
    time_zone = time_zone or tenant.time_zone
    device_ids = (
        known_ids("device", devices, Device.objects.filter(tenant=tenant)) if command_type != CommandType.GROUP else []
    )
    group_ids = (
        known_ids("group", groups, DeviceGroup.objects.filter(tenant=tenant))
        if command_type != CommandType.DEVICE
        else []
    )
    if not device_ids and not group_ids:
        raise BadRequest(f"{command_type} needs {_needed(command_type)}.")
    CATALOGUE[command].check(tenant, command_args or {})
    shown, secret = CATALOGUE[command].split_secrets(command_args or {})
    request = CommandRequest(
        tenant=tenant,
        command=command,
        command_type=command_type,
        devices=device_ids,
        groups=group_ids,
        device_type=device_type,
        command_args=shown,
        secret_args=orjson.dumps(secret) if secret else None,
        schedule=schedule,
        schedule_args=schedule_args or {},
        time_zone=time_zone,
        ends_at=_end_of(schedule, schedule_args or {}, time_zone),
        is_internal=is_internal,
        created_by=actor.name,
    )
    request.full_clean(exclude=["tenant", "secret_args"])
    request.save(force_insert=True)
    details = {"command": command, "devices": len(device_ids), "groups": len(group_ids), "schedule": schedule}
    audit.record(actor=actor, action="command_request.created", subject=request, details=details)
    nudge_fan_out(request.pk)
    return request


def _end_of(schedule: str, schedule_args: dict[str, Any], time_zone: str) -> dt.datetime | None:
    """None for IMMEDIATE. BadRequest if no window falls into what is left of the schedule."""
    if schedule == CommandRequest.Schedule.IMMEDIATE:
        return None
    plan = read_schedule(schedule, schedule_args)
    if not plan.in_device_time and plan.next_slot(time_zone, now=timezone.now()) is None:
        told = (
            f"no window falls between start_datetime (or now) and end_datetime in the time zone {time_zone}; "
            "send other window times or days, or a later end_datetime."
        )
        raise BadRequest(f"schedule_args: {told}", content={"schedule_args": [told]})
    return plan.end


@transaction.atomic
def cancel_command_request(*, request: CommandRequest, actor: Actor) -> CommandRequest:
    """What still waits is cancelled, by a worker; what devices were given goes on. No further rows are made.

    Cancelling again changes nothing. BadRequest if nothing of it waits any more.
    """
    row = CommandRequest.objects.select_for_update().defer("secret_args").get(pk=request.pk)
    if row.cancelled_at is not None:
        return row
    if not is_open(row):
        raise BadRequest("There is nothing left to cancel: no device waits for this command any more.")
    row.cancelled_at = timezone.now()
    row.cancelled_by = actor.name
    row.reason = stage_of(row)
    row.save(update_fields=["cancelled_at", "cancelled_by", "reason"])
    audit.record(actor=actor, action="command_request.cancelled", subject=row, details={"command": row.command})
    nudge_cancellation(row.pk)
    return row


def _needed(command_type: str) -> str:
    return {
        CommandType.DEVICE.value: "`devices`: at least one device id",
        CommandType.GROUP.value: "`groups`: at least one group id",
    }.get(command_type, "`devices` or `groups`: at least one id")
