"""Taking what is queued and due, device by device in order of the queue, and beginning with it.

Claimed in one short statement, begun in a transaction of its own. A worker that dies between the two leaves rows in
PROCESSING, which are taken again after STALE.
"""

import datetime as dt
import uuid
from collections.abc import Collection

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from commands.models import Converge, ConvergeStep
from commands.services.converges.advancing import advance_all
from commands.services.converges.goals import Goal, goals_of
from commands.services.converges.parting import act_together
from commands.services.converges.results import Results
from commands.services.converges.stages import Turn, take_turns
from commands.services.converges.stopping import ended_command

SLICE = 200
STALE = dt.timedelta(minutes=2)

# One claim at a time, so that each sees what those before it took: of a device's converges one runs at most.
LOCK_SQL = "SELECT pg_advisory_xact_lock(hashtextextended('commands_converge claims', 0))"
CLAIM_SQL = """
UPDATE commands_converge SET status = 'PROCESSING', reason = '', updated_at = %(now)s WHERE id IN (
    SELECT c.id FROM commands_converge c
    WHERE (%(only)s::uuid[] IS NULL OR c.id = ANY(%(only)s)) AND c.not_before <= %(now)s AND (
        c.status = 'PROCESSING' AND c.updated_at < %(stale)s
        OR c.status = 'QUEUED' AND NOT EXISTS (
            SELECT 1 FROM commands_converge o WHERE o.device_id = c.device_id AND o.id <> c.id AND (
                o.status IN ('PROCESSING', 'IN_PROGRESS')
                OR o.status = 'QUEUED' AND (o.not_before, o.id) < (c.not_before, c.id))))
    ORDER BY c.not_before, c.id LIMIT %(slice)s FOR NO KEY UPDATE OF c SKIP LOCKED
) RETURNING id
"""


def begin_due_converges() -> int:
    """All that can begin now; how many did."""
    total = 0
    while ids := claim():
        advance_all(act_together(begin, ids))
        total += len(ids)
    return total


def are_due() -> bool:
    """Whether a worker may have something to begin with."""
    return Converge.objects.filter(status=Converge.Status.QUEUED, not_before__lte=timezone.now()).exists()


def plan_converge(converge_id: uuid.UUID) -> None:
    """Begins this one, if it is due and the first of its device. Twice is as once."""
    advance_all(act_together(begin, claim([converge_id])))


@transaction.atomic
def claim(only: Collection[uuid.UUID] | None = None) -> list[uuid.UUID]:
    """The next ones, now in PROCESSING. `only`: of these."""
    now = timezone.now()
    told = {"now": now, "stale": now - STALE, "only": None if only is None else list(only), "slice": SLICE}
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SQL)
        cursor.execute(CLAIM_SQL, told)
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def begin(ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Compares the devices and sends the first commands; those that have nothing to wait for."""
    claimed = Converge.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    rows = list(claimed.select_related("command_status").filter(pk__in=ids, status=Converge.Status.PROCESSING))
    goals = goals_of([row.device_id for row in rows])
    steps = ConvergeStep.objects.filter(converge__in=rows).order_by()
    last = dict(steps.values_list("converge").annotate(Max("number")))
    return take_turns([_turn(row, goals[row.device_id], last.get(row.pk, 0)) for row in rows])


def _turn(row: Converge, goal: Goal, last_number: int) -> Turn:
    """From its start, and to what is published by now."""
    row.blueprint, row.blueprint_version_id = goal.blueprint, goal.version_id
    row.began_at, row.stage, row.first_step = timezone.now(), 0, last_number + 1
    return Turn(row, goal.device, Results(), last_number, refusal=goal.refusal or ended_command(row))
