"""What a published app's page shows, of those of its versions that the user may see."""

import uuid
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from apps_domain.admin.display import app_title, install_url, size
from apps_domain.admin.tenant_app_page import here, signing_label
from apps_domain.downloads import download_url, icon_url
from apps_domain.models import AppType, DeviceApp, VendorApp, VendorAppRelease, VendorAppVersion
from tenants.admin import display
from tenants.admin.base import roles_of, user_of
from tenants.models import Role, Tenant

VERSIONS = 50
DEVICES = 30


def versions_seen(request: HttpRequest) -> QuerySet[VendorAppVersion]:
    """Those for a tenant of the user; a superuser sees all."""
    rows = VendorAppVersion.objects.select_related("app", "file", "icon").defer("chunk_hashes")
    if user_of(request).is_superuser:
        return rows
    mine = Q(tenant__in=list(roles_of(request))) | Q(tenant=None)
    return rows.filter(Exists(VendorAppRelease.objects.filter(mine, version=OuterRef("pk"))))


def vendor_app_page(request: HttpRequest, app: VendorApp) -> dict[str, Any]:
    """Context of the page."""
    rows = list(versions_seen(request).filter(app=app).prefetch_related("releases__tenant")[:VERSIONS])
    installs = DeviceApp.objects.filter(app_type=AppType.ESPER_IOS, app_id=app.pk)
    if not user_of(request).is_superuser:
        installs = installs.filter(tenant__in=list(roles_of(request)))
    devices = list(installs.select_related("device").defer("device__search_text", "app_config")[: DEVICES + 1])
    return {
        "app_shown": True,
        "is_operator": user_of(request).is_superuser,
        "versions": [_version(request, row, installs.filter(app_version_id=row.pk).count()) for row in rows],
        "devices": [
            (display.link(row.device), row.version, display.moment(row.updated_at)) for row in devices[:DEVICES]
        ],
        "more_devices": max(0, installs.count() - DEVICES) if len(devices) > DEVICES else 0,
    }


def _version(request: HttpRequest, row: VendorAppVersion, installs: int) -> dict[str, Any]:
    tenant = _any_tenant(request)
    number = f"{row.version_name} ({row.build_number})"
    withdraw = reverse("admin:apps_domain_vendorapp_withdraw_version", args=[row.app_id, row.pk])
    return {
        "title": app_title(row.app_name, number, here(icon_url(row, tenant=tenant) or "") if tenant else ""),
        "size": size(row.file.size),
        "needs": _needs(row),
        "signing": _signing(row),
        "for": _for_whom(request, row),
        "installs": f"{installs:,}" if installs else display.EMPTY,
        "by": row.created_by,
        "at": display.moment(row.created_at),
        "notes": [text for text in (row.description, row.release_notes) if text],
        "download": here(download_url(row, tenant=tenant)) if tenant else "",
        "install": _install(request, row),
        "withdraw": withdraw if user_of(request).is_superuser else "",
    }


def _needs(row: VendorAppVersion) -> str:
    if row.app.platform == VendorApp.Platform.ANDROID:
        lowest = f", API level {row.min_os_version} or newer" if row.min_os_version else ""
        return f"{row.get_architecture_display()}{lowest}"
    families = ", ".join(row.device_family)
    return f"{families}; {row.min_os_version} or newer" if row.min_os_version else families


def _signing(row: VendorAppVersion) -> SafeString:
    if row.app.platform == VendorApp.Platform.ANDROID:
        return display.label("signed", "success", f"SHA-256 of the signer: {row.signature_hash}")
    return signing_label(row)


def _for_whom(request: HttpRequest, row: VendorAppVersion) -> str:
    """Of the tenants that the user sees."""
    releases = list(row.releases.all())
    if any(release.tenant_id is None for release in releases):
        return "all tenants"
    everything, mine = user_of(request).is_superuser, roles_of(request)
    seen = (release.tenant for release in releases if everything or release.tenant_id in mine)
    return ", ".join(sorted(tenant.name for tenant in seen if tenant)) or "nobody"


def _install(request: HttpRequest, row: VendorAppVersion) -> str:
    """For whoever may send commands in a tenant that has it."""
    if row.app.platform != VendorApp.Platform.APPLE or row.is_expired:
        return ""
    targets = _may_install(request, row)
    only = targets[0] if len(targets) == 1 else None
    return install_url("INSTALL", only, app_version=str(row.pk)) if targets else ""


def _may_install(request: HttpRequest, row: VendorAppVersion) -> list[uuid.UUID]:
    held = {release.tenant_id for release in row.releases.all()}
    if user_of(request).is_superuser:
        mine = list(Tenant.objects.values_list("pk", flat=True)[:1000])
    else:
        mine = [tenant_id for tenant_id, role in roles_of(request).items() if role.allows(Role.OPERATOR)]
    return [tenant_id for tenant_id in mine if None in held or tenant_id in held]


def newest_icon(app: Any) -> str:
    """Of the version `app.newest_id`. The address is signed for a tenant, whichever it is."""
    row = VendorAppVersion.objects.select_related("icon").filter(pk=app.newest_id).first() if app.newest_id else None
    tenant = Tenant.objects.first() if row and row.icon else None
    return here(icon_url(row, tenant=tenant) or "") if row and tenant else ""


def _any_tenant(request: HttpRequest) -> Tenant | None:
    """Files' addresses are made for a tenant: one of the user's."""
    tenants = Tenant.objects.order_by("created_at", "pk")
    return (tenants if user_of(request).is_superuser else tenants.filter(pk__in=list(roles_of(request)))).first()
