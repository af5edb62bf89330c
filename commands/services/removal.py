"""Taking a device out of management."""

from django.db import transaction
from django.utils import timezone

from apps_domain.services.device_apps import leave_device
from commands.apple.declared import forget_declarations
from commands.services.enrolments import disable_enrolments, lock_enrolments
from commands.services.queue import clear_queue
from config.api.errors import BadRequest
from devices.models import Device, DeviceState
from devices.services.inventory import forget_blueprint
from tenants import audit
from tenants.actors import Actor


@transaction.atomic
def remove_device(*, device: Device, actor: Actor) -> Device:
    """State 20, gone from the default lists, its waiting commands cancelled, never pushed again. Apple only.

    Removing twice changes nothing. Nothing is erased on the device itself: WIPE does that.
    """
    if not device.is_apple:
        raise BadRequest("Only Apple devices can be deleted.")
    lock_enrolments(device.pk)
    clear_queue(device=device, reason="The device was removed.")  # queue rows are locked before the device
    row = Device.objects.select_for_update(of=("self",), no_key=True).select_related("heartbeat").get(pk=device.pk)
    if row.state == DeviceState.DISABLED:
        return row
    disable_enrolments(row.pk)
    leave_device(row)
    forget_blueprint(row.pk)
    forget_declarations(row.pk)
    row.state = DeviceState.DISABLED
    row.updated_by = actor.name
    row.updated_at = timezone.now()
    row.save(update_fields=["state", "updated_by", "updated_at"])
    audit.record(actor=actor, action="device.removed", subject=row, details={"serial": row.serial})
    return row
