"""Carrying out the cancellation of a request: in slices, safe to be killed anywhere and run again.

A worker is nudged when the request is cancelled; beat finishes what it leaves. A transaction that began before the
cancellation may still queue a row after it, so a request is looked at again until SETTLED.
"""

import datetime as dt
import uuid

from django.db import transaction
from django.utils import timezone

from commands.catalogue import CATALOGUE
from commands.models import CommandRequest, CommandStatus
from commands.models.status import CANCELLABLE, State

SLICE = 5000
SETTLED = dt.timedelta(minutes=2)  # longer than any transaction that makes or moves rows


def finish_cancellations() -> int:
    """Those that a worker has begun, or not even that. How many rows it cancelled."""
    left = CommandRequest.objects.filter(cancelled_at__isnull=False, cancel_finished_at__isnull=True)
    return sum(map(cancel_waiting_rows, left.order_by("cancelled_at").values_list("pk", flat=True)))


def cancel_waiting_rows(request_id: uuid.UUID) -> int:
    """Of a cancelled request; what devices already have goes on. How many."""
    cancelled = CommandRequest.objects.filter(cancelled_at__isnull=False, cancel_finished_at__isnull=True)
    request = cancelled.only("command", "cancelled_by", "cancelled_at").filter(pk=request_id).first()
    if request is None:
        return 0
    total = 0
    while ended := _cancel_slice(request):
        total += ended
    _finish(request)
    return total


@transaction.atomic
def _cancel_slice(request: CommandRequest) -> int:
    """Rows that a connection holds just now are passed over: it may be handing them out."""
    rows = list(
        CommandStatus.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .filter(request=request, state__in=CANCELLABLE)
        .order_by("pk")
        .values_list("pk", "device_id")[:SLICE]
    )
    if rows:
        CommandStatus.objects.filter(pk__in=[pk for pk, _ in rows]).update(
            state=State.CANCELLED, reason=cancelled_by(request.cancelled_by), updated_at=timezone.now()
        )
        CATALOGUE[request.command].on_unsuccessful([device_id for _, device_id in rows])
    return len(rows)


def _finish(request: CommandRequest) -> None:
    now = timezone.now()
    waiting = CommandStatus.objects.filter(request=request, state__in=CANCELLABLE)
    if request.cancelled_at is not None and request.cancelled_at < now - SETTLED and not waiting.exists():
        CommandRequest.objects.filter(pk=request.pk).update(cancel_finished_at=now)


def cancelled_by(name: str) -> str:
    return f"Cancelled by {name}"
