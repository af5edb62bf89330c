"""Ending what has waited long enough: answers that devices owe, and, if so set, commands nobody came for.

A time-out is not quite the end: what the device reports later is still taken.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from commands.catalogue import CATALOGUE
from commands.models import CommandStatus
from commands.models.status import AWAITING, State

SLICE = 1000
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
    rows = list(
        overdue.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .order_by("pk")
        .values_list("pk", "device_id", "request__command")[:SLICE]
    )
    for name, group in _by_command(rows).items():
        time = spoken(life or CATALOGUE[name].time_out)
        CommandStatus.objects.filter(pk__in=[pk for pk, _ in group]).update(
            state=State.TIMEOUT, reason=reason.format(time=time), updated_at=timezone.now(), not_now_at=None
        )
        CATALOGUE[name].on_unsuccessful([device_id for _, device_id in group])
    return len(rows)


def _by_command(
    rows: Iterable[tuple[uuid.UUID, uuid.UUID, str]],
) -> dict[str, list[tuple[uuid.UUID, uuid.UUID]]]:
    groups: dict[str, list[tuple[uuid.UUID, uuid.UUID]]] = defaultdict(list)
    for pk, device_id, name in rows:
        groups[name].append((pk, device_id))
    return groups


def spoken(time: dt.timedelta) -> str:
    """`2 minutes`, `24 hours`, `3 days`: the largest unit that fits evenly."""
    seconds = int(time.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0 and not (unit == "day" and seconds == size):
            return f"{seconds // size} {unit}{'s' if seconds != size else ''}"
    return f"{seconds} seconds"
