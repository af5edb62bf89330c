"""Apps of Apple's store under ids of ours, which stay whatever the store does."""

from collections.abc import Iterable

from apps_domain.models import StoreApp
from tenants.models import Tenant


def known_store_app(*, tenant: Tenant, adam_id: str) -> StoreApp:
    """The record of Apple's id, made without asking Apple if there was none. Safe when several do it at once."""
    return known_store_apps(tenant=tenant, adam_ids=[adam_id])[adam_id]


def known_store_apps(*, tenant: Tenant, adam_ids: Iterable[str]) -> dict[str, StoreApp]:
    """The same for many, by Apple's id, in two queries or three."""
    wanted = set(adam_ids)
    found = _by_apple_id(tenant, wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        rows = [StoreApp(tenant=tenant, apple_app_id=each, country=tenant.store_country) for each in missing]
        StoreApp.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
        found |= _by_apple_id(tenant, missing)
    return found


def _by_apple_id(tenant: Tenant, apple_ids: Iterable[str]) -> dict[str, StoreApp]:
    rows = StoreApp.objects.filter(tenant=tenant, apple_app_id__in=apple_ids).defer("description")
    return {row.apple_app_id: row for row in rows}
