"""A device's connection: it reports on its last command and takes the next.

https://developer.apple.com/documentation/devicemanagement/sending-mdm-commands-to-a-device

An idle device costs one statement. A report and the next command share one short transaction, locked on the
enrolment's row, so two connections of one device never get the same command twice, and a report is never lost.
"""

import uuid
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from commands.apple import plist
from commands.apple.reports import Taken, close_unasked, command_uuid, read_status, take_report
from commands.catalogue import CATALOGUE, Delivery, Undeliverable
from commands.catalogue.verdicts import Status
from commands.models import AppleEnrolment, CommandRequest
from commands.models.status import DELIVERABLE, State
from commands.services.converges.noticing import note_ended
from commands.services.queue import requeue_or_fail
from config.db import hot_query, literals, spelled_out
from devices.services.apple_reports import text
from tenants.sealing import SealError, context_of, unseal

log = structlog.get_logger(__name__)

TIME_OUTS = orjson.dumps({name: command.time_out.total_seconds() for name, command in CATALOGUE.items()}).decode()
PATIENCE = 3  # deliveries without an answer before a command lets the others pass
UNWRITABLE = "The command's arguments cannot be sent to an Apple device"
UNBUILDABLE = (LookupError, TypeError, ValueError)


class NotEnrolledError(Exception):
    """The certificate belongs to no enabled enrolment, or to another one than the message says."""


class BlockedError(Exception):
    """The device was blocked: it is to remove its management."""


class Offer(Enum):
    """Which waiting commands a connection is offered."""

    ALL = "all"  # a new connection: also what was put off with NotNow
    OPEN = "open"  # after a report: what was put off waits for the next connection
    NEW = "new"  # after a report on nothing we know: what it was handed already would go round for ever


@dataclass(frozen=True)
class Turn:
    """One step of a connection: the device, and the command to hand over."""

    device_id: uuid.UUID
    status_id: uuid.UUID
    step: int
    request_id: uuid.UUID
    command: str
    args: Any
    secret_args: bytes | None


# The row of the enrolment is locked first. The compare-and-set on `sent_at` makes a statement that waited for the lock
# see that another one was faster; it then hands over nothing. The first delivery starts the command's time-out. Last
# the wake timer: soon for an answer that may get lost, later for what was put off, never while nothing waits; a push
# that is just due is left alone.
STEP_SQL = spelled_out(
    """
WITH me AS (
    SELECT id, device_id, wake_at, enabled_at, blocked_at FROM commands_appleenrolment
    WHERE certificate_sha256 = %(certificate)s AND certificate_sha256 <> '' AND channel = 'device'
        AND (%(claimed)s = '' OR upper(enrolment_id) = upper(%(claimed)s)) FOR NO KEY UPDATE
), seen AS (
    UPDATE devices_heartbeat SET last_seen = %(now)s
    WHERE device_id = (SELECT device_id FROM me WHERE enabled_at IS NOT NULL)
), pick AS (
    SELECT id, sent_at FROM commands_commandstatus
    WHERE device_id = (SELECT device_id FROM me WHERE enabled_at IS NOT NULL AND blocked_at IS NULL)
        AND state IN ({deliverable}) AND not_before <= %(now)s AND (%(fresh)s OR not_now_at IS NULL)
        AND (NOT %(new)s OR attempts = 0) AND (closes_at IS NULL OR closes_at > %(now)s)
    ORDER BY attempts / %(patience)s, not_before, id LIMIT 1
), again AS (
    UPDATE commands_commandstatus SET not_now_at = NULL
    WHERE %(fresh)s AND device_id = (SELECT device_id FROM me) AND state IN ({deliverable})
        AND not_now_at IS NOT NULL AND id IS DISTINCT FROM (SELECT id FROM pick)
), sent AS (
    UPDATE commands_commandstatus SET sent_at = %(now)s, updated_at = %(now)s, not_now_at = NULL,
        attempts = least(attempts + 1, 1000), state = CASE state WHEN {queued} THEN {initiated} ELSE state END,
        expires_at = coalesce(expires_at, %(now)s::timestamptz + make_interval(secs => (%(time_outs)s::jsonb
            ->> (SELECT command FROM commands_commandrequest r WHERE r.id = request_id))::float8))
    WHERE device_id = (SELECT device_id FROM me) AND id = (SELECT id FROM pick) AND state IN ({deliverable})
        AND sent_at IS NOT DISTINCT FROM (SELECT sent_at FROM pick)
    RETURNING id, request_id, attempts, step
), plan AS (
    SELECT id, wake_at AS before, CASE
        WHEN EXISTS (SELECT 1 FROM sent)
            THEN %(now)s::timestamptz
                + make_interval(secs => %(redeliver)s * power(2, least((SELECT attempts FROM sent), 6)))
        WHEN EXISTS (SELECT 1 FROM pick) THEN wake_at
        WHEN EXISTS (SELECT 1 FROM commands_commandstatus
            WHERE device_id = (SELECT device_id FROM me) AND state IN ({deliverable}) AND not_before <= %(now)s
                AND (closes_at IS NULL OR closes_at > %(now)s))
            THEN %(now)s::timestamptz + make_interval(secs => %(repeat)s)
        END AS after
    FROM me WHERE enabled_at IS NOT NULL AND (wake_at IS NULL OR wake_at > %(now)s)
), timer AS (
    UPDATE commands_appleenrolment SET wake_at = (SELECT after FROM plan)
    WHERE id = (SELECT id FROM plan WHERE before IS DISTINCT FROM after)
)
SELECT me.device_id, me.enabled_at IS NOT NULL, me.blocked_at IS NOT NULL,
    sent.id, sent.step, r.id, r.command, r.command_args, r.secret_args
FROM me LEFT JOIN sent ON TRUE LEFT JOIN commands_commandrequest r ON r.id = sent.request_id
""",
    deliverable=literals(DELIVERABLE),
    queued=literals([State.QUEUED]),
    initiated=literals([State.INITIATED]),
)


