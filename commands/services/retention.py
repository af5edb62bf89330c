"""Rows of ended commands are deleted after a while, and counted with their request: its stats do not change by it.

In slices, each with its count in one transaction, so a worker may be killed anywhere. Requests themselves are kept.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from commands.models import CommandRequest, CommandStatus, Converge
from commands.models.status import FINAL, State
from commands.services.stages import REFUSED

SLICE = 1000
WALK = 200  # requests looked at together
MOST = 200_000  # rows a run of beat
ENDED = (*FINAL, State.TIMEOUT)
Schedule = CommandRequest.Schedule


def prune_commands(
    *, older_than: dt.timedelta, most: int | None = None, told: Callable[[int], object] = lambda rows: None
) -> int:
    """Deletes rows that ended longer ago; how many. Stops soon after `most`; `told` hears of each slice."""
    limit = timezone.now() - older_than
    total = 0
    for request in _unpruned(limit):
        while pruned := _prune_slice(request, limit):
            total += pruned
            told(pruned)
            if most is not None and total >= most:
                return total
        _finish(request)
    return total


def prune_converges(*, older_than: dt.timedelta) -> int:
    """Deletes converges that ended longer ago, with the list of their commands; how many."""
    limit, total = timezone.now() - older_than, 0
    while ids := list(Converge.objects.filter(ended_at__lt=limit).values_list("pk", flat=True)[:SLICE]):
        Converge.objects.filter(pk__in=ids).delete()
        total += len(ids)
    return total


def count_prunable(*, older_than: dt.timedelta) -> int:
    limit = timezone.now() - older_than
    return sum(old_rows(request, limit).count() for request in _unpruned(limit))


def _unpruned(limit: dt.datetime) -> Iterator[CommandRequest]:
    """Requests that may have such rows, the oldest first."""
    left = CommandRequest.objects.filter(pruned_at__isnull=True, created_at__lt=limit).order_by("created_at", "pk")
    left = left.exclude(step__converge__status__in=Converge.OPEN)  # which look back at what they sent
    rows = left.only("created_at", "schedule", "ends_at", "fanned_out_at", "cancelled_at", "cancel_finished_at")
    chunk = list(rows[:WALK])
    while chunk:
        yield from chunk
        last = chunk[-1]
        beyond = Q(created_at=last.created_at, pk__gt=last.pk) | Q(created_at__gt=last.created_at)
        chunk = list(rows.filter(beyond, created_at__gte=last.created_at)[:WALK])


def old_rows(request: CommandRequest, limit: dt.datetime) -> QuerySet[CommandStatus]:
    """What ended before `limit` and is not looked at any more by a schedule that still runs.

    A device with a row in a WINDOW is not queued a second time. A recurring request knows by them which devices were
    taken out of it, refused, or, if so set, are done.
    """
    rows = CommandStatus.objects.filter(request=request, state__in=ENDED, updated_at__lt=limit)
    if not _is_running(request):
        return rows
    if request.schedule != Schedule.RECURRING:
        return rows.none()
    kept = Q(ends_recurrence=True) | REFUSED | Q(slot__due_at__isnull=False)
    if settings.RECURRING_STOPS_AFTER_SUCCESS:
        kept |= Q(state=State.SUCCESS)
    return rows.exclude(kept)


def _is_running(request: CommandRequest) -> bool:
    """Whether rows of it may still be made."""
    if request.cancelled_at is not None:
        return request.cancel_finished_at is None
    if request.fanned_out_at is None:
        return True
    if request.schedule == Schedule.IMMEDIATE:
        return False
    ended = request.ends_at is not None and request.ends_at < timezone.now()
    return not ended or request.slots.filter(due_at__isnull=False).exists()


@transaction.atomic
def _prune_slice(request: CommandRequest, limit: dt.datetime) -> int:
    """The request is locked first, so that two runs add up. A row that a late report holds is left for next time."""
    row = CommandRequest.objects.select_for_update(no_key=True).only("archived_counts").filter(pk=request.pk).first()
    if row is None:
        return 0
    free = old_rows(request, limit).select_for_update(skip_locked=True, of=("self",))
    states = dict(free.values_list("pk", "state")[:SLICE])
    if states:
        CommandStatus.objects.filter(pk__in=states).delete()
        row.archived_counts = dict(Counter(row.archived_counts) + Counter(states.values()))
        row.save(update_fields=["archived_counts"])
    return len(states)


def _finish(request: CommandRequest) -> None:
    """A request that is over and has no row left is not looked at again."""
    if not _is_running(request) and not CommandStatus.objects.filter(request=request).exists():
        CommandRequest.objects.filter(pk=request.pk).update(pruned_at=timezone.now())
