"""Reads about versions of apps that this server keeps."""

import uuid

from django.db.models import Q

from apps_domain.models import StoreApp, StoreAppVersion, TenantAppVersion, VendorApp, VendorAppVersion


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


def store_version(*, app: StoreApp, version: str) -> StoreAppVersion | None:
    """A version that the store showed at some time."""
    return StoreAppVersion.objects.filter(app=app, version=version).first()
