"""Asking Apple for what the rows say is wanted, and giving back what is not, in batches of one app each.

A batch is claimed, Apple is asked outside of any transaction, and the event that Apple names is stored together with
the rows' new state. A worker that dies in between leaves rows whose claim runs out: asking twice does no harm.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from apps_domain.clients.apple_vpp import Library
from apps_domain.clients.vpp_errors import Kind, VppError
from apps_domain.models import VppAssignment, VppEvent, VppLocation
from apps_domain.selectors.licences import USABLE
from apps_domain.services import licence_judging as judging
from apps_domain.services.licence_access import TokenChanged, apple_limits, at_apple, forget_limits
from apps_domain.services.licence_offers import Offers, offers_of, place

log = structlog.get_logger(__name__)

State = VppAssignment.State
Event = VppEvent.Kind
CLAIM = dt.timedelta(minutes=5)  # longer than any call to Apple lasts
FIRST_CHECK = dt.timedelta(seconds=5)
MOST_ATTEMPTS = 40  # with the waits below: about a day and a half
FIRST_WAIT = dt.timedelta(seconds=30)  # after trouble at Apple
LONGEST_WAIT = dt.timedelta(hours=1)
MOST_BATCHES = 200  # of one task
MOST_PARTS = 256  # that a request is cut into to find what Apple does not like about it
DEFAULT_LIMIT = 100  # devices of a request, if Apple did not say


@dataclass(frozen=True)
class Batch:
    """Of one app, all to be assigned or all to be given back."""

    location: VppLocation
    kind: str
    adam_id: str
    pricing_param: str
    rows: list[VppAssignment]

    @property
    def serials(self) -> list[str]:
        return [row.serial for row in self.rows]

    @property
    def before(self) -> str:
        return State.WANTED if self.kind == Event.ASSOCIATE else State.UNWANTED

    @property
    def after(self) -> str:
        return State.SENT if self.kind == Event.ASSOCIATE else State.RELEASING

    def claimed(self) -> QuerySet[VppAssignment]:
        """Its rows that nobody has changed since."""
        return VppAssignment.objects.filter(pk__in=[row.pk for row in self.rows], state=self.before)


def locations_to_send() -> list[uuid.UUID]:
    rows = _sendable().filter(location__needs_token=False, location__problem="", location__synced_at__isnull=False)
    return list(rows.order_by().values_list("location_id", flat=True).distinct()[:100])


def send_licences(location_id: uuid.UUID) -> int:
    """Everything that is to be sent for a location; how many requests Apple took."""
    location = VppLocation.objects.filter(USABLE, pk=location_id, synced_at__isnull=False).first()
    if location is None or not _sendable().filter(location=location).exists():
        return 0
    taken = 0
    try:
        with at_apple(location) as library:
            for _ in range(MOST_BATCHES):
                batch = _claim_batch(location)
                if batch is None:
                    break
                taken += _send(library, batch)
    except TokenChanged:
        return taken
    except VppError as error:
        log.warning("vpp_sending_stopped", location=str(location_id), kind=error.kind, number=error.number)
        if error.retryable:
            _pause(location, error)
    return taken


def _pause(location: VppLocation, error: VppError) -> None:
    """Nothing at all is asked for this location until then."""
    until = timezone.now() + max(FIRST_WAIT, dt.timedelta(seconds=error.retry_after or 0))
    _sendable().filter(location=location).update(not_before=until)


def _sendable() -> QuerySet[VppAssignment]:
    return VppAssignment.objects.filter(
        state__in=[State.WANTED, State.UNWANTED], event__isnull=True, not_before__lte=timezone.now()
    ).exclude(serial="")


@transaction.atomic
def _claim_batch(location: VppLocation) -> Batch | None:
    """The rows that wait longest, and all others of the same app, as many as Apple takes at once."""
    while (first := _sendable().filter(location=location).order_by("not_before").first()) is not None:
        most = apple_limits().most("maxSerialNumbers", DEFAULT_LIMIT)
        wanted = first.state == State.WANTED
        offers = offers_of(tenant_id=location.tenant_id, adam_id=first.adam_id) if wanted else None
        same = _sendable().filter(
            location=location, state=first.state, adam_id=first.adam_id, pricing_param=first.pricing_param
        )
        rows = list(same.select_for_update(of=("self",), skip_locked=True).order_by("not_before", "id")[:most])
        if not rows:
            return None
        rows = rows if offers is None else _affordable(location, rows, offers)
        if rows:
            _note_attempt(rows)
            return Batch(
                location, Event.ASSOCIATE if wanted else Event.DISASSOCIATE, first.adam_id, first.pricing_param, rows
            )
    return None


def _affordable(location: VppLocation, rows: list[VppAssignment], offers: Offers) -> list[VppAssignment]:
    """Those that there are licences for here; the others go elsewhere, or fail, without Apple being asked."""
    here = next((o for o in offers.found if (o.location_id, o.pricing_param) == _place_of(rows[0])), None)
    short = max(-here.free, 0) if here is not None else len(rows)  # all wanted ones count as taken
    keep = rows[: max(len(rows) - short, 0)]
    for row in rows[len(keep) :]:
        place(row, offers, but=location.pk)
        _move(row)
    return keep


def _place_of(row: VppAssignment) -> tuple[uuid.UUID, str]:
    return row.location_id, row.pricing_param


def _move(row: VppAssignment) -> None:
    """To where `place` put it; if there is such a row already, that one counts."""
    there = VppAssignment.objects.filter(
        location_id=row.location_id,
        adam_id=row.adam_id,
        pricing_param=row.pricing_param,
        serial=row.serial,
        client_user_id="",
    ).exclude(pk=row.pk)
    if there.exists():
        VppAssignment.objects.filter(pk=row.pk).delete()
        return
    row.save(update_fields=["location", "pricing_param", "state", "reason", "attempts", "not_before", "updated_at"])


def _note_attempt(rows: list[VppAssignment]) -> None:
    claimed = VppAssignment.objects.filter(pk__in=[row.pk for row in rows])
    claimed.update(attempts=F("attempts") + 1, not_before=timezone.now() + CLAIM)
    for row in rows:
        row.attempts += 1


def _send(library: Library, batch: Batch, *, parts: int = MOST_PARTS) -> bool:
    """Whether Apple took it. Raises VppError when nothing more can be sent for now."""
    ask = library.associate if batch.kind == Event.ASSOCIATE else library.disassociate
    try:
        event_id = ask(adam_id=batch.adam_id, pricing_param=batch.pricing_param, serials=batch.serials)
    except VppError as error:
        _refused(library, batch, error, parts)
        return False
    _note_event(batch, event_id)
    return True


@transaction.atomic
def _note_event(batch: Batch, event_id: str) -> None:
    """Rows that changed their mind meanwhile wait for the event too, before Apple is asked for the contrary."""
    now = timezone.now()
    event, _ = VppEvent.objects.get_or_create(
        location=batch.location, event_id=event_id, defaults={"kind": batch.kind, "check_at": now + FIRST_CHECK}
    )
    batch.claimed().update(state=batch.after, event=event, updated_at=now)
    contrary = State.UNWANTED if batch.kind == Event.ASSOCIATE else State.WANTED
    ids = [row.pk for row in batch.rows]
    VppAssignment.objects.filter(pk__in=ids, state=contrary, event__isnull=True).update(event=event, updated_at=now)


def _refused(library: Library, batch: Batch, error: VppError, parts: int) -> None:
    log.warning(
        "vpp_request_refused", location=str(batch.location.pk), what=batch.kind, adam_id=batch.adam_id,
        rows=len(batch.rows), kind=error.kind, number=error.number, reason=error.message,
    )  # fmt: skip
    if error.kind in (Kind.TOKEN, Kind.FOREIGN):
        _try_again(batch.rows, dt.timedelta())
        raise error
    if error.retryable:
        _try_again(batch.rows, dt.timedelta(seconds=error.retry_after or 0))
        raise error
    if error.kind is Kind.LIMIT:
        forget_limits()
    if len(batch.rows) > 1 and parts > 1 and error.kind in (Kind.LIMIT, Kind.OURS):
        return _split(library, batch, parts // 2)
    return judging.judge(library, batch.location, batch.kind, batch.rows, {"": error})


def _split(library: Library, batch: Batch, parts: int) -> None:
    """What Apple refuses whole may be refused for the sake of one device, or because it is too much."""
    middle = len(batch.rows) // 2
    for half in (batch.rows[:middle], batch.rows[middle:]):
        _send(library, replace(batch, rows=half), parts=parts)


@transaction.atomic
def _try_again(rows: Iterable[VppAssignment], at_least: dt.timedelta) -> None:
    """Later and later; after MOST_ATTEMPTS no more."""
    for row in rows:
        wait = max(min(FIRST_WAIT * 2 ** min(row.attempts - 1, 10), LONGEST_WAIT), at_least)
        mine = VppAssignment.objects.filter(pk=row.pk, state=row.state, event__isnull=True)
        mine.update(not_before=timezone.now() + wait, updated_at=timezone.now())
        if row.attempts >= MOST_ATTEMPTS and row.state == State.WANTED:
            mine.update(state=State.FAILED, reason="No licence available: Apple's service did not answer for a day.")
