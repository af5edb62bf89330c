"""Letting a device go on in its set-up assistant because somebody says so."""

from django.db import transaction
from django.db.models import Exists
from django.utils import timezone

from commands.models import AppleEnrolment
from commands.nudges import nudge_fan_out
from commands.services.set_up.releasing import tell
from commands.services.set_up.waiting import FIRST_PAUSE, open_releases, waiting
from config.api.errors import BadRequest
from devices.models import Device
from tenants.actors import Actor


@transaction.atomic
def release_device(*, device: Device, actor: Actor) -> bool:
    """Whatever it waits for. False if it is told already, and was only woken again. BadRequest if it does not wait."""
    mine = waiting().filter(device=device).select_for_update(of=("self",), no_key=True)
    found = mine.annotate(is_told=Exists(open_releases())).values_list("is_told", "release_sent_at").first()
    if found is None:
        raise BadRequest(f"{device} does not wait in its set-up assistant.")
    is_told, sent_at = found
    now = timezone.now()
    if is_told or (sent_at and sent_at > now - FIRST_PAUSE):
        AppleEnrolment.objects.filter(device=device, channel=AppleEnrolment.Channel.DEVICE).update(wake_at=now)
        return False
    nudge_fan_out(tell(device.tenant, [device.pk], actor).pk)
    return True
