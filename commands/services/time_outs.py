"""Ending what has waited long enough: answers that devices owe, and, if so set, commands nobody came for.

A time-out is not quite the end: what the device reports later is still taken. A recurring command that times out while
its slot is open is queued again instead, a few times.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from commands.catalogue import CATALOGUE
from commands.models import CommandRequest, CommandStatus
from commands.models.status import AWAITING, State
from commands.services.queue import may_requeue, requeue

SLICE = 1000
OF_REQUEST = ("command", "schedule", "cancelled_at")
UNANSWERED = "The device has not answered within {time}."
UNCOLLECTED = "The device has not come for the command within {time}."


def time_out_commands() -> int:
    """How many rows it ended. Safe beside devices that report and beside another sweep."""
    now = timezone.now()
    ended = _sweep(CommandStatus.objects.filter(state__in=AWAITING, expires_at__lt=now), UNANSWERED, None)
    if settings.COMMAND_QUEUE_TTL:
        life = dt.timedelta(seconds=settings.COMMAND_QUEUE_TTL)
        waiting = CommandStatus.objects.filter(state=State.QUEUED, not_before__lt=now - life)
        ended += _sweep(waiting, UNCOLLECTED, life)
    return ended


def _sweep(overdue: QuerySet[CommandStatus], reason: str, life: dt.timedelta | None) -> int:
    total = 0
    while True:
        ended = _end_slice(overdue, reason, life)
        total += ended
        if ended < SLICE:
            return total


@transaction.atomic
def _end_slice(overdue: QuerySet[CommandStatus], reason: str, life: dt.timedelta | None) -> int:
    now = timezone.now()
    rows = list(
        overdue.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .select_related("request")
        .only("state", "requeues", "closes_at", "device_id", *(f"request__{name}" for name in OF_REQUEST))
        .order_by("pk")[:SLICE]
    )
    for name, group in _by_command(rows).items():
        words = reason.format(time=spoken(life or CATALOGUE[name].time_out))
        again, ended = _parted(group, now)
        requeue(again, words, now)
        CommandStatus.objects.filter(pk__in=[row.pk for row in ended]).update(
            state=State.TIMEOUT, reason=words, updated_at=now, not_now_at=None
        )
        CATALOGUE[name].on_unsuccessful([row.device_id for row in ended])
    return len(rows)


def _parted(rows: Iterable[CommandStatus], now: dt.datetime) -> tuple[list[CommandStatus], list[CommandStatus]]:
    """Those that are tried again, and those that end."""
    again: list[CommandStatus] = []
    ended: list[CommandStatus] = []
    for row in rows:
        (again if _is_tried_again(row, now) else ended).append(row)
    return again, ended


def _is_tried_again(row: CommandStatus, now: dt.datetime) -> bool:
    in_slot = row.request.schedule == CommandRequest.Schedule.RECURRING and row.closes_at is not None
    return in_slot and may_requeue(row, now)


def _by_command(rows: Iterable[CommandStatus]) -> dict[str, list[CommandStatus]]:
    groups: dict[str, list[CommandStatus]] = defaultdict(list)
    for row in rows:
        groups[row.request.command].append(row)
    return groups


def spoken(time: dt.timedelta) -> str:
    """`2 minutes`, `24 hours`, `3 days`: the largest unit that fits evenly."""
    seconds = int(time.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0 and not (unit == "day" and seconds == size):
            return f"{seconds // size} {unit}{'s' if seconds != size else ''}"
    return f"{seconds} seconds"
