"""The life of queue rows apart from the channels' hot path: cancel one, queue one again, clear a device's."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from commands.catalogue import CATALOGUE
from commands.models import CommandRequest, CommandStatus
from commands.models.status import CANCELLABLE, OPEN, State, sources_of
from commands.services.cancellations import cancelled_by
from config.api.errors import BadRequest
from devices.models import Device
from tenants import audit
from tenants.actors import Actor

REQUEUES = 3  # of one row at most
DELIVERED = tuple(state for state in sources_of(State.FAILURE) if state is not State.QUEUED)


@transaction.atomic
def cancel_command_status(*, status: CommandStatus, actor: Actor) -> CommandStatus:
    """Only while Queued or Scheduled; cancelling again changes nothing; anything else is a BadRequest.

    What is cancelled ahead of its slot ends the recurrence for its device.
    """
    row = CommandStatus.objects.select_for_update(of=("self",)).select_related("request").get(pk=status.pk)
    if row.state == State.CANCELLED:
        return row
    if row.state not in CANCELLABLE:
        raise BadRequest(f"Only a queued or scheduled command can be cancelled; this one is in {row.state!r}.")
    ends_recurrence = row.state == State.SCHEDULED and row.request.schedule == CommandRequest.Schedule.RECURRING
    row.state = State.CANCELLED
    row.reason = cancelled_by(actor.name)
    if ends_recurrence:
        row.ends_recurrence = True
        row.reason = f"{row.reason}. It will not run on this device again."
    row.updated_at = timezone.now()
    row.save(update_fields=["state", "reason", "ends_recurrence", "updated_at"])
    CATALOGUE[row.request.command].on_unsuccessful([row.device_id])
    audit.record(actor=actor, action="command_status.cancelled", subject=row, details={"command": row.request.command})
    return row


@transaction.atomic
def clear_queue(*, device: Device, reason: str, states: Sequence[State] = OPEN) -> int:
    """Ends what is still open for a device: it was enrolled anew, or removed. How many rows."""
    rows = list(
        CommandStatus.objects.select_for_update(of=("self",))
        .filter(device=device, state__in=states)
        .values_list("pk", "request__command", "state")
    )
    undelivered = [pk for pk, _, state in rows if state in CANCELLABLE]
    # What the device was given cannot be cancelled any more: it may have been done.
    delivered = [pk for pk, _, state in rows if state not in CANCELLABLE]
    ended = {"reason": reason, "updated_at": timezone.now(), "attempts": 0, "not_now_at": None}
    CommandStatus.objects.filter(pk__in=undelivered).update(state=State.CANCELLED, **ended)
    CommandStatus.objects.filter(pk__in=delivered).update(state=State.FAILURE, **ended)
    for command in {command for _, command, _ in rows}:
        CATALOGUE[command].on_unsuccessful([device.pk])
    return len(rows)


@transaction.atomic
def requeue_or_fail(status_id: uuid.UUID, reason: str) -> State | None:
    """After a delivery failed: the row waits for another one, or ends in Command Failure when it has had its chances.

    Where it went; None if it is not a row that a device was given and owes an answer to, and nothing changed.
    """
    rows = CommandStatus.objects.select_for_update(of=("self",), no_key=True).select_related("request")
    told = rows.only("state", "requeues", "closes_at", "device_id", "request__command", "request__cancelled_at")
    row = told.filter(pk=status_id, state__in=DELIVERED).first()
    if row is None:
        return None
    now = timezone.now()
    if may_requeue(row, now):
        requeue([row], reason, now)
        return State.QUEUED
    ended = {"attempts": 0, "not_now_at": None, "updated_at": now}
    CommandStatus.objects.filter(pk=row.pk).update(state=State.FAILURE, reason=reason, **ended)
    CATALOGUE[row.request.command].on_unsuccessful([row.device_id])
    return State.FAILURE


def may_requeue(row: CommandStatus, now: dt.datetime) -> bool:
    """Only what was just handed over, a few times, while its window stays open and nobody has cancelled it."""
    if row.request.cancelled_at is not None:
        return False
    in_time = row.closes_at is None or row.closes_at > now + requeue_delay(row.requeues)
    return row.state == State.INITIATED and row.requeues < REQUEUES and in_time


def requeue(rows: Iterable[CommandStatus], reason: str, now: dt.datetime) -> None:
    """`rows` are locked by the caller, and `may_requeue`. What wakes their devices is the sweep for lost wakes."""
    by_requeues: dict[int, list[uuid.UUID]] = defaultdict(list)
    for row in rows:
        by_requeues[row.requeues].append(row.pk)
    for requeues, ids in by_requeues.items():
        CommandStatus.objects.filter(pk__in=ids).update(
            state=State.QUEUED,
            reason=f"{reason.rstrip('. ')}. Trying again ({requeues + 1} of {REQUEUES}).",
            requeues=requeues + 1,
            not_before=now + requeue_delay(requeues),
            attempts=0,
            expires_at=None,
            not_now_at=None,
            updated_at=now,
        )


def requeue_delay(requeues: int) -> dt.timedelta:
    """1, 4, 16 minutes: what broke may need time to mend."""
    return dt.timedelta(minutes=4**requeues)
