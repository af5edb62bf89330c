"""What a device's answer leaves behind: the answer itself for support, and what it tells about the device."""

import base64
import datetime as dt
import math
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from commands.catalogue import Command, Delivery
from commands.models import CommandRequest, CommandResult
from commands.models.status import State
from commands.services.enrolments import disable_enrolments
from commands.services.queue import clear_queue
from devices.models import Device
from tenants.sealing import SealError

log = structlog.get_logger(__name__)

ENVELOPE_KEYS = {"UDID", "EnrollmentID", "CommandUUID", "Status", "RequestType", "UserID", "EnrollmentUserID"}


@dataclass(frozen=True)
class Reported:
    """The row that a report is about, as it was when the report came."""

    device_id: uuid.UUID
    status_id: uuid.UUID
    request_id: uuid.UUID
    state: str
    step: int


@contextmanager
def despite_odd_values(row_id: uuid.UUID) -> Iterator[None]:
    """Whatever a report holds, it never costs us the command's result."""
    try:
        with transaction.atomic():
            yield
    except (DatabaseError, SealError, LookupError, ValueError, TypeError, AttributeError, OverflowError):
        log.exception("report_not_applied", row=str(row_id))


def keep_result(command: Command, reported: Reported, target: State, report: dict[str, Any]) -> None:
    """The device's answer, for support, where it says more than yes; the answers of several steps together."""
    told = {key: value for key, value in report.items() if key not in ENVELOPE_KEYS}
    if not told or not (target is State.FAILURE or command.keeps_result()):
        return
    with despite_odd_values(reported.status_id):
        row = CommandResult.objects.filter(pk=reported.status_id).first() if reported.step else None
        payload = {**(row.payload if row else {}), **_json(told)}
        CommandResult.objects.update_or_create(
            status_id=reported.status_id, defaults={"payload": payload, "received_at": timezone.now()}
        )


def _json(value: Any, depth: int = 0) -> Any:
    """A property list's values as JSON: dates as text, data as base64, no NUL characters."""
    if depth > 32:
        return "…"
    if isinstance(value, dict):
        return {str(key).replace("\0", ""): _json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item, depth + 1) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, bool | int | float) else str(value)


def tell_success(command: Command, reported: Reported, report: dict[str, Any]) -> None:
    """What an acknowledged step tells about the device."""
    if type(command).on_success is not Command.on_success:
        with despite_odd_values(reported.status_id):
            command.on_success(delivery_of(command, reported), report)


def tell_end(command: Command, device_id: uuid.UUID, target: State) -> None:
    """What the end of the command means for the device's place here."""
    if target is not State.SUCCESS:
        command.on_unsuccessful([device_id])
    elif command.ends_enrolment:
        disable_enrolments(device_id)
        clear_queue(device=Device.objects.get(pk=device_id), reason="The device was erased.")


def delivery_of(command: Command, reported: Reported) -> Delivery:
    """As it was delivered; the arguments are read only for commands that take any."""
    takes_some = bool(command.Arguments().fields)
    args = CommandRequest.objects.get(pk=reported.request_id).all_arguments() if takes_some else {}
    return Delivery(reported.device_id, args, reported.step)
