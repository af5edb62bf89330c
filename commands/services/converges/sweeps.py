"""What the nudges have left, found by beat."""

import uuid
from collections.abc import Collection
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from commands.models import CommandStatus, Converge
from commands.models.status import OPEN, State
from commands.services.converges.advancing import advance, advance_all
from commands.services.converges.beginning import begin_due_converges
from commands.services.converges.ending import Ending, end_converges
from commands.services.converges.parting import act_together
from commands.services.converges.stopping import cancel_unsent, ended_command, start_commands

SLICE = 500
Status = Converge.Status

# Those of which nothing is open any more, or whose window is over: what nudges have left.
ENDED_SQL = """
SELECT c.id FROM commands_converge c WHERE c.status = 'IN_PROGRESS' AND (c.closes_at <= %(now)s OR NOT EXISTS (
    SELECT 1 FROM commands_convergestep s JOIN commands_commandstatus r ON r.request_id = s.request_id
    WHERE s.converge_id = c.id AND r.state = ANY(%(open)s)
)) ORDER BY c.updated_at LIMIT %(slice)s
"""


def sweep_converges() -> int:
    """How many it found something to do for. Safe beside another worker."""
    stopped = stop_converges()
    ended = advance_ended()
    return stopped + ended + start_commands() + begin_due_converges()


def advance_ended() -> int:
    """Each once: what others hold is left for the next time."""
    done: set[uuid.UUID] = set()
    while fresh := [each for each in _ended(SLICE + len(done)) if each not in done]:
        advance_all(act_together(partial(advance, skip_locked=True), fresh))
        done.update(fresh)
    return len(done)


def _ended(most: int) -> list[uuid.UUID]:
    told: dict[str, Any] = {"now": timezone.now(), "open": [state.value for state in OPEN], "slice": most}
    with connection.cursor() as cursor:
        cursor.execute(ENDED_SQL, told)
        return [row[0] for row in cursor.fetchall()]


def stop_converges() -> int:
    """Of commands that were cancelled, or timed out: what the devices have not been given yet is not sent any more.

    Those that wait only for what their devices were given are left out: many of them would keep others from their turn.
    """
    unsent = CommandStatus.objects.filter(request__step__converge=OuterRef("pk"), state=State.QUEUED)
    movable = Q(status=Status.QUEUED) | Q(Exists(unsent), status=Status.IN_PROGRESS)
    answered = Converge.objects.filter(movable, command_status__isnull=False)
    rows = list(answered.exclude(command_status__state__in=OPEN).select_related("command_status")[:SLICE])
    for row in rows:
        if row.status == Status.IN_PROGRESS:
            _cancel(row)
    _end_queued([row.pk for row in rows if row.status == Status.QUEUED])
    return len(rows)


@transaction.atomic
def _cancel(row: Converge) -> None:
    cancel_unsent([row.pk], ended_command(row))


@transaction.atomic
def _end_queued(ids: Collection[uuid.UUID]) -> None:
    free = Converge.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    rows = free.select_related("command_status").filter(pk__in=ids, status=Status.QUEUED)
    end_converges([Ending(row, Status.FAILURE, ended_command(row)) for row in rows])
