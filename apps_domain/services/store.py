"""Apps of Apple's store under ids of ours, which stay whatever the store does."""

import datetime as dt
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps_domain.clients.store import StoreError
from apps_domain.clients.store_listing import StoreListing
from apps_domain.models import StoreApp, StoreAppVersion
from apps_domain.selectors.store import store_apps_of
from apps_domain.services.store_calls import ask_store
from config.api.errors import NotFound, OutsideServiceFailed
from tenants.models import Tenant

OF_THE_APP = tuple(name for name in StoreListing.__dataclass_fields__ if name != "version")
ANSWERED = (
    *OF_THE_APP,
    "current_version",
    "refreshed_at",
    "refresh_not_before",
    "refresh_wanted_at",
    "missing_since",
)


def look_up_apps(
    *, tenant: Tenant, app_id: uuid.UUID | None = None, apple_app_id: str | None = None
) -> QuerySet[StoreApp]:
    """The app that is meant, by our id or by Apple's; none if there is none, or if the two ids mean two apps."""
    apps = store_apps_of(tenant)
    if app_id is not None:
        known = apps.filter(pk=app_id).values_list("apple_app_id", flat=True).first()
        if known is None or apple_app_id not in (None, known):
            return apps.none()
        apple_app_id = known
    try:
        found = look_up_app(tenant=tenant, apple_app_id=apple_app_id or "")
    except NotFound:
        return apps.none()
    return apps.filter(pk=found.pk)


def look_up_app(*, tenant: Tenant, apple_app_id: str) -> StoreApp:
    """The record as it is kept; Apple is asked only for one that was never filled. An old one is refreshed later.

    NotFound if the store of the tenant's country lists no such app, OutsideServiceFailed if the store does not answer.
    """
    known = StoreApp.objects.filter(tenant=tenant, apple_app_id=apple_app_id).first()
    if known is None or known.refreshed_at is None:
        return _first_look_up(tenant, apple_app_id, known)
    if is_old(known, country=tenant.store_country):
        want_refresh(app=known)
    return known


def want_refresh(*, app: StoreApp) -> None:
    """A worker asks Apple within the next minute."""
    StoreApp.objects.filter(pk=app.pk, refresh_wanted_at=None).update(refresh_wanted_at=timezone.now())


def is_old(app: StoreApp, *, country: str) -> bool:
    return app.refreshed_at is None or app.refreshed_at < refresh_before() or app.country != country


def refresh_before() -> dt.datetime:
    """What Apple said before this moment is old."""
    return timezone.now() - dt.timedelta(hours=settings.STORE_REFRESH_HOURS)


def known_store_app(*, tenant: Tenant, adam_id: str) -> StoreApp:
    """The record of Apple's id, made without asking Apple if there was none. Safe when several do it at once."""
    return known_store_apps(tenant=tenant, adam_ids=[adam_id])[adam_id]


def known_store_apps(*, tenant: Tenant, adam_ids: Iterable[str]) -> dict[str, StoreApp]:
    """The same for many, by Apple's id, in one query or three."""
    wanted = set(adam_ids)
    found = _by_apple_id(tenant, wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        rows = [StoreApp(tenant=tenant, apple_app_id=each, country=tenant.store_country) for each in missing]
        StoreApp.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
        found |= _by_apple_id(tenant, missing)
    return found


@transaction.atomic
def record_answer(
    *, app: StoreApp, listing: StoreListing | None, country: str, asked_at: dt.datetime
) -> StoreApp | None:
    """Keeps what the store of that country said of the app; None: it lists it not. A newer answer is left alone.

    Returns the record, None if it is gone: its tenant was deleted meanwhile.
    """
    row = StoreApp.objects.select_for_update().filter(pk=app.pk).first()
    if row is None:
        return None
    if row.refreshed_at is not None and row.refreshed_at >= asked_at:
        return row
    row.refreshed_at, row.country, row.refresh_not_before, row.refresh_wanted_at = asked_at, country, None, None
    if listing is None:
        row.missing_since = row.missing_since or asked_at
    else:
        _fill(row, listing)
    row.save(update_fields=ANSWERED)
    return row


def _first_look_up(tenant: Tenant, apple_app_id: str, known: StoreApp | None) -> StoreApp:
    """Nothing is written before Apple's answer is there."""
    country, asked_at = tenant.store_country, timezone.now()
    try:
        listing = ask_store(apple_app_id, country=country)
    except StoreError as error:
        told = f"Apple's store cannot be asked about this app just now: {error}. Try again in a minute."
        raise OutsideServiceFailed(told) from error
    if listing is None and known is None:
        raise NotFound(f"Apple's store of the country {country} lists no app with the id {apple_app_id}.")
    with transaction.atomic():
        app = known or known_store_app(tenant=tenant, adam_id=apple_app_id)
        return record_answer(app=app, listing=listing, country=country, asked_at=asked_at) or app


def _fill(row: StoreApp, listing: StoreListing) -> None:
    row.missing_since = None
    for name in OF_THE_APP:
        setattr(row, name, getattr(listing, name))
    if listing.version:
        row.current_version, _ = StoreAppVersion.objects.get_or_create(app=row, version=listing.version)


def _by_apple_id(tenant: Tenant, apple_ids: Iterable[str]) -> dict[str, StoreApp]:
    rows = StoreApp.objects.filter(tenant=tenant, apple_app_id__in=apple_ids).defer("description")
    return {row.apple_app_id: row for row in rows}
