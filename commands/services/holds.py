"""Keeping an app's installation back until its licence is there.

The hold, the wish for the licence and the row's delay are written in one transaction, that of the fan-out.
"""

import datetime as dt
import uuid
from collections.abc import Sequence

from django.db.models import QuerySet

from apps_domain.models import VppAssignment
from apps_domain.services.licences import request_licences
from commands.models import CommandRequest, CommandStatus, LicenceHold
from commands.models.status import State

NEVER = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)  # until the hold ends
LONGEST_SERIAL = 64
WAITING = "Waiting for a licence of the app."


def hold_for_licences(request: CommandRequest, adam_id: str, device_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Holds the request's queued rows of these devices that have no licence of the app yet; which devices those are."""
    rows = list(_queued(request, device_ids).values_list("pk", "device_id", "device__serial"))
    serials = sorted({serial for _, _, serial in rows if _is_known(serial)})
    request_licences(tenant_id=request.tenant_id, adam_id=adam_id, serials=serials)
    licensed = _licensed(request.tenant_id, adam_id, serials)
    held = [(pk, device_id, serial) for pk, device_id, serial in rows if serial not in licensed]
    LicenceHold.objects.bulk_create(
        [
            LicenceHold(status_id=pk, tenant_id=request.tenant_id, serial=serial, adam_id=adam_id)
            for pk, _, serial in held
        ],
        ignore_conflicts=True,
    )
    CommandStatus.objects.filter(pk__in=[pk for pk, _, _ in held], state=State.QUEUED).update(
        not_before=NEVER, reason=WAITING
    )
    return {device_id for _, device_id, _ in held}


def _queued(request: CommandRequest, device_ids: Sequence[uuid.UUID]) -> QuerySet[CommandStatus]:
    return CommandStatus.objects.filter(request=request, device_id__in=device_ids, state=State.QUEUED)


def _is_known(serial: str) -> bool:
    return 0 < len(serial) <= LONGEST_SERIAL


def _licensed(tenant_id: uuid.UUID, adam_id: str, serials: Sequence[str]) -> set[str]:
    rows = VppAssignment.objects.filter(tenant_id=tenant_id, adam_id=adam_id, serial__in=serials)
    return set(rows.filter(state=VppAssignment.State.ASSIGNED).values_list("serial", flat=True))