def handle_connect(*, certificate_sha256: str, report: dict[str, Any]) -> bytes:
    """The body for the device: its next command as a property list, or empty.

    NotEnrolledError and BlockedError tell the view to answer 403 or 401.
    """
    claimed = text(report.get("UDID"), 128) or text(report.get("EnrollmentID"), 128)
    if report.get("UserID") or report.get("EnrollmentUserID"):
        _check_enrolled(certificate_sha256, claimed)
        return b""  # a user's channel; commands go to the device's
    status = read_status(report)
    if status is Status.IDLE:
        return _next(certificate_sha256, claimed, Offer.ALL)
    with transaction.atomic():
        taken = take_report(certificate_sha256, claimed, status, report)
        try:
            return _next(certificate_sha256, claimed, Offer.OPEN if taken is Taken.READ else Offer.NEW)
        except BlockedError:
            pass  # after the report is stored
        except NotEnrolledError:
            if taken is not Taken.READ:
                raise
            return b""  # the report was the enrolment's last: the device erased itself
    raise BlockedError


def _check_enrolled(certificate_sha256: str, claimed: str) -> None:
    channel = AppleEnrolment.Channel.DEVICE
    row = AppleEnrolment.objects.filter(certificate_sha256=certificate_sha256, channel=channel).first()
    if row is None or (claimed and row.enrolment_id.upper() != claimed.upper()):
        raise NotEnrolledError
    if row.blocked_at is not None:
        raise BlockedError
    if not row.is_enabled:
        raise NotEnrolledError


def _next(certificate_sha256: str, claimed: str, offer: Offer) -> bytes:
    """The next command that this device can be given; those it cannot are closed on the way."""
    while True:
        turn = _step(certificate_sha256, claimed, offer)
        if turn is None:
            return b""
        body = _prepare(turn)
        if body is not None:
            return body


def _step(certificate_sha256: str, claimed: str, offer: Offer) -> Turn | None:
    rows = hot_query(
        STEP_SQL,
        {
            "certificate": certificate_sha256,
            "claimed": claimed,
            "now": timezone.now(),
            "fresh": offer is Offer.ALL,
            "new": offer is Offer.NEW,
            "patience": PATIENCE,
            "time_outs": TIME_OUTS,
            "redeliver": settings.REDELIVER_SECONDS,
            "repeat": settings.PUSH_REPEAT_SECONDS,
        },
    )
    if not rows:
        raise NotEnrolledError
    device_id, enabled, blocked, status_id, step, request_id, command, args, secret = rows[0]
    if blocked:
        raise BlockedError
    if not enabled:
        raise NotEnrolledError
    return Turn(device_id, status_id, step, request_id, command, args, secret) if status_id else None


def _prepare(turn: Turn) -> bytes | None:
    """The command's property list; None if the row was closed without the device's help."""
    try:
        delivery = Delivery(turn.device_id, _arguments(turn), turn.step)
        payload = CATALOGUE[turn.command].apple(delivery)
        if payload is not None:
            return plist.dumps({"CommandUUID": command_uuid(turn.status_id, turn.step), "Command": payload})
    except Undeliverable as error:
        _close_unasked(turn, State.FAILURE, str(error))
    except plist.PlistError as error:
        _close_unasked(turn, State.FAILURE, f"{UNWRITABLE}: {error.__cause__ or error}.")
    except SealError as error:
        log.exception("command_not_opened", status_id=str(turn.status_id), command=turn.command)
        requeue_or_fail(turn.status_id, f"A stored secret of the command cannot be opened: {error.reason}.")
    except UNBUILDABLE:  # one broken row must not keep the device from its other commands
        log.exception("command_not_built", status_id=str(turn.status_id), command=turn.command)
        _close_unasked(turn, State.FAILURE, "The server could not build the command; its log says why.")
    else:
        _close_unasked(turn, State.SUCCESS, "The device checked in.")
    return None


def _close_unasked(turn: Turn, target: State, reason: str) -> None:
    close_unasked(turn.status_id, CATALOGUE.get(turn.command), turn.device_id, target, reason)
    note_ended(turn.request_id)


def _arguments(turn: Turn) -> dict[str, Any]:
    shown = orjson.loads(turn.args) if isinstance(turn.args, str | bytes) else (turn.args or {})
    if not turn.secret_args:
        return dict(shown)
    opened = unseal(bytes(turn.secret_args), context=context_of(CommandRequest, "secret_args", turn.request_id))
    return {**shown, **orjson.loads(opened)}
