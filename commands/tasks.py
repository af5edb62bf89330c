"""Celery's part: nudges that call one function each, and the sweeps behind them. All are safe to run twice."""

import datetime as dt
import uuid

from django.conf import settings
from django.utils import timezone

from commands.apple.push import find_lost_wakes, wake_due_devices
from commands.models import CommandRequest, CommandResult
from commands.services.fan_out import fan_out
from commands.services.time_outs import time_out_commands
from config.celery import app

GRACE = dt.timedelta(seconds=5)  # younger requests have a nudge on its way
SWEEP_SLICE = 500
SWEEP_SECONDS = 10  # between two sweeps; what was not begun by then is swept again


@app.task(name="commands.fan_out_request")
def fan_out_request(request_id: str) -> None:
    fan_out(uuid.UUID(request_id))
    wake_due_devices()


@app.task(name="commands.sweep_requests")
def sweep_requests() -> None:
    """Requests whose nudge was lost, or whose worker died half way."""
    left = CommandRequest.objects.filter(fanned_out_at__isnull=True, created_at__lt=timezone.now() - GRACE)
    for request_id in left.order_by("created_at").values_list("pk", flat=True)[:SWEEP_SLICE]:
        fan_out_request.apply_async((str(request_id),), expires=SWEEP_SECONDS)


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
