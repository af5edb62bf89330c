"""From one request to a row per device: in slices, safe to be killed anywhere and run again."""

import uuid

from django.db import transaction
from django.utils import timezone

from commands.models import CommandRequest
from commands.services.preparation import prepare_request
from commands.services.slots import start_schedule
from commands.services.stages import stage_of
from commands.services.targets import queue_slice
from commands.services.wakes import wake


def fan_out(request_id: uuid.UUID) -> None:
    """Makes what is missing. Quietly done if the request is gone, cancelled, not ready or has it all."""
    request = CommandRequest.objects.filter(pk=request_id, fanned_out_at=None, cancelled_at=None).first()
    if request is None or not prepare_request(request):
        return
    if request.schedule != CommandRequest.Schedule.IMMEDIATE:
        start_schedule(request.pk)
        return
    more = True
    while more:
        more = _fan_out_slice(request.pk)


@transaction.atomic
def _fan_out_slice(request_id: uuid.UUID) -> bool:
    """One slice and the cursor after it, in one short transaction; False when it was the last."""
    row = (
        CommandRequest.objects.select_for_update(of=("self",))
        .select_related("tenant")
        .filter(pk=request_id, fanned_out_at=None, cancelled_at=None)
        .first()
    )
    if row is None:  # another worker was faster, or somebody cancelled it
        return False
    done = queue_slice(row, after=row.fan_out_cursor)
    wake(done.ready)
    if done.last_id is not None:
        row.fan_out_cursor = done.last_id
        row.save(update_fields=["fan_out_cursor"])
        return True
    row.fanned_out_at = timezone.now()
    row.reason = stage_of(row)
    row.save(update_fields=["fanned_out_at", "reason"])
    return False
