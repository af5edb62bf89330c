"""Asking for licences and giving them back: rows that tell what is wanted; `licence_sending` asks Apple.

A row that a worker may just be asking about (`attempts`) is never simply deleted or taken for done.
"""

import uuid
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps_domain.models import VppAssignment, VppEvent, VppLocation
from apps_domain.nudges import nudge_sending
from apps_domain.selectors.licences import usable_locations
from apps_domain.services.licence_offers import STANDARD, Offers, offers_of, offers_of_unread, place

State = VppAssignment.State
KEPT = frozenset({State.ASSIGNED, State.SENT, State.WANTED})


@transaction.atomic
def request_licences(*, tenant_id: uuid.UUID, adam_id: str, serials: Sequence[str]) -> None:
    """Has Apple assign the app to these devices. Those that have a licence, or for which one is asked for, stay.

    How it goes on is told by `assignment_of`. Without any VPP token in the tenant nothing is written.
    """
    offers = offers_of(tenant_id=tenant_id, adam_id=adam_id)
    held = _rows_by_serial(tenant_id, adam_id, serials)
    missing: list[str] = []
    for serial in dict.fromkeys(serials):
        rows = held.get(serial, [])
        if not any(row.state in KEPT for row in rows) and not _taken_back(rows):
            missing.append(serial)
    _want(tenant_id, adam_id, missing, offers)
    nudge_sending()


@transaction.atomic
def release_licences(*, tenant_id: uuid.UUID, serial: str, adam_id: str | None = None) -> None:
    """Gives a device's licences back: of one app, or of all. Safe to run twice."""
    rows = VppAssignment.objects.filter(tenant_id=tenant_id, serial=serial).exclude(serial="")
    if adam_id is not None:
        rows = rows.filter(adam_id=adam_id)
    list(rows.select_for_update().order_by("id").values_list("pk"))
    now = timezone.now()
    rows.filter(state=State.FAILED).delete()
    wanted = rows.filter(state=State.WANTED)
    wanted.filter(attempts=0, event__isnull=True).delete()  # Apple never heard of it
    wanted.filter(attempts=0, event__kind=VppEvent.Kind.DISASSOCIATE).update(state=State.RELEASING, updated_at=now)
    unwanted = {"state": State.UNWANTED, "updated_at": now, "reason": ""}
    rows.filter(state=State.ASSIGNED).update(**unwanted, not_before=now, attempts=0)
    rows.filter(state__in=[State.WANTED, State.SENT]).update(**unwanted, attempts=1)  # once the worker is done asking
    nudge_sending()


def _rows_by_serial(tenant_id: uuid.UUID, adam_id: str, serials: Iterable[str]) -> dict[str, list[VppAssignment]]:
    rows = VppAssignment.objects.filter(tenant_id=tenant_id, adam_id=adam_id, serial__in=list(serials))
    found: dict[str, list[VppAssignment]] = {}
    for row in rows.select_for_update(of=("self",)).order_by("id"):
        found.setdefault(row.serial, []).append(row)
    return found


def _taken_back(rows: list[VppAssignment]) -> bool:
    """Whether a licence that was to be given back is kept after all."""
    for row in rows:
        if row.state == State.UNWANTED and not row.attempts and row.event_id is None:
            return bool(_of(row).update(state=State.ASSIGNED, updated_at=timezone.now()))
        if row.state in (State.UNWANTED, State.RELEASING):  # Apple may be taking it: asked for again after that
            now = timezone.now()
            return bool(_of(row).update(state=State.WANTED, attempts=0, not_before=now, updated_at=now))
    return False


def _of(row: VppAssignment) -> QuerySet[VppAssignment]:
    return VppAssignment.objects.filter(pk=row.pk, state=row.state)


def _want(tenant_id: uuid.UUID, adam_id: str, serials: list[str], offers: Offers) -> None:
    """New rows, in place of those that failed."""
    home = _home(tenant_id) if serials else None
    if home is None:
        return
    if not offers.found and not offers.refusal and home.synced_at is None and not home.problem:
        offers = offers_of_unread(home.pk)
    rows = [VppAssignment(tenant_id=tenant_id, adam_id=adam_id, serial=serial) for serial in serials]
    for row in rows:
        row.location_id, row.pricing_param = home.pk, STANDARD
        place(row, offers)
        if row.state == State.FAILED and home.problem:
            row.reason = f"No licence available: {home.problem}"[:255]
    failed = VppAssignment.objects.filter(tenant_id=tenant_id, adam_id=adam_id, state=State.FAILED)
    failed.filter(serial__in=serials).delete()
    VppAssignment.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


def _home(tenant_id: uuid.UUID) -> VppLocation | None:
    """The location that says no, where none offers anything: one that works, rather one that was not read yet."""
    usable = usable_locations(tenant_id)
    return (
        usable.filter(synced_at__isnull=True).first()
        or usable.first()
        or VppLocation.objects.filter(tenant_id=tenant_id).order_by("created_at", "id").first()
    )
