"""Reads about versions of apps that this server keeps."""

import uuid
from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q

from apps_domain.models import (
    StoreApp,
    StoreAppVersion,
    TenantAppVersion,
    VendorApp,
    VendorAppRelease,
    VendorAppVersion,
)


def installable_version(*, tenant_id: uuid.UUID, version_id: str) -> TenantAppVersion | VendorAppVersion | None:
    """A version that the tenant may install on its Apple devices: its own, or one that is published for it."""
    own = TenantAppVersion.objects.select_related("app").filter(tenant_id=tenant_id, pk=version_id).first()
    if own is not None:
        return own
    published = VendorAppVersion.objects.select_related("app").filter(
        Q(releases__tenant_id=tenant_id) | Q(releases__tenant=None, releases__isnull=False),
        pk=version_id,
        app__platform=VendorApp.Platform.APPLE,
    )
    return published.distinct().first()


def installable_versions(
    *, tenant_id: uuid.UUID, version_ids: Collection[str]
) -> dict[uuid.UUID, TenantAppVersion | VendorAppVersion]:
    """The same for many, by id; in a transaction, in which none of them is deleted."""
    own = TenantAppVersion.objects.filter(tenant_id=tenant_id, pk__in=version_ids)
    releases = VendorAppRelease.objects.filter(Q(tenant_id=tenant_id) | Q(tenant=None), version=OuterRef("pk"))
    published = VendorAppVersion.objects.filter(
        Exists(releases), pk__in=version_ids, app__platform=VendorApp.Platform.APPLE
    )
    found: dict[uuid.UUID, TenantAppVersion | VendorAppVersion] = {}
    for rows in (own, published):
        locked = rows.select_related("app").order_by("pk").select_for_update(of=("self",), no_key=True)
        found |= {row.pk: row for row in locked}
    return found


def store_version(*, app: StoreApp, version: str) -> StoreAppVersion | None:
    """A version that the store showed at some time."""
    return StoreAppVersion.objects.filter(app=app, version=version).first()
