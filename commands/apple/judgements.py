"""Reports that need a judgement before their row moves: of commands that judge them, and errors that are tried again.

The connection holds the enrolment's lock, so no other report of the device comes in between; the sweeps and operators
may, hence each move here is a compare-and-set too.
"""

import datetime as dt
from typing import Any

import structlog
from django.utils import timezone

from commands.apple.errors import MAX_REASON
from commands.apple.results import Reported, delivery_of, despite_odd_values, keep_result, tell_end, tell_success
from commands.catalogue import Command
from commands.catalogue.verdicts import Answer, Failed, NextStep, PutOff, Succeeded, Verdict
from commands.models import CommandStatus
from commands.models.status import AWAITING, State, sources_of
from commands.services.queue import requeue_or_fail

log = structlog.get_logger(__name__)

PUT_OFF_REASON = "The device asked to be offered it later (NotNow)."
TOO_LATE = "The device answered late; what else there was to ask was left out."
UNREADABLE = Failed("The server could not read the device's answer; its log says why.")


def judge_report(reported: Reported, command: Command, answer: Answer, *, repeats: bool) -> None:
    """Moves the row as the command says. What a device did is noted even if nobody waits for it any more.

    `repeats`: an error is no end yet, while the window is open.
    """
    verdict = _verdict(reported, command, answer)
    moved = _apply(reported, command, verdict, repeats)
    if moved is None:
        log.info("report_after_the_end", status_id=str(reported.status_id), state=reported.state, status=answer.status)
    elif not isinstance(verdict, PutOff):
        keep_result(command, reported, moved, answer.report)
    done = answer.is_acknowledged and isinstance(verdict, Succeeded | NextStep)
    if done and (moved is not None or reported.state == State.TIMEOUT):
        tell_success(command, reported, answer.report)


def _verdict(reported: Reported, command: Command, answer: Answer) -> Verdict:
    with despite_odd_values(reported.status_id):
        return command.judge(delivery_of(command, reported), answer)
    return UNREADABLE


def _apply(reported: Reported, command: Command, verdict: Verdict, repeats: bool) -> State | None:
    """The state the row has now; None if it was not to be moved any more."""
    match verdict:
        case Succeeded(reason):
            return _end(reported, command, State.SUCCESS, reason)
        case Failed(reason):
            if repeats:
                return requeue_or_fail(reported.status_id, reason[:MAX_REASON])
            return _end(reported, command, State.FAILURE, reason)
        case PutOff():
            return _move(reported, State(reported.state), PUT_OFF_REASON, not_now_at=timezone.now(), expires_at=None)
        case NextStep(number, after, reason):
            moved = _move(reported, State.IN_PROGRESS, reason, **_waits(command, number, after))
            return moved or (_end(reported, command, State.SUCCESS, TOO_LATE) if verdict.optional else None)


def _waits(command: Command, number: int, after: dt.timedelta) -> dict[str, Any]:
    now = timezone.now()
    told = {"step": number, "not_now_at": None, "expires_at": now + after + command.time_out}
    return {**told, "not_before": now + after} if after else told


def _end(reported: Reported, command: Command, target: State, reason: str) -> State | None:
    rows = CommandStatus.objects.filter(pk=reported.status_id, step=reported.step, state__in=sources_of(target))
    changes = {"state": target, "reason": reason[:MAX_REASON], "attempts": 0, "not_now_at": None}
    if not rows.update(**changes, updated_at=timezone.now()):
        return None
    tell_end(command, reported.device_id, target)
    return target


def _move(reported: Reported, target: State, reason: str, **changes: Any) -> State | None:
    """To another state in which the device still owes an answer."""
    rows = CommandStatus.objects.filter(pk=reported.status_id, step=reported.step, state__in=AWAITING)
    if rows.update(state=target, reason=reason[:MAX_REASON], attempts=0, updated_at=timezone.now(), **changes):
        return target
    return None
