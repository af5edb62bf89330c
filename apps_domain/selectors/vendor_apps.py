"""Reads about apps that the operator publishes for tenants."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps_domain.models import VendorAppRelease, VendorAppVersion
from config.api.errors import NotFound
from config.api.fields import parse_id
from tenants.models import Tenant


def list_vendor_versions(tenant: Tenant, *, package_name: str = "") -> QuerySet[VendorAppVersion]:
    """Published for this tenant or for all of them, latest first. The package name matches whole."""
    releases = VendorAppRelease.objects.filter(Q(tenant=tenant) | Q(tenant=None), version=OuterRef("pk"))
    rows = VendorAppVersion.objects.filter(Exists(releases)).select_related("app", "file").defer("chunk_hashes")
    return rows.filter(app__package_name=package_name) if package_name else rows


def get_vendor_version(version_id: str) -> VendorAppVersion:
    """For the operator, whosoever it is published for; by id or NotFound."""
    key = parse_id(version_id)
    row = VendorAppVersion.objects.select_related("app", "file", "icon").filter(pk=key).first() if key else None
    if row is None:
        raise NotFound(f"No version of a published app has the id {version_id}.")
    return row
