"""Celery's part: nudges that call one function each, and the sweeps behind them. All are safe to run twice."""

import datetime as dt
import uuid

from django.conf import settings
from django.utils import timezone

from commands.apple.push import find_lost_wakes, wake_due_devices
from commands.models import CommandRequest, CommandResult
from commands.services.cancellations import cancel_waiting_rows, finish_cancellations
from commands.services.converges.advancing import advance_converge
from commands.services.converges.beginning import are_due, begin_due_converges
from commands.services.converges.sweeps import sweep_converges
from commands.services.drift.asking import ask_silent_devices
from commands.services.drift.checking import refresh_drift
from commands.services.fan_out import fan_out
from commands.services.licensed_installs import release_holds
from commands.services.retention import MOST, prune_commands, prune_converges
from commands.services.set_up.releasing import release_waiting
from commands.services.slots import add_new_zones, due_slots, turn_slot
from commands.services.time_outs import time_out_commands
from config.celery import app

GRACE = dt.timedelta(seconds=5)  # younger requests have a nudge on its way
SWEEP_SLICE = 500
SWEEP_SECONDS = 10  # between two sweeps; what was not begun by then is swept again


@app.task(name="commands.fan_out_request")
def fan_out_request(request_id: str) -> None:
    """Also the first windows of a scheduled request, which may be open already."""
    fan_out(uuid.UUID(request_id))
    for slot_id in due_slots(SWEEP_SLICE, request_id=uuid.UUID(request_id)):
        turn_slot(slot_id)
    wake_due_devices()
    _begin_converges()


@app.task(name="commands.sweep_requests")
def sweep_requests() -> None:
    """Requests whose nudge was lost, or whose worker died half way."""
    left = CommandRequest.objects.filter(
        fanned_out_at__isnull=True, cancelled_at__isnull=True, created_at__lt=timezone.now() - GRACE
    )
    for request_id in left.order_by("created_at").values_list("pk", flat=True)[:SWEEP_SLICE]:
        fan_out_request.apply_async((str(request_id),), expires=SWEEP_SECONDS)


@app.task(name="commands.turn_schedules")
def turn_schedules() -> None:
    """Windows that are to be announced, opened or closed."""
    for slot_id in due_slots(SWEEP_SLICE):
        turn_schedule.apply_async((slot_id,), expires=SWEEP_SECONDS)


@app.task(name="commands.turn_schedule")
def turn_schedule(slot_id: int) -> None:
    turn_slot(slot_id)
    wake_due_devices()
    _begin_converges()


def _begin_converges() -> None:
    """If it was a command that asks for them."""
    if are_due():
        begin_converges.apply_async(expires=SWEEP_SECONDS)


@app.task(name="commands.add_new_zones")
def find_new_zones() -> None:
    add_new_zones()


@app.task(name="commands.release_holds")
def release_licensed_installs() -> None:
    """Installations whose licence has come, or will not."""
    if release_holds():
        wake_due_devices()


@app.task(name="commands.cancel_request_rows")
def cancel_request_rows(request_id: str) -> None:
    cancel_waiting_rows(uuid.UUID(request_id))


@app.task(name="commands.finish_cancellations")
def sweep_cancellations() -> None:
    finish_cancellations()


@app.task(name="commands.wake_devices")
def wake_devices() -> None:
    wake_due_devices()


@app.task(name="commands.find_lost_wakes")
def wake_lost_devices() -> None:
    if find_lost_wakes():
        wake_due_devices()


@app.task(name="commands.time_out_commands")
def time_out() -> None:
    time_out_commands()


@app.task(name="commands.drop_old_results")
def drop_old_results() -> None:
    """Raw answers are kept RESULT_RETENTION_DAYS; what they told stays in the device's own fields."""
    limit = timezone.now() - dt.timedelta(days=settings.RESULT_RETENTION_DAYS)
    while True:
        ids = list(CommandResult.objects.filter(received_at__lt=limit).values_list("pk", flat=True)[:SWEEP_SLICE])
        if not ids:
            return
        CommandResult.objects.filter(pk__in=ids).delete()


@app.task(name="commands.prune_commands")
def prune_old_rows() -> None:
    if settings.COMMAND_RETENTION_DAYS:
        age = dt.timedelta(days=settings.COMMAND_RETENTION_DAYS)
        prune_commands(older_than=age, most=MOST)
        prune_converges(older_than=age)


@app.task(name="commands.begin_converges")
def begin_converges() -> None:
    """Those that are due."""
    if begin_due_converges():
        wake_due_devices()


@app.task(name="commands.advance_converge")
def advance_one_converge(converge_id: str) -> None:
    """The commands of its stage have ended; what waits behind it may begin."""
    advance_converge(uuid.UUID(converge_id))
    begin_due_converges()
    wake_due_devices()


@app.task(name="commands.sweep_converges")
def sweep_all_converges() -> None:
    if sweep_converges():
        wake_due_devices()


@app.task(name="commands.release_devices")
def release_devices() -> None:
    """Those that wait in their set-up assistant and need not any more."""
    for request_id in release_waiting():
        fan_out_request.delay(str(request_id))


@app.task(name="commands.refresh_drift")
def compare_with_blueprints() -> None:
    refresh_drift()


@app.task(name="commands.ask_devices")
def ask_devices() -> None:
    for request_id in ask_silent_devices():
        fan_out_request.delay(str(request_id))
