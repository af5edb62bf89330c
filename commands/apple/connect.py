"""A device's connection: it reports on its last command and takes the next.

https://developer.apple.com/documentation/devicemanagement/sending-mdm-commands-to-a-device

An idle device costs one statement. A report and the next command share one short transaction, locked on the
enrolment's row, so two connections of one device never get the same command twice, and a report is never lost.
"""

import uuid
from dataclasses import dataclass
from typing import Any, LiteralString

import orjson
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from commands.apple import plist
from commands.apple.reports import Status, close_unasked, read_status, take_report
from commands.catalogue import CATALOGUE, Delivery, Undeliverable
from commands.models import CommandRequest
from commands.models.status import DELIVERABLE, State
from config.db import hot_query
from tenants.sealing import context_of, unseal

PATIENCE = 3  # deliveries without an answer before a command lets the others pass


class NotEnrolledError(Exception):
    """The certificate belongs to no enabled enrolment."""


class BlockedError(Exception):
    """The device was blocked: it is to remove its management."""


@dataclass(frozen=True)
class Turn:
    """One step of a connection: the enrolment, and the command to hand over."""

    enrolment_id: uuid.UUID
    device_id: uuid.UUID
    status_id: uuid.UUID | None
    request_id: uuid.UUID | None
    command: str
    args: dict[str, Any]


# The row of the enrolment is locked first. A new connection (`fresh`) offers again what was put off with NotNow;
# within a connection it does not. The compare-and-set on `sent_at` makes a statement that waited for the lock see that
# another one was faster. Last the wake timer: soon for an answer that may get lost, later for what was put off,
# never while nothing waits; a push that is just due is left alone.
STEP_SQL: LiteralString = """
WITH me AS (
    SELECT id, device_id, wake_at, enabled_at, blocked_at FROM commands_appleenrolment
    WHERE certificate_sha256 = %(certificate)s AND channel = 'device' FOR NO KEY UPDATE
), seen AS (
    UPDATE devices_heartbeat h SET last_seen = %(now)s FROM me
    WHERE h.device_id = me.device_id AND me.enabled_at IS NOT NULL
), pick AS (
    SELECT s.id, s.sent_at FROM commands_commandstatus s JOIN me ON s.device_id = me.device_id
    WHERE s.state = ANY(%(deliverable)s) AND s.not_before <= %(now)s AND (%(fresh)s OR s.not_now_at IS NULL)
        AND me.enabled_at IS NOT NULL AND me.blocked_at IS NULL
    ORDER BY s.attempts / %(patience)s, s.not_before, s.id LIMIT 1
), again AS (
    UPDATE commands_commandstatus s SET not_now_at = NULL FROM me
    WHERE %(fresh)s AND s.device_id = me.device_id AND s.not_now_at IS NOT NULL AND s.state = ANY(%(deliverable)s)
        AND s.id NOT IN (SELECT id FROM pick)
), sent AS (
    UPDATE commands_commandstatus s SET sent_at = %(now)s, updated_at = %(now)s, not_now_at = NULL,
        attempts = s.attempts + 1, state = CASE s.state WHEN %(queued)s THEN %(initiated)s ELSE s.state END
    FROM pick WHERE s.id = pick.id AND s.state = ANY(%(deliverable)s) AND s.sent_at IS NOT DISTINCT FROM pick.sent_at
    RETURNING s.id, s.request_id, s.attempts
), plan AS (
    SELECT me.id, CASE
        WHEN EXISTS (SELECT 1 FROM sent)
            THEN %(now)s::timestamptz
                + make_interval(secs => %(redeliver)s * power(2, least((SELECT attempts FROM sent), 6)))
        WHEN EXISTS (SELECT 1 FROM commands_commandstatus s
            WHERE s.device_id = me.device_id AND s.state = ANY(%(deliverable)s) AND s.not_before <= %(now)s)
            THEN %(now)s::timestamptz + make_interval(secs => %(repeat)s)
        END AS wake_at
    FROM me WHERE me.enabled_at IS NOT NULL AND (me.wake_at IS NULL OR me.wake_at > %(now)s)
), timer AS (
    UPDATE commands_appleenrolment e SET wake_at = plan.wake_at FROM plan
    WHERE e.id = plan.id AND e.wake_at IS DISTINCT FROM plan.wake_at
)
SELECT me.id, me.device_id, me.enabled_at IS NOT NULL, me.blocked_at IS NOT NULL,
    sent.id, r.id, r.command, r.command_args, r.secret_args
FROM me LEFT JOIN sent ON TRUE LEFT JOIN commands_commandrequest r ON r.id = sent.request_id
"""


def handle_connect(*, certificate_sha256: str, report: dict[str, Any]) -> bytes:
    """The body for the device: its next command as a property list, or empty.

    NotEnrolledError and BlockedError tell the view to answer 403 or 401.
    """
    if report.get("UserID") or report.get("EnrollmentUserID"):
        return b""  # a user's channel; commands go to the device's
    status = read_status(report)
    if status is Status.IDLE:
        return _next(certificate_sha256, fresh=True)
    with transaction.atomic():
        take_report(certificate_sha256, status, report)
        return _next(certificate_sha256, fresh=False)


def _next(certificate_sha256: str, *, fresh: bool) -> bytes:
    """The next command that this device can be given; those it cannot are closed on the way."""
    while True:
        turn = _step(certificate_sha256, fresh=fresh)
        if turn.status_id is None:
            return b""
        body = _prepare(turn)
        if body is not None:
            return body


def _step(certificate_sha256: str, *, fresh: bool) -> Turn:
    rows = hot_query(
        STEP_SQL,
        {
            "certificate": certificate_sha256,
            "now": timezone.now(),
            "deliverable": [state.value for state in DELIVERABLE],
            "fresh": fresh,
            "patience": PATIENCE,
            "redeliver": settings.REDELIVER_SECONDS,
            "repeat": settings.PUSH_REPEAT_SECONDS,
            "queued": State.QUEUED.value,
            "initiated": State.INITIATED.value,
        },
    )
    if not rows:
        raise NotEnrolledError
    enrolment_id, device_id, enabled, blocked, status_id, request_id, command, args, secret = rows[0]
    if blocked:
        raise BlockedError
    if not enabled:
        raise NotEnrolledError
    return Turn(enrolment_id, device_id, status_id, request_id, command or "", _arguments(request_id, args, secret))


def _arguments(request_id: uuid.UUID | None, args: Any, secret: bytes | None) -> dict[str, Any]:
    shown = orjson.loads(args) if isinstance(args, str | bytes) else (args or {})
    if not secret:
        return dict(shown)
    opened = unseal(bytes(secret), context=context_of(CommandRequest, "secret_args", request_id))
    return {**shown, **orjson.loads(opened)}


def _prepare(turn: Turn) -> bytes | None:
    """The command's property list; None if the row was closed without the device's help."""
    assert turn.status_id is not None
    command = CATALOGUE[turn.command]
    delivery = Delivery(turn.device_id, turn.args)
    try:
        payload = command.apple(delivery)
    except Undeliverable as error:
        close_unasked(turn.status_id, command, delivery, State.FAILURE, str(error))
        return None
    if payload is None:
        close_unasked(turn.status_id, command, delivery, State.SUCCESS, "The device checked in.")
        return None
    return plist.dumps({"CommandUUID": str(turn.status_id), "Command": payload})
