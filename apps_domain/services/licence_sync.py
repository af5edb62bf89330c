"""Reading what a location has at Apple. May be killed anywhere: what is half read is read again from the start."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from apps_domain.clients.apple_vpp import Library
from apps_domain.clients.vpp_answers import Asset, Assigned, Page
from apps_domain.clients.vpp_errors import Kind, VppError
from apps_domain.models import VppLocation
from apps_domain.services import licence_tables as tables
from apps_domain.services.licence_access import BLOCKING, TokenChanged, at_apple
from apps_domain.services.licence_locations import meet

log = structlog.get_logger(__name__)
T = TypeVar("T")
Keep = Callable[[Page[T], dt.datetime], None]

LEASE = dt.timedelta(minutes=5)  # a worker that has not been heard of for so long is dead
PERIOD = dt.timedelta(hours=6)
RETRY = dt.timedelta(minutes=5)
WALKS = 4  # that the data may change under, before it is left for later
MOST_PAGES = 100_000


class LostClaim(Exception):
    """Another worker has the location, or it is gone."""


def due_locations() -> list[uuid.UUID]:
    return list(VppLocation.objects.filter(_is_due()).order_by("sync_due_at").values_list("pk", flat=True)[:100])


def sync_location(location_id: uuid.UUID) -> bool:
    """Whether it was read: not if it is not due, somebody else is at it, or Apple would not."""
    location = _claim(location_id)
    if location is None:
        return False
    try:
        with at_apple(location) as library:
            met = meet(location, library)
            if met is not None:
                location = met
                _read(location, library)
    except TokenChanged:
        return _put_off(location, dt.timedelta())
    except VppError as error:
        return _fail(location, error)
    except LostClaim:
        return False
    _done(location, read=met is not None)
    return met is not None


def _is_due() -> Q:
    now = timezone.now()
    abandoned = Q(sync_claimed_at__lt=now - LEASE)
    return abandoned | Q(sync_claimed_at=None, sync_due_at__lte=now)


def _claim(location_id: uuid.UUID) -> VppLocation | None:
    """Due again in PERIOD from now: what makes it due meanwhile is seen after this."""
    now = timezone.now()
    rows = VppLocation.objects.filter(pk=location_id)
    if not rows.filter(_is_due()).update(sync_claimed_at=now, sync_due_at=now + PERIOD):
        return None
    return rows.select_related("tenant").filter(sync_claimed_at=now).first()


def _claimed(location: VppLocation) -> QuerySet[VppLocation]:
    """Its row, as long as the claim is ours; by the token, which stays when it turns out to be a known location's."""
    return VppLocation.objects.filter(token=location.token_id, sync_claimed_at=location.sync_claimed_at)


def _go_on(location: VppLocation) -> None:
    """Renews the claim; LostClaim if it is another's."""
    now = timezone.now()
    if not _claimed(location).update(sync_claimed_at=now):
        raise LostClaim
    location.sync_claimed_at = now


def _done(location: VppLocation, *, read: bool) -> None:
    told: dict[str, Any] = {"synced_at": timezone.now(), "trouble": ""} if read else {}
    _claimed(location).update(sync_claimed_at=None, **told)


def _put_off(location: VppLocation, wait: dt.timedelta, trouble: str = "") -> bool:
    again = timezone.now() + wait
    _claimed(location).update(
        sync_claimed_at=None, trouble=trouble[:255], sync_due_at=Least(Coalesce("sync_due_at", again), again)
    )
    return False


def _fail(location: VppLocation, error: VppError) -> bool:
    if error.kind in BLOCKING:
        _done(location, read=False)
        return False
    log.warning(
        "vpp_sync_failed", location=str(location.pk), kind=error.kind, number=error.number, reason=error.message
    )
    if not error.retryable:
        return _put_off(location, PERIOD, error.message)
    return _put_off(location, max(RETRY, dt.timedelta(seconds=error.retry_after or 0)), error.message)


def _read(location: VppLocation, library: Library) -> None:
    def keep_assets(page: Page[Asset], seen: dt.datetime) -> None:
        tables.store_assets(location, page.items, seen)
        _go_on(location)

    def keep_assignments(page: Page[Assigned], seen: dt.datetime) -> None:
        tables.store_assignments(location, page.items, seen)
        _go_on(location)

    tables.drop_unseen_licences(location, _walk(library.assets, keep_assets))
    tables.drop_unseen_assignments(location, _walk(library.assignments, keep_assignments))
    tables.count_licences(location)


def _walk(fetch: Callable[[int], Page[T]], keep: Keep[T]) -> dt.datetime:
    """When the walk began that saw everything; again from the start if the data changed on the way."""
    for _ in range(WALKS):
        began = timezone.now()
        if _walk_once(fetch, keep, began):
            return began
    raise VppError("The licences change faster than they can be read.", kind=Kind.THEIRS)


def _walk_once(fetch: Callable[[int], Page[T]], keep: Keep[T], began: dt.datetime) -> bool:
    version, index = None, 0
    for _ in range(MOST_PAGES):
        page = fetch(index)
        if version is not None and page.version != version:
            return False
        if page.index != index or page.next_index not in (None, index + 1):
            raise VppError("Apple's pages do not follow one another.", kind=Kind.THEIRS)
        keep(page, began)
        if page.next_index is None:
            return True
        version, index = page.version, page.next_index
    raise VppError("Apple's pages do not end.", kind=Kind.THEIRS)
