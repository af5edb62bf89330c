"""What a device reports about a command, into its queue row.

https://developer.apple.com/documentation/devicemanagement/implementing-device-management (Status values) and
https://developer.apple.com/documentation/devicemanagement/handling-notnow-status-responses

As a rule one statement moves the row. What needs a judgement first goes to `judgements`.
"""

import re
import uuid
from enum import Enum
from typing import Any, LiteralString

import structlog
from django.db import transaction
from django.utils import timezone
from psycopg import sql

from commands.apple.errors import answer_of
from commands.apple.judgements import PUT_OFF_REASON, judge_report
from commands.apple.results import Reported, keep_result, tell_end, tell_success
from commands.catalogue import CATALOGUE, Command
from commands.catalogue.verdicts import Status
from commands.models import CommandRequest, CommandStatus
from commands.models.status import State, sources_of
from commands.services.converges.noticing import note_ended
from config.api.fields import parse_id
from config.db import hot_query, literals, spelled_out

log = structlog.get_logger(__name__)

COMMAND_UUID = re.compile(r"([0-9a-fA-F-]{32,36})(?:\.([1-9][0-9]{0,3}))?")
JUDGED = [name for name, command in CATALOGUE.items() if command.judged]


class MalformedReportError(ValueError):
    """Not a report of ours to read; the text says why."""


def read_status(report: dict[str, Any]) -> Status:
    try:
        return Status(str(report.get("Status")))
    except ValueError:
        raise MalformedReportError(f"the Status is {str(report.get('Status'))[:40]!r}") from None


def command_uuid(status_id: uuid.UUID, step: int) -> str:
    """How a device is told which command it is given; each step has its own."""
    return f"{status_id}.{step}" if step else str(status_id)


def read_command_uuid(told: Any) -> tuple[uuid.UUID | None, int]:
    """The row and the step; no row if it is none of ours. Devices echo it as it was sent."""
    found = COMMAND_UUID.fullmatch(str(told))
    return (parse_id(found[1]), int(found[2] or 0)) if found else (None, 0)


class Taken(Enum):
    """What became of a report."""

    NOBODY = "nobody"  # its certificate belongs to no enabled enrolment
    UNKNOWN = "unknown"  # its command is none of this device's
    READ = "read"


# The enrolment's row is locked for the rest of the transaction; the status row is bound to the reporting device. The
# row is moved if it is in one of the states it may be moved from, and nothing needs a judgement; its state is told as
# it was before.
TAKE_SQL: LiteralString = """
WITH me AS (
    SELECT device_id FROM commands_appleenrolment
    WHERE certificate_sha256 = %(certificate)s AND certificate_sha256 <> '' AND channel = 'device'
        AND enabled_at IS NOT NULL AND (%(claimed)s = '' OR upper(enrolment_id) = upper(%(claimed)s)) FOR NO KEY UPDATE
), row AS (
    SELECT id, state, step, slot_id, request_id FROM commands_commandstatus
    WHERE id = %(status)s AND device_id = (SELECT device_id FROM me)
), request AS (
    SELECT id, command, schedule, is_internal,
        command = ANY({judged}::text[]) OR ({repeatable} AND schedule = {recurring}) AS to_judge
    FROM commands_commandrequest WHERE id = (SELECT request_id FROM row)
), moved AS (
    UPDATE commands_commandstatus SET {change}, reason = %(reason)s, attempts = 0, updated_at = %(now)s
    WHERE id = (SELECT id FROM row WHERE step = %(step)s) AND state IN ({sources})
        AND NOT (SELECT to_judge FROM request) RETURNING id
)
SELECT me.device_id, row.id, row.state, row.step, request.id, request.command, request.schedule, request.to_judge,
    EXISTS (SELECT 1 FROM moved), request.is_internal
FROM me LEFT JOIN row ON TRUE LEFT JOIN request ON TRUE
"""


def _statement(change: sql.Composable, *, target: State, repeatable: bool) -> bytes:
    return spelled_out(
        TAKE_SQL,
        change=change,
        sources=literals(sources_of(target)),
        judged=sql.Literal(JUDGED),
        repeatable=sql.Literal(repeatable),
        recurring=literals([CommandRequest.Schedule.RECURRING]),
    )


def _ends(target: State) -> bytes:
    change = sql.SQL("state = {}, not_now_at = NULL").format(sql.Literal(target.value))
    return _statement(change, target=target, repeatable=target is State.FAILURE)


TAKE_SQLS = {State.SUCCESS: _ends(State.SUCCESS), State.FAILURE: _ends(State.FAILURE)}
# It waits and lets others pass on this connection; the next one is offered it again.
PUT_OFF_SQL = _statement(
    sql.SQL("not_now_at = %(now)s, expires_at = NULL"), target=State.ACKNOWLEDGED, repeatable=False
)


def take_report(certificate_sha256: str, claimed: str, status: Status, report: dict[str, Any]) -> Taken:
    """Within the connection's transaction. A report on an unknown or another device's command changes nothing."""
    answer = answer_of(status, report)
    if answer.is_not_now:
        target, statement, reason = None, PUT_OFF_SQL, PUT_OFF_REASON
    else:
        target = State.SUCCESS if answer.is_acknowledged else State.FAILURE
        statement, reason = TAKE_SQLS[target], answer.reason
    status_id, step = read_command_uuid(report.get("CommandUUID"))
    params = {"certificate": certificate_sha256, "claimed": claimed, "status": status_id, "step": step}
    rows = hot_query(statement, {**params, "reason": reason, "now": timezone.now()})
    if not rows:
        return Taken.NOBODY
    device_id, row_id, state, at_step, request_id, name, schedule, to_judge, moved, internal = rows[0]
    if row_id is None:
        log.info("report_on_unknown_command", command_uuid=str(report.get("CommandUUID"))[:64], status=status)
        return Taken.UNKNOWN
    if answer.is_acknowledged and state == State.QUEUED and step == at_step and _hand_over_again(row_id):
        return take_report(certificate_sha256, claimed, status, report)
    command = CATALOGUE.get(name)
    if step != at_step or (not moved and not to_judge):
        log.info("report_after_the_end", status_id=str(row_id), state=state, step=at_step, reported=status)
    elif command is not None:
        reported = Reported(device_id, row_id, request_id, state, step)
        if to_judge:
            judge_report(reported, command, answer, repeats=schedule == CommandRequest.Schedule.RECURRING)
        elif target is not None:
            _tell(command, reported, target, report)
    if internal and not answer.is_not_now:
        note_ended(request_id)
    return Taken.READ


def _hand_over_again(row_id: uuid.UUID) -> bool:
    """A row that was queued anew is done before it was given to the device again: it had it all along.

    An error told once more, or late, is no reason to count another try: it is tried again already.
    """
    row = CommandStatus.objects.filter(pk=row_id, state=State.QUEUED, sent_at__isnull=False)
    return row.update(state=State.INITIATED, updated_at=timezone.now()) == 1


def _tell(command: Command, reported: Reported, target: State, report: dict[str, Any]) -> None:
    keep_result(command, reported, target, report)
    if target is State.SUCCESS:
        tell_success(command, reported, report)
    tell_end(command, reported.device_id, target)


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
