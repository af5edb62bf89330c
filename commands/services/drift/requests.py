"""Asking devices at once what they have, because somebody wants to know."""

import uuid
from collections.abc import Sequence

from django.db import transaction

from commands.models import CommandRequest, CommandStatus
from commands.models.status import DELIVERABLE
from commands.nudges import nudge_fan_out
from commands.services.converges.goals import refusal_of
from commands.services.drift.asking import ask
from commands.services.drift.candidates import COMMAND
from config.api.errors import BadRequest
from devices.models import Device
from tenants.actors import Actor
from tenants.models import Tenant


@transaction.atomic
def ask_device(*, device: Device, actor: Actor) -> CommandRequest | None:
    """None if it has such a question waiting. BadRequest if it cannot be asked."""
    if refusal := refusal_of(device):
        raise BadRequest(refusal)
    return ask_devices(tenant=device.tenant, devices=[device], actor=actor)


@transaction.atomic
def ask_devices(*, tenant: Tenant, devices: Sequence[Device], actor: Actor) -> CommandRequest | None:
    """Those of the tenant's that can be asked and have no such question waiting; None if there are none."""
    ids = [device.pk for device in devices if not refusal_of(device)]
    rows = Device.objects.select_for_update(of=("self",), no_key=True).order_by("pk").filter(tenant=tenant, pk__in=ids)
    locked = set(rows.values_list("pk", flat=True))  # one after the other, so that nobody asks twice
    asked = locked - _waiting(tenant, locked)
    if not asked:
        return None
    request = ask(tenant=tenant, device_ids=sorted(asked), actor=actor)
    nudge_fan_out(request.pk)
    return request


def _waiting(tenant: Tenant, ids: set[uuid.UUID]) -> set[uuid.UUID]:
    """Those that have the question in their queue, or in a request that is still to be handed out."""
    queued = CommandStatus.objects.filter(device__in=ids, state__in=DELIVERABLE, request__command=COMMAND)
    unsent = CommandRequest.objects.filter(
        tenant=tenant, command=COMMAND, fanned_out_at=None, cancelled_at=None, devices__overlap=list(ids)
    )
    named = {each for devices in unsent.values_list("devices", flat=True) for each in devices}
    return set(queued.values_list("device_id", flat=True)) | named
