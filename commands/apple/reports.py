"""What a device reports about a command, into its queue row.

https://developer.apple.com/documentation/devicemanagement/implementing-device-management (Status values) and
https://developer.apple.com/documentation/devicemanagement/handling-notnow-status-responses
"""

import base64
import datetime as dt
import uuid
from enum import StrEnum
from typing import Any, LiteralString

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from commands.catalogue import CATALOGUE, Command, Delivery
from commands.models import CommandRequest, CommandResult, CommandStatus
from commands.models.status import State, sources_of
from config.api.fields import parse_id
from config.db import hot_query

log = structlog.get_logger(__name__)

MAX_REASON = 2000
ENVELOPE_KEYS = {"UDID", "EnrollmentID", "CommandUUID", "Status", "RequestType", "UserID", "EnrollmentUserID"}


class Status(StrEnum):
    IDLE = "Idle"
    ACKNOWLEDGED = "Acknowledged"
    NOT_NOW = "NotNow"
    ERROR = "Error"
    COMMAND_FORMAT_ERROR = "CommandFormatError"


class MalformedReportError(ValueError):
    """Not a report of ours to read; the text says why."""


def read_status(report: dict[str, Any]) -> Status:
    try:
        return Status(str(report.get("Status")))
    except ValueError:
        raise MalformedReportError(f"the Status is {str(report.get('Status'))[:40]!r}") from None


# The enrolment's row is locked for the rest of the transaction; the status row is bound to the reporting device.
FIND_SQL: LiteralString = """
SELECT e.device_id, s.id, s.state, s.request_id, r.command
FROM commands_appleenrolment e
LEFT JOIN commands_commandstatus s ON s.id = %(status)s AND s.device_id = e.device_id
LEFT JOIN commands_commandrequest r ON r.id = s.request_id
WHERE e.certificate_sha256 = %(certificate)s AND e.channel = 'device' AND e.enabled_at IS NOT NULL
FOR NO KEY UPDATE OF e
"""


def take_report(certificate_sha256: str, status: Status, report: dict[str, Any]) -> None:
    """Within the connection's transaction. A report on an unknown or another device's command changes nothing."""
    status_id = parse_id(str(report.get("CommandUUID", "")))
    rows = hot_query(FIND_SQL, {"certificate": certificate_sha256, "status": status_id})
    if not rows or rows[0][1] is None:
        log.info("report_on_unknown_command", command_uuid=str(report.get("CommandUUID"))[:64], status=status)
        return
    device_id, row_id, state, request_id, name = rows[0]
    if status is Status.NOT_NOW:
        _put_off(row_id)
        return
    command = CATALOGUE[name]
    target = State.SUCCESS if status is Status.ACKNOWLEDGED else State.FAILURE
    reason = "" if target is State.SUCCESS else _failure_reason(status, report)
    if not _close(row_id, target, reason):
        log.info("report_after_the_end", status_id=str(row_id), state=state, reported=status)
        return
    _keep(row_id, command, target, report)
    _tell(command, Delivery(device_id, _arguments(command, request_id)), target, report)


def _arguments(command: Command, request_id: uuid.UUID) -> dict[str, Any]:
    """Read only for commands that take any."""
    takes_some = bool(command.Arguments().fields)
    return CommandRequest.objects.get(pk=request_id).all_arguments() if takes_some else {}


def close_unasked(status_id: uuid.UUID, command: Command, delivery: Delivery, target: State, reason: str) -> None:
    """Ends a row that the device need not, or cannot, be given."""
    with transaction.atomic():
        if _close(status_id, target, reason):
            _tell(command, delivery, target, {})


def _close(status_id: uuid.UUID, target: State, reason: str) -> bool:
    moved = CommandStatus.objects.filter(pk=status_id, state__in=sources_of(target)).update(
        state=target, reason=reason, updated_at=timezone.now(), attempts=0, not_now_at=None
    )
    return moved == 1


def _put_off(status_id: uuid.UUID) -> None:
    """It waits and lets others pass on this connection; the next one is offered it again."""
    now = timezone.now()
    CommandStatus.objects.filter(pk=status_id, state__in=sources_of(State.ACKNOWLEDGED)).update(
        not_now_at=now, attempts=0, updated_at=now, reason="The device asked to be offered it later (NotNow)."
    )


def _failure_reason(status: Status, report: dict[str, Any]) -> str:
    """The device's own words in US English, as far as it gave any."""
    if status is Status.COMMAND_FORMAT_ERROR:
        return "The device could not read the command (CommandFormatError)."
    chain = report.get("ErrorChain")
    errors = [error for error in chain if isinstance(error, dict)] if isinstance(chain, list) else []
    lines = [_error_line(error) for error in errors]
    return ("; ".join(lines) or "The device reported an error without saying which.")[:MAX_REASON].replace("\0", "")


def _error_line(error: dict[str, Any]) -> str:
    words = error.get("USEnglishDescription") or error.get("LocalizedDescription") or "no description"
    return f"{words} ({error.get('ErrorDomain', 'unknown domain')} {error.get('ErrorCode', '?')})"


def _keep(status_id: uuid.UUID, command: Command, target: State, report: dict[str, Any]) -> None:
    """The device's answer, for support, where it says more than yes."""
    told = {key: value for key, value in report.items() if key not in ENVELOPE_KEYS}
    if told and (target is State.FAILURE or command.keeps_result()):
        CommandResult.objects.update_or_create(
            status_id=status_id, defaults={"payload": _json(told), "received_at": timezone.now()}
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
    return value if isinstance(value, bool | int | float) else str(value)


def _tell(command: Command, delivery: Delivery, target: State, report: dict[str, Any]) -> None:
    """What the end of the command tells about the device. Odd values in a report never cost us its result."""
    if target is not State.SUCCESS:
        command.on_unsuccessful([delivery.device_id])
        return
    if not report:
        return
    try:
        with transaction.atomic():
            command.on_success(delivery, report)
    except (DatabaseError, ValueError, TypeError, OverflowError):
        log.exception("report_not_applied", command=command.name, device=str(delivery.device_id))
