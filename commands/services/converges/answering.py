"""Converges that answer commands: one for each row that the fan-out, or a window, has queued.

The row is kept far in the future until its converge ends. The catalogue imports this module, so it imports neither
that nor anything that does.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection

from django.db.models import QuerySet
from django.utils import timezone

from commands.models import CommandRequest, CommandStatus, Converge
from commands.models.status import State
from commands.services.converges.goals import Goal, goals_of
from commands.services.converges.windows import is_over
from commands.services.holds import NEVER
from devices.models import Device
from devices.services.devices import note_converges

WAITING = "Waits until the device has been brought to its blueprint."


def answer_commands(
    request: CommandRequest, device_ids: Collection[uuid.UUID], *, provision: bool, reapply: bool
) -> None:
    """Queues a converge for each row; what cannot have one fails at once. In the transaction that queued them."""
    queued = CommandStatus.objects.filter(request=request, device_id__in=device_ids, state=State.QUEUED)
    _let_go(queued)
    rows = list(queued.filter(converge__isnull=True).only("device_id", "tenant_id", "closes_at"))
    goals = goals_of([row.device_id for row in rows])
    refused: dict[str, list[uuid.UUID]] = defaultdict(list)
    made: list[Converge] = []
    for row in rows:
        goal = goals[row.device_id]
        if goal.refusal:
            refused[goal.refusal].append(row.pk)
        else:
            made.append(_converge(request, row, goal, provision, reapply))
    Converge.objects.bulk_create(made)
    now = timezone.now()
    held = CommandStatus.objects.filter(pk__in=[each.command_status_id for each in made])
    held.update(not_before=NEVER, reason=WAITING, updated_at=now)
    for reason, ids in refused.items():
        CommandStatus.objects.filter(pk__in=ids).update(state=State.FAILURE, reason=reason, updated_at=now)
    note_converges([each.device_id for each in made], Device.ConvergeStatus.OPEN)


def _let_go(rows: QuerySet[CommandStatus]) -> None:
    """Of the converge of an earlier window, which has ended or will by itself: they are answered anew."""
    locked = Converge.objects.select_for_update(of=("self",), no_key=True)
    earlier = [each for each in locked.filter(command_status__in=rows) if each.ended_at or is_over(each)]
    Converge.objects.filter(pk__in=[each.pk for each in earlier]).update(command_status=None)


def _converge(request: CommandRequest, row: CommandStatus, goal: Goal, provision: bool, reapply: bool) -> Converge:
    now = timezone.now()
    return Converge(
        tenant_id=row.tenant_id,
        device_id=row.device_id,
        blueprint=goal.blueprint,
        blueprint_version_id=goal.version_id,
        converge_with_provision_option=provision,
        reapply=reapply,
        cause=Converge.Cause.COMMAND,
        closes_at=row.closes_at,
        command_status=row,
        created_by=request.created_by,
        created_at=now,
        not_before=now,
    )
