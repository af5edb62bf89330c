"""How the requests went that Apple took for later. It tells by notification; where none comes, it is asked."""

import datetime as dt
import uuid

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps_domain.clients.vpp_answers import EventStatus, Failure
from apps_domain.clients.vpp_errors import Kind, VppError
from apps_domain.models import VppEvent, VppLocation
from apps_domain.services.licence_access import TokenChanged, at_apple
from apps_domain.services.licence_judging import Whys, judge, settle

log = structlog.get_logger(__name__)

LONGEST_WAIT = dt.timedelta(minutes=15)
MOST_CHECKS = 60  # about half a day; then it is judged by Apple's list
KEPT_DAYS = 30
SILENCE = Failure(number=None, message="Apple never said how it went.", kind=Kind.THEIRS, serials=frozenset())


def due_events() -> list[uuid.UUID]:
    rows = VppEvent.objects.filter(state=VppEvent.State.PENDING, check_at__lte=timezone.now())
    working = Q(location__needs_token=False, location__problem="")
    return list(rows.filter(working).order_by("check_at").values_list("pk", flat=True)[:500])


def check_event(event_id: uuid.UUID) -> bool:
    """Whether it is over now."""
    event = _claim(event_id)
    if event is None:
        return False
    try:
        with at_apple(event.location) as library:
            try:
                status = library.event_status(event.event_id)
            except VppError as error:
                if error.kind is not Kind.EVENT:
                    raise
                status = EventStatus("FAILED", [SILENCE])  # Apple knows nothing of it any more
            if status.state == "COMPLETE":
                finish_event(event)
                return True
            if status.state == "PENDING" and event.checks < MOST_CHECKS:
                return False
            failures = status.failures or [SILENCE]
            rows = list(event.assignments.all())
            judge(library, event.location, event.kind, rows, _whys(failures))
    except (VppError, TokenChanged) as error:
        log.warning("vpp_event_not_checked", vpp_event=event.event_id, reason=str(error))
        if isinstance(error, VppError) and error.retry_after:
            _pause(event.location, error.retry_after)
        return False
    _fail(event, failures[0])
    return True


def _pause(location: VppLocation, seconds: int) -> None:
    """Apple said when to come back."""
    until = timezone.now() + dt.timedelta(seconds=seconds)
    VppEvent.objects.filter(location=location, state=VppEvent.State.PENDING, check_at__lt=until).update(check_at=until)


def _claim(event_id: uuid.UUID) -> VppEvent | None:
    """Asked about again later, whatever becomes of this worker."""
    event = VppEvent.objects.select_related("location").filter(pk=event_id, state=VppEvent.State.PENDING).first()
    if event is None or event.check_at is None or event.check_at > timezone.now():
        return None
    wait = min(dt.timedelta(seconds=5 * 2 ** min(event.checks + 1, 10)), LONGEST_WAIT)
    mine = VppEvent.objects.filter(pk=event.pk, checks=event.checks, state=VppEvent.State.PENDING)
    if not mine.update(checks=event.checks + 1, check_at=timezone.now() + wait):
        return None
    event.checks += 1
    return event


def _whys(failures: list[Failure]) -> Whys:
    """What is said of some devices, and what of all others."""
    whys: dict[str, Failure] = {serial: each for each in failures for serial in each.serials}
    return {**whys, "": failures[0]}


@transaction.atomic
def finish_event(event: VppEvent) -> None:
    """All of it was done."""
    if not _end(event, VppEvent.State.COMPLETE):
        return
    rows = list(event.assignments.all())
    held = {row.serial for row in rows} if event.kind == VppEvent.Kind.ASSOCIATE else set()
    settle(event.location, event.kind, rows, held)


@transaction.atomic
def _fail(event: VppEvent, failure: Failure) -> None:
    if not _end(event, VppEvent.State.FAILED, failure.message):
        return
    log.warning("vpp_event_failed", vpp_event=event.event_id, number=failure.number, reason=failure.message)
    if failure.kind is Kind.STOCK:  # our counts are not Apple's
        VppLocation.objects.filter(pk=event.location_id).update(sync_due_at=timezone.now())


def _end(event: VppEvent, state: str, reason: str = "") -> bool:
    ended = VppEvent.objects.filter(pk=event.pk, state=VppEvent.State.PENDING)
    return bool(ended.update(state=state, reason=reason[:255], check_at=None, ended_at=timezone.now()))


def end_if_settled(event: VppEvent) -> None:
    """Once notifications have told of every device, nothing is left to ask about."""
    if not event.assignments.exists():
        _end(event, VppEvent.State.COMPLETE)


def drop_old_events() -> int:
    limit = timezone.now() - dt.timedelta(days=KEPT_DAYS)
    return VppEvent.objects.filter(ended_at__lt=limit).delete()[0]
