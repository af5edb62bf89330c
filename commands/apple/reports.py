"""What a device reports about a command, into its queue row.

https://developer.apple.com/documentation/devicemanagement/implementing-device-management (Status values) and
https://developer.apple.com/documentation/devicemanagement/handling-notnow-status-responses
"""

import base64
import datetime as dt
import math
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, LiteralString

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone
from psycopg import sql

from commands.catalogue import CATALOGUE, Command, Delivery
from commands.catalogue.verdicts import Status
from commands.models import CommandRequest, CommandResult, CommandStatus
from commands.models.status import State, sources_of
from commands.services.enrolments import disable_enrolments
from commands.services.queue import clear_queue
from config.api.fields import parse_id
from config.db import hot_query, literals, spelled_out
from devices.models import Device
from tenants.sealing import SealError

log = structlog.get_logger(__name__)

MAX_REASON = 2000
ENVELOPE_KEYS = {"UDID", "EnrollmentID", "CommandUUID", "Status", "RequestType", "UserID", "EnrollmentUserID"}


class MalformedReportError(ValueError):
    """Not a report of ours to read; the text says why."""


def read_status(report: dict[str, Any]) -> Status:
    try:
        return Status(str(report.get("Status")))
    except ValueError:
        raise MalformedReportError(f"the Status is {str(report.get('Status'))[:40]!r}") from None


class Taken(Enum):
    """What became of a report."""

    NOBODY = "nobody"  # its certificate belongs to no enabled enrolment
    UNKNOWN = "unknown"  # its command is none of this device's
    READ = "read"


# The enrolment's row is locked for the rest of the transaction; the status row is bound to the reporting device. The
# row is moved if it is in one of the states it may be moved from; its state is told as it was before.
TAKE_SQL: LiteralString = """
WITH me AS (
    SELECT device_id FROM commands_appleenrolment
    WHERE certificate_sha256 = %(certificate)s AND certificate_sha256 <> '' AND channel = 'device'
        AND enabled_at IS NOT NULL AND (%(claimed)s = '' OR upper(enrolment_id) = upper(%(claimed)s)) FOR NO KEY UPDATE
), row AS (
    SELECT id, state, request_id FROM commands_commandstatus
    WHERE id = %(status)s AND device_id = (SELECT device_id FROM me)
), moved AS (
    UPDATE commands_commandstatus SET {change}, reason = %(reason)s, attempts = 0, updated_at = %(now)s
    WHERE id = (SELECT id FROM row) AND state IN ({sources}) RETURNING id
)
SELECT me.device_id, row.id, row.state, r.id, r.command, EXISTS (SELECT 1 FROM moved)
FROM me LEFT JOIN row ON TRUE LEFT JOIN commands_commandrequest r ON r.id = row.request_id
"""


def _ends(target: State) -> bytes:
    change = sql.SQL("state = {}, not_now_at = NULL").format(sql.Literal(target.value))
    return spelled_out(TAKE_SQL, change=change, sources=literals(sources_of(target)))


TAKE_SQLS = {State.SUCCESS: _ends(State.SUCCESS), State.FAILURE: _ends(State.FAILURE)}
# It waits and lets others pass on this connection; the next one is offered it again.
PUT_OFF_SQL = spelled_out(
    TAKE_SQL,
    change=sql.SQL("not_now_at = %(now)s, expires_at = NULL"),
    sources=literals(sources_of(State.ACKNOWLEDGED)),
)
PUT_OFF_REASON = "The device asked to be offered it later (NotNow)."


