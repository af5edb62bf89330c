"""Going on when the commands of a stage have ended, well or not."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

from django.db import transaction

from commands.models import AppleEnrolment, Converge
from commands.services.converges.goals import goals_of, refusal_of
from commands.services.converges.parting import act_together
from commands.services.converges.results import Results, remember, results_of
from commands.services.converges.stages import Turn, take_turns
from commands.services.converges.stopping import close_rows, ended_command
from commands.services.converges.windows import is_over

ENROLLED_ANEW = "The device was enrolled anew."
NOT_LOOKED = "The device did not say what it has."


def advance_converge(converge_id: uuid.UUID) -> None:
    """To its next stage, or its end, if it waits for nothing any more. Twice is as once."""
    advance_all([converge_id])


def advance_all(ids: Sequence[uuid.UUID]) -> None:
    while ids:
        ids = act_together(advance, ids)


@transaction.atomic
def advance(ids: Collection[uuid.UUID], *, skip_locked: bool = False) -> list[uuid.UUID]:
    """One stage further; those that are to be advanced again at once."""
    locked = Converge.objects.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)
    running = locked.select_related("command_status").filter(pk__in=ids, status=Converge.Status.IN_PROGRESS)
    rows = list(running.order_by("pk"))
    close_rows([row.pk for row in rows if is_over(row)])
    results = results_of(rows)
    ready = [row for row in rows if not results[row.pk].is_open]
    anew = _enrolled_anew(ready)  # what they had is gone
    remember((row.device_id, results[row.pk]) for row in ready if row.pk not in anew)
    return take_turns(_turns(ready, results, anew))


def _turns(rows: Collection[Converge], results: dict[uuid.UUID, Results], anew: Collection[uuid.UUID]) -> list[Turn]:
    goals = goals_of([row.device_id for row in rows])
    turns = []
    for row in rows:
        device, told = goals[row.device_id].device, results[row.pk]
        refusal = refusal_of(device) or (ENROLLED_ANEW if row.pk in anew else "") or ended_command(row)
        blind = NOT_LOOKED if told.has_failed_to_look else ""
        last_number = max((each.number for each in told.all), default=row.first_step - 1)
        turns.append(Turn(row, device, told, last_number, refusal=refusal or blind))
    return turns


def _enrolled_anew(rows: Collection[Converge]) -> set[uuid.UUID]:
    """Those whose device has begun another enrolment since they began."""
    enrolled = _enrolled_at(rows)
    return {row.pk for row in rows if row.began_at and enrolled.get(row.device_id, row.began_at) > row.began_at}


def _enrolled_at(rows: Collection[Converge]) -> dict[uuid.UUID, dt.datetime]:
    """When each device's enrolment began."""
    devices = [row.device_id for row in rows]
    enrolments = AppleEnrolment.objects.filter(device_id__in=devices, channel=AppleEnrolment.Channel.DEVICE)
    told = enrolments.values_list("device_id", "authenticated_at")
    return {device_id: moment for device_id, moment in told if moment is not None}
