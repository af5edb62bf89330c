"""What has become of requests to Apple: by its word, or, where it said no, by what it then has on its list."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps_domain.clients.apple_vpp import Library
from apps_domain.clients.vpp_answers import Failure
from apps_domain.clients.vpp_errors import Kind, VppError
from apps_domain.models import VppAssignment, VppEvent, VppLocation
from apps_domain.services.licence_offers import lock_licences
from apps_domain.services.licence_tables import count_licences

State = VppAssignment.State
FEW = 20  # devices that are asked about one by one
MOST_PAGES = 10_000
SECOND_TRY = dt.timedelta(seconds=20)
Why = VppError | Failure
Whys = Mapping[str, Why]  # by serial number; "" for the rest


def judge(library: Library, location: VppLocation, kind: str, rows: Sequence[VppAssignment], whys: Whys) -> None:
    """Reads who has the app at Apple, and goes by that. Raises VppError if it cannot be read."""
    if rows:
        holders = _holders(library, rows)
        settle(location, kind, rows, {row.serial for row in rows if row.serial in holders}, whys)


def _holders(library: Library, rows: Sequence[VppAssignment]) -> set[str]:
    adam_id, pricing = rows[0].adam_id, rows[0].pricing_param
    asked = [row.serial for row in rows] if len(rows) <= FEW else [""]
    held: set[str] = set()
    for serial in asked:
        index: int | None = 0
        for _ in range(MOST_PAGES):
            if index is None:
                break
            page = library.assignments(index, adam_id=adam_id, serial=serial)
            held |= {each.serial for each in page.items if (each.adam_id, each.pricing_param) == (adam_id, pricing)}
            index = page.next_index
    return held


@transaction.atomic
def settle(
    location: VppLocation, kind: str, rows: Iterable[VppAssignment], held: Collection[str], whys: Whys | None = None
) -> None:
    """Each row as it is now: `held` are the serial numbers that have the app."""
    told = list(rows)
    ids, adam_ids = [row.pk for row in told], {row.adam_id for row in told}
    now = timezone.now()
    lock_licences(location.tenant_id, adam_ids)
    locked = list(VppAssignment.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("id"))
    for row in locked:
        _settle_one(row, kind, row.serial in held, (whys or {}).get(row.serial) or (whys or {}).get(""), now)
    count_licences(location, adam_ids)


def _settle_one(row: VppAssignment, kind: str, held: bool, why: Why | None, now: dt.datetime) -> None:
    """Rows that no request is about any more stay as they are."""
    mine = VppAssignment.objects.filter(pk=row.pk)
    giving_back = kind == VppEvent.Kind.DISASSOCIATE
    if row.state in (State.SENT, State.WANTED):
        if held:
            _become(mine, State.ASSIGNED, now)
        elif giving_back:  # done, and the device is to have it again
            mine.update(event=None, not_before=now, updated_at=now)
        else:
            _refuse(mine, row, why, now)
    elif row.state in (State.RELEASING, State.UNWANTED):
        if not held:
            mine.delete()
        elif giving_back and why is not None:
            _become(mine, State.ASSIGNED, now, f"It could not be given back: {why.message}")
        else:  # assigned only now, and nobody wants it any more
            mine.update(event=None, state=State.UNWANTED, attempts=0, not_before=now, updated_at=now)


def _refuse(mine: QuerySet[VppAssignment], row: VppAssignment, why: Why | None, now: dt.datetime) -> None:
    """One more try if licences were short: others may have taken some of those that we counted on."""
    if why is not None and why.kind is Kind.STOCK and row.attempts < 2 and row.event_id is not None:
        mine.update(state=State.WANTED, event=None, not_before=now + SECOND_TRY, updated_at=now)
        return
    _become(mine, State.FAILED, now, reason_of(why))


def _become(mine: QuerySet[VppAssignment], state: str, now: dt.datetime, reason: str = "") -> None:
    mine.update(state=state, event=None, reason=reason[:255], attempts=0, updated_at=now)


def reason_of(why: Why | None) -> str:
    if why is None:
        return "Apple did not assign a licence, and gave no reason."
    if why.kind is Kind.STOCK:
        return "No licence available: all of them are in use. Buy more in Apple Business Manager."
    if why.kind is Kind.NOT_ALLOWED:
        return f"No licence available: Apple does not allow it ({why.message})"
    number = f" ({why.number})" if why.number else ""
    return f"Apple did not assign a licence: {why.message}{number}"