def take_report(certificate_sha256: str, claimed: str, status: Status, report: dict[str, Any]) -> Taken:
    """Within the connection's transaction. A report on an unknown or another device's command changes nothing."""
    if status is Status.NOT_NOW:
        target, statement, reason = None, PUT_OFF_SQL, PUT_OFF_REASON
    else:
        target = State.SUCCESS if status is Status.ACKNOWLEDGED else State.FAILURE
        statement = TAKE_SQLS[target]
        reason = "" if target is State.SUCCESS else _failure_reason(status, report)
    who = {"certificate": certificate_sha256, "claimed": claimed}
    status_id = parse_id(str(report.get("CommandUUID", "")))
    rows = hot_query(statement, {**who, "status": status_id, "reason": reason, "now": timezone.now()})
    if not rows:
        return Taken.NOBODY
    device_id, row_id, state, request_id, name, moved = rows[0]
    if row_id is None:
        log.info("report_on_unknown_command", command_uuid=str(report.get("CommandUUID"))[:64], status=status)
        return Taken.UNKNOWN
    command = CATALOGUE.get(name)
    if not moved:
        log.info("report_after_the_end", status_id=str(row_id), state=state, reported=status)
    elif target is not None and command is not None:
        _keep(row_id, command, target, report)
        _tell(command, device_id, request_id, target, report)
    return Taken.READ


def close_unasked(
    status_id: uuid.UUID, command: Command | None, device_id: uuid.UUID, target: State, reason: str
) -> None:
    """Ends a row that the device need not, or cannot, be given. Without a command its name is none of ours any more."""
    with transaction.atomic():
        if _close(status_id, target, reason) and command is not None and target is not State.SUCCESS:
            command.on_unsuccessful([device_id])


def _close(status_id: uuid.UUID, target: State, reason: str) -> bool:
    moved = CommandStatus.objects.filter(pk=status_id, state__in=sources_of(target)).update(
        state=target, reason=reason, updated_at=timezone.now(), attempts=0, not_now_at=None
    )
    return moved == 1


def _failure_reason(status: Status, report: dict[str, Any]) -> str:
    """The device's own words in US English, as far as it gave any."""
    chain = report.get("ErrorChain")
    errors = [error for error in chain if isinstance(error, dict)] if isinstance(chain, list) else []
    lines = [_error_line(error) for error in errors]
    if status is Status.COMMAND_FORMAT_ERROR:
        lines.insert(0, "The device could not read the command (CommandFormatError).")
    return ("; ".join(lines) or "The device reported an error without saying which.").replace("\0", "")[:MAX_REASON]


def _error_line(error: dict[str, Any]) -> str:
    words = error.get("USEnglishDescription") or error.get("LocalizedDescription") or "no description"
    return f"{words} ({error.get('ErrorDomain', 'unknown domain')} {error.get('ErrorCode', '?')})"


def _keep(status_id: uuid.UUID, command: Command, target: State, report: dict[str, Any]) -> None:
    """The device's answer, for support, where it says more than yes."""
    told = {key: value for key, value in report.items() if key not in ENVELOPE_KEYS}
    if told and (target is State.FAILURE or command.keeps_result()):
        with _despite_odd_values(status_id):
            CommandResult.objects.update_or_create(
                status_id=status_id, defaults={"payload": _json(told), "received_at": timezone.now()}
            )


@contextmanager
def _despite_odd_values(row_id: uuid.UUID) -> Iterator[None]:
    """Whatever a report holds, it never costs us the command's result."""
    try:
        with transaction.atomic():
            yield
    except (DatabaseError, SealError, ValueError, TypeError, OverflowError):
        log.exception("report_not_applied", row=str(row_id))


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


def _tell(command: Command, device_id: uuid.UUID, request_id: uuid.UUID, target: State, report: dict[str, Any]) -> None:
    """What the end of the command tells about the device."""
    if target is not State.SUCCESS:
        command.on_unsuccessful([device_id])
        return
    if type(command).on_success is not Command.on_success:
        with _despite_odd_values(request_id):
            command.on_success(Delivery(device_id, _arguments(command, request_id)), report)
    if command.ends_enrolment:
        disable_enrolments(device_id)
        clear_queue(device=Device.objects.get(pk=device_id), reason="The device was erased.")


def _arguments(command: Command, request_id: uuid.UUID) -> dict[str, Any]:
    """Read only for commands that take any."""
    takes_some = bool(command.Arguments().fields)
    return CommandRequest.objects.get(pk=request_id).all_arguments() if takes_some else {}
