"""Letting devices go on in their set-up assistant: when their first converge is done, or takes too long.

Tasks import this module, so it publishes none: `requests` nudges what people ask for, the task what beat finds.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence

import structlog
from django.db import transaction
from django.utils import timezone

from commands.apple.set_up import CARRIER, RELEASE
from commands.models import AppleEnrolment, CommandRequest
from commands.services.set_up.waiting import due_for_release
from tenants import audit
from tenants.actors import SYSTEM, Actor
from tenants.models import Tenant

log = structlog.get_logger(__name__)

RELEASER = Actor(SYSTEM.kind, "set-up assistant")
SLICE = 500


def release_waiting() -> list[uuid.UUID]:
    """Tells those that may go on; the requests. Of two at once, each device is told by one."""
    requests: list[uuid.UUID] = []
    while found := _release_slice():
        requests += found
    return requests


@transaction.atomic
def _release_slice() -> list[uuid.UUID]:
    due = due_for_release().select_for_update(of=("self",), no_key=True, skip_locked=True).order_by("enabled_at", "pk")
    devices: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for tenant_id, device_id in due.values_list("tenant", "device")[:SLICE]:
        devices[tenant_id].append(device_id)
    tenants = Tenant.objects.in_bulk(list(devices))
    return [tell(tenants[pk], ids, RELEASER).pk for pk, ids in devices.items()]


def tell(tenant: Tenant, device_ids: Sequence[uuid.UUID], actor: Actor) -> CommandRequest:
    """An internal request for these devices; whoever calls holds their enrolments' rows, and has it fanned out."""
    request = CommandRequest.objects.create(
        tenant=tenant,
        command=CARRIER,
        command_args={RELEASE: True},
        command_type=CommandRequest.CommandType.DEVICE,
        devices=list(device_ids),
        time_zone=tenant.time_zone,
        is_internal=True,
        created_by=actor.name,
    )
    now = timezone.now()
    mine = AppleEnrolment.objects.filter(device__in=device_ids, channel=AppleEnrolment.Channel.DEVICE)
    mine.update(release_sent_at=now, updated_at=now)
    details = {"command": "DeviceConfigured", "devices": len(device_ids)}
    audit.record(actor=actor, action="command_request.created", subject=request, details=details)
    log.info("devices_released", tenant=str(tenant.pk), devices=[str(each) for each in device_ids], by=actor.name)
    return request
