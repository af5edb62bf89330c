"""Ending the holds of installations whose licence is there, or will not come."""

import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from apps_domain.models import VppAssignment
from commands.catalogue import CATALOGUE
from commands.models import CommandStatus, LicenceHold
from commands.models.status import State
from commands.services.wakes import wake

SLICE = 1000
NO_SERIAL = "The device has told no serial number, to which a licence could be assigned."
NO_LICENCE = "No licence available: the tenant has none of this app."
Outcome = VppAssignment | None
PENDING = (VppAssignment.State.WANTED, VppAssignment.State.SENT)


def release_holds() -> int:
    """How many holds ended. Safe beside another worker, and beside whoever cancels the commands."""
    ended, after = 0, uuid.UUID(int=0)
    while True:
        last, count = _release_slice(after)
        ended += count
        if last is None:
            return ended
        after = last


@transaction.atomic
def _release_slice(after: uuid.UUID) -> tuple[uuid.UUID | None, int]:
    """The last hold that was looked at, None at the end, and how many ended."""
    rows = LicenceHold.objects.filter(pk__gt=after).order_by("pk")[:SLICE]
    holds = list(rows.select_for_update(skip_locked=True, of=("self",)))
    if not holds:
        return None, 0
    outcomes = _outcomes(holds)
    due = [hold for hold in holds if not _is_pending(outcomes.get(_key(hold)))]
    licensed = [hold.pk for hold in due if _is_assigned(outcomes.get(_key(hold)))]
    _let_go(licensed)
    for reason, ids in _by_reason(due, outcomes).items():
        _fail(ids, reason)
    over = CommandStatus.objects.filter(pk__in=[hold.pk for hold in holds]).exclude(state=State.QUEUED)
    gone = {*(hold.pk for hold in due), *over.values_list("pk", flat=True)}
    LicenceHold.objects.filter(pk__in=gone).delete()
    return holds[-1].pk, len(gone)


def _key(hold: LicenceHold) -> tuple[uuid.UUID, str, str]:
    return hold.tenant_id, hold.serial, hold.adam_id


def _outcomes(holds: list[LicenceHold]) -> dict[tuple[uuid.UUID, str, str], VppAssignment]:
    """The best that became of each wish: several locations may have the app."""
    rows = VppAssignment.objects.filter(
        tenant_id__in={hold.tenant_id for hold in holds},
        serial__in={hold.serial for hold in holds if hold.serial},
        adam_id__in={hold.adam_id for hold in holds},
    )
    found: dict[tuple[uuid.UUID, str, str], VppAssignment] = {}
    for row in rows:
        key = (row.tenant_id, row.serial, row.adam_id)
        if key not in found or _rank(row) < _rank(found[key]):
            found[key] = row
    return found


def _rank(row: VppAssignment) -> int:
    return 0 if _is_assigned(row) else 1 if _is_pending(row) else 2


def _is_pending(outcome: Outcome) -> bool:
    return outcome is not None and outcome.state in PENDING


def _is_assigned(outcome: Outcome) -> bool:
    return outcome is not None and outcome.state == VppAssignment.State.ASSIGNED


def _let_go(ids: list[uuid.UUID]) -> None:
    now = timezone.now()
    rows = CommandStatus.objects.filter(pk__in=ids, state=State.QUEUED)
    devices = list(rows.values_list("device_id", flat=True))
    rows.update(not_before=now, reason="", updated_at=now)
    wake(devices, skip_busy=True)


def _by_reason(
    due: Iterable[LicenceHold], outcomes: dict[tuple[uuid.UUID, str, str], VppAssignment]
) -> dict[str, list[uuid.UUID]]:
    found: dict[str, list[uuid.UUID]] = defaultdict(list)
    for hold in due:
        outcome = outcomes.get(_key(hold))
        if not _is_assigned(outcome):
            reason = outcome.reason if outcome is not None else NO_LICENCE if hold.serial else NO_SERIAL
            found[reason or NO_LICENCE].append(hold.pk)
    return found


def _fail(ids: list[uuid.UUID], reason: str) -> None:
    locked = CommandStatus.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids, state=State.QUEUED)
    rows = list(locked.order_by("pk").values_list("pk", "device_id", "request__command"))
    now = timezone.now()
    CommandStatus.objects.filter(pk__in=[pk for pk, _, _ in rows]).update(
        state=State.FAILURE, reason=reason, updated_at=now
    )
    for command in {command for _, _, command in rows}:
        CATALOGUE[command].on_unsuccessful([device_id for _, device_id, name in rows if name == command])
