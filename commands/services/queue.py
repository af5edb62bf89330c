"""The life of queue rows apart from the channels' hot path: cancel one, clear a device's."""

from django.db import transaction
from django.utils import timezone

from commands.catalogue import CATALOGUE
from commands.models import CommandStatus
from commands.models.status import CANCELLABLE, OPEN, State
from config.api.errors import BadRequest
from devices.models import Device
from tenants import audit
from tenants.actors import Actor


@transaction.atomic
def cancel_command_status(*, status: CommandStatus, actor: Actor) -> CommandStatus:
    """Only while Queued or Scheduled; cancelling again changes nothing; anything else is a BadRequest."""
    row = CommandStatus.objects.select_for_update(of=("self",)).select_related("request").get(pk=status.pk)
    if row.state == State.CANCELLED:
        return row
    if row.state not in CANCELLABLE:
        raise BadRequest(f"Only a queued or scheduled command can be cancelled; this one is in {row.state!r}.")
    row.state = State.CANCELLED
    row.reason = f"Cancelled by {actor.name}"
    row.updated_at = timezone.now()
    row.save(update_fields=["state", "reason", "updated_at"])
    CATALOGUE[row.request.command].on_unsuccessful([row.device_id])
    audit.record(actor=actor, action="command_status.cancelled", subject=row, details={"command": row.request.command})
    return row


@transaction.atomic
def clear_queue(*, device: Device, reason: str) -> int:
    """Ends everything that is still open for a device: it was enrolled anew, or removed. How many rows."""
    rows = list(
        CommandStatus.objects.select_for_update(of=("self",))
        .filter(device=device, state__in=OPEN)
        .values_list("pk", "request__command", "state")
    )
    undelivered = [pk for pk, _, state in rows if state in CANCELLABLE]
    # What the device was given cannot be cancelled any more: it may have been done.
    delivered = [pk for pk, _, state in rows if state not in CANCELLABLE]
    ended = {"reason": reason, "updated_at": timezone.now(), "attempts": 0, "not_now_at": None}
    CommandStatus.objects.filter(pk__in=undelivered).update(state=State.CANCELLED, **ended)
    CommandStatus.objects.filter(pk__in=delivered).update(state=State.FAILURE, **ended)
    for command in {command for _, command, _ in rows}:
        CATALOGUE[command].on_unsuccessful([device.pk])
    return len(rows)
