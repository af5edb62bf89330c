"""Reads about a tenant's own apps."""

from django.db.models import QuerySet

from apps_domain.models import TenantApp, TenantAppVersion
from config.api.errors import NotFound
from config.api.fields import parse_id
from tenants.models import Tenant


def list_tenant_apps(
    tenant: Tenant, *, platform: str = "", package_name: str = "", app_name: str = ""
) -> QuerySet[TenantApp]:
    """Latest first. The package name matches whole, the app's name in part and in any case."""
    rows = TenantApp.objects.filter(tenant=tenant)
    rows = rows.filter(platform=platform) if platform else rows
    rows = rows.filter(package_name=package_name) if package_name else rows
    return rows.filter(app_name__icontains=app_name) if app_name else rows


def get_tenant_app(*, tenant: Tenant, app_id: str) -> TenantApp:
    """By id or NotFound, which a foreign one is too."""
    key = parse_id(app_id)
    row = TenantApp.objects.filter(tenant=tenant, pk=key).first() if key else None
    if row is None:
        raise NotFound("No app has this id.")
    return row


def list_tenant_app_versions(app: TenantApp, *, app_name: str = "") -> QuerySet[TenantAppVersion]:
    """Latest first."""
    rows = TenantAppVersion.objects.filter(app=app).select_related("app", "file", "icon").defer("chunk_hashes")
    return rows.filter(app_name__icontains=app_name) if app_name else rows


def get_tenant_app_version(*, tenant: Tenant, app_id: str, version_id: str) -> TenantAppVersion:
    """By both ids or NotFound, which a foreign one and that of another app are too."""
    app, version = parse_id(app_id), parse_id(version_id)
    rows = TenantAppVersion.objects.select_related("app", "file", "icon").filter(tenant=tenant)
    row = rows.filter(app_id=app, pk=version).first() if app and version else None
    if row is None:
        raise NotFound("No version of this app has this id.")
    return row
