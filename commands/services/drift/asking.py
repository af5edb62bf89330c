"""Asking devices what they have, so that what is compared is their own word and not an old one.

Tasks import this module, so it publishes none: `requests` and the views nudge what they ask for, beat the rest.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from commands.models import CommandRequest
from commands.services.drift.candidates import COMMAND, silent_devices
from devices.services.inventory import note_asked
from tenants import audit
from tenants.actors import SYSTEM, Actor
from tenants.models import Tenant

SLICE = 500  # devices that are asked at once: spread, for a fleet that was enrolled in one hour
LOCK = "commands.drift.asking"


@transaction.atomic
def ask_silent_devices() -> list[uuid.UUID]:
    """Those with a blueprint whose word is older than DRIFT_REFRESH_HOURS; the requests, one for each tenant.

    A device that does not answer is asked again after as many hours, and never while it has a question waiting.
    """
    if not settings.DRIFT_REFRESH_HOURS or not _alone():
        return []
    before = timezone.now() - dt.timedelta(hours=settings.DRIFT_REFRESH_HOURS)
    devices: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for tenant_id, device_id in silent_devices(SLICE, before=before):
        devices[tenant_id].append(device_id)
    tenants = Tenant.objects.in_bulk(list(devices))
    return [ask(tenant=tenants[pk], device_ids=ids, actor=SYSTEM).pk for pk, ids in devices.items()]


@transaction.atomic
def ask(*, tenant: Tenant, device_ids: Sequence[uuid.UUID], actor: Actor) -> CommandRequest:
    """An internal request for these devices of the tenant; whoever calls has it fanned out."""
    request = CommandRequest.objects.create(
        tenant=tenant,
        command=COMMAND,
        command_type=CommandRequest.CommandType.DEVICE,
        devices=list(device_ids),
        device_type=CommandRequest.DeviceType.ALL,
        time_zone=tenant.time_zone,
        is_internal=True,
        created_by=actor.name,
    )
    note_asked(device_ids)
    details = {"command": COMMAND, "devices": len(device_ids)}
    audit.record(actor=actor, action="command_request.created", subject=request, details=details)
    return request


def _alone() -> bool:
    """For the rest of the transaction: two workers would ask the same devices."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
        return bool(cursor.fetchone()[0])
