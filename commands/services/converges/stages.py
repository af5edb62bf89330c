"""What comes next in converges: the commands of the next stage, or the end.

Everything here happens in a transaction that holds the rows of the converges. At each stage the device is compared
anew: nothing that is still to be sent lies anywhere, and what has changed meanwhile counts.
"""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.utils import timezone

from commands.blueprints.plan import Plan, PlannedStep, Stage
from commands.models import Converge
from commands.services.converges.comparing import plans_of
from commands.services.converges.ending import Ending, end_converges
from commands.services.converges.results import Results, forget_gone
from commands.services.converges.saving import save_converges
from commands.services.converges.sending import Batch, send_steps
from commands.services.converges.windows import is_over, move_to_next_window
from devices.models import Device, DeviceInventory

Status = Converge.Status
LOOK = Plan((PlannedStep(Stage.LOOK, "look", "What the device has", "DEVICE_INFORMATION", {}),))
VERSION_GONE = "The version of the blueprint was deleted."
NOTHING = "Nothing differed."
TITLES, MOST_DIFFERENCES = 5, 500


@dataclass(frozen=True)
class Turn:
    """A converge that goes on, its device with the tenant, and how its commands went."""

    converge: Converge
    device: Device
    results: Results
    last_number: int = 0
    refusal: str = ""  # why it cannot go on


def take_turns(turns: Sequence[Turn]) -> list[uuid.UUID]:
    """The commands of the next stage, or the end. Those to be advanced at once, as all that came next was refused."""
    going = [turn for turn in turns if not turn.refusal and turn.converge.blueprint_version_id]
    plans = _plans(going)
    forget_gone((turn.device.pk, plans[turn.converge.pk].gone) for turn in going)
    endings: list[Ending] = []
    batches: list[Batch] = []
    for turn in turns:
        batch = _go_on(turn, plans.get(turn.converge.pk, Plan(problem=turn.refusal or VERSION_GONE)))
        if isinstance(batch, Ending):
            endings.append(batch)
        elif batch is not None:
            batches.append(batch)
    busy = send_steps(batches)  # wakes devices, whose rows are changed last
    ending = {each.converge.pk for each in endings}
    save_converges([turn.converge for turn in turns if turn.converge.pk not in ending])
    end_converges(endings)
    return [batch.converge.pk for batch in batches if batch.converge.pk not in busy]


def _plans(turns: Sequence[Turn]) -> dict[uuid.UUID, Plan]:
    """By converge. Devices that never told what they have are asked first, once."""
    unseen = _unseen([turn.device.pk for turn in turns])
    looks = {turn.converge.pk for turn in turns if turn.device.pk in unseen and not turn.results.has_looked}
    others = [(turn.converge, turn.device) for turn in turns if turn.converge.pk not in looks]
    return {**dict.fromkeys(looks, LOOK), **plans_of(others)}


def _unseen(device_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    told = DeviceInventory.objects.filter(information_at__isnull=False, profiles_at__isnull=False)
    return set(device_ids) - set(told.filter(device__in=device_ids).values_list("device_id", flat=True))


def _go_on(turn: Turn, plan: Plan) -> Batch | Ending | None:
    """What it does next; none if it waits for its next window."""
    converge, failures = turn.converge, turn.results.failures
    converge.updated_at = timezone.now()
    if plan.problem:
        return Ending(converge, Status.FAILURE, " ".join(filter(None, (plan.problem, failures))))
    if converge.stage == Stage.LOOK:
        converge.differences = [asdict(each) for each in plan.differences[:MOST_DIFFERENCES]]
    steps = _next_stage(plan, converge)
    if is_over(converge) and (steps or failures):
        return _leave_window(converge, failures)
    if not steps:
        return _finished(turn, plan)
    converge.status, converge.stage, converge.reason = Status.IN_PROGRESS, steps[0].stage, _sent(steps)
    return Batch(converge, steps, turn.last_number + 1)


def _next_stage(plan: Plan, converge: Converge) -> list[PlannedStep]:
    if plan is LOOK:
        return list(plan.steps)
    later = [step for step in plan.steps if step.stage > converge.stage]
    return [step for step in later if step.stage == later[0].stage]


def _leave_window(converge: Converge, failures: str) -> Ending | None:
    if move_to_next_window(converge):
        return None
    reason = " ".join(filter(None, (converge.reason, failures)))
    return Ending(converge, Status.FAILURE, reason, window_closed=True)


def _sent(steps: Sequence[PlannedStep]) -> str:
    titles = [step.title for step in steps[:TITLES]]
    more = [f"{len(steps) - TITLES} more"] if len(steps) > TITLES else []
    return f"Waits for the device: {', '.join([*titles, *more])}."


def _finished(turn: Turn, plan: Plan) -> Ending:
    refused = [f"{each.setting}: {each.reason.rstrip('. ')}." for each in plan.differences if each.refused]
    if failures := " ".join(filter(None, (turn.results.failures, *refused[:TITLES]))):
        return Ending(turn.converge, Status.FAILURE, failures)
    done = turn.results.done
    told = f"{done} command{'s' if done > 1 else ''} succeeded." if done else NOTHING
    left = sum(not each.is_drift for each in plan.differences)
    apart = f"{left} setting{'s' if left > 1 else ''} cannot be had by a device of this kind." if left else ""
    return Ending(turn.converge, Status.SUCCESS, " ".join(filter(None, (told, apart))))
