"""Old records of the store are asked for anew: those that callers wanted first, then those that are in use."""

import datetime as dt
import time
import uuid

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from apps_domain.clients.store import MAX_SECONDS, StoreAway, StoreError
from apps_domain.models import StoreApp
from apps_domain.selectors.store import apps_to_refresh
from apps_domain.services.store import record_answer, refresh_before
from apps_domain.services.store_calls import ask_store, calls_left

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(minutes=2)  # after which a worker that took a record counts as dead
RETRY_AFTER = dt.timedelta(minutes=15)
MOST_SECONDS = 10.0  # of one sweep: workers have other things to do
AT_IT = "store-sweep"  # in the cache while a sweep runs; a second one would only keep another worker busy


def refresh_store_apps() -> int:
    """As many as the store takes just now; says how many were refreshed. Safe to run twice, and at the same time."""
    left = calls_left()
    if not left or not cache.add(AT_IT, 1, int(MOST_SECONDS + MAX_SECONDS) + 1):
        return 0
    try:
        return _refresh(apps_to_refresh(before=refresh_before(), limit=left))
    finally:
        cache.delete(AT_IT)


def _refresh(app_ids: list[uuid.UUID]) -> int:
    done, end = 0, time.monotonic() + MOST_SECONDS
    for app_id in app_ids:
        if time.monotonic() > end or not calls_left():
            break
        done += refresh_store_app(app_id)
    return done


def refresh_store_app(app_id: uuid.UUID) -> bool:
    """Whether Apple answered. A record that another worker has, or that is new again or gone, is left alone."""
    app = _claim(app_id)
    if app is None:
        return False
    country, asked_at = app.tenant.store_country, timezone.now()
    try:
        listing = ask_store(app.apple_app_id, country=country)
    except StoreError as error:
        log.warning("store_refresh_failed", app=str(app.pk), apple_app_id=app.apple_app_id, error=str(error))
        _put_off(app, error)
        return False
    return record_answer(app=app, listing=listing, country=country, asked_at=asked_at) is not None


def _claim(app_id: uuid.UUID) -> StoreApp | None:
    """The record, for as long as the lease is; None if somebody else was quicker."""
    now = timezone.now()
    free = Q(refresh_not_before=None) | Q(refresh_not_before__lt=now)
    old = Q(refreshed_at=None) | Q(refreshed_at__lt=refresh_before()) | Q(refresh_wanted_at__isnull=False)
    if not StoreApp.objects.filter(free, old, pk=app_id).update(refresh_not_before=now + LEASE):
        return None
    return StoreApp.objects.select_related("tenant").filter(pk=app_id).first()


def _put_off(app: StoreApp, error: StoreError) -> None:
    """A store that is away is not this record's fault: it is tried again as soon as the store is back."""
    wait = RETRY_AFTER if error.retryable else dt.timedelta(hours=settings.STORE_REFRESH_HOURS)
    later = None if isinstance(error, StoreAway) else timezone.now() + wait
    StoreApp.objects.filter(pk=app.pk).update(refresh_not_before=later)
