"""What a tenant app's page shows: its versions, who signed them and until when, and which devices have them."""

import datetime as dt
from collections import Counter
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from apps_domain.admin.display import app_title, install_url, size
from apps_domain.downloads import download_url, icon_url
from apps_domain.models import AppType, DeviceApp, TenantApp, TenantAppVersion, VendorAppVersion
from tenants.admin import display
from tenants.credentials import SOON

VERSIONS = 50
DEVICES = 30


def tenant_app_page(app: TenantApp, *, may_operate: bool) -> dict[str, Any]:
    """Context of the page."""
    rows = TenantAppVersion.objects.filter(app=app).select_related("app", "file", "icon")
    installs = DeviceApp.objects.filter(tenant=app.tenant, app_type=AppType.TENANT_IOS, app_id=app.pk)
    counts = Counter(installs.values_list("app_version_id", flat=True))
    devices = list(installs.select_related("device").defer("device__search_text", "app_config")[: DEVICES + 1])
    return {
        "app_shown": True,
        "versions": [_version(row, app, counts[row.pk], may_operate) for row in rows[:VERSIONS]],
        "devices": [
            (display.link(row.device), row.version, display.moment(row.updated_at)) for row in devices[:DEVICES]
        ],
        "more_devices": max(0, counts.total() - DEVICES),
    }


def _version(row: TenantAppVersion, app: TenantApp, installs: int, may_operate: bool) -> dict[str, Any]:
    address = reverse("admin:apps_domain_tenantapp_delete_version", args=[app.pk, row.pk])
    return {
        "title": app_title(row.app_name, f"{row.version_name} ({row.build_number})", icon_address(row)),
        "size": size(row.file.size),
        "needs": _needs(row),
        "signing": signing_label(row),
        "signed_by": _signed_by(row),
        "installs": f"{installs:,}" if installs else display.EMPTY,
        "by": row.created_by,
        "at": display.moment(row.created_at),
        "description": row.description,
        "download": here(download_url(row, tenant=app.tenant)),
        "install": _install(row, app) if may_operate and not row.is_expired else "",
        "delete": address if may_operate else "",
    }


def _install(row: TenantAppVersion, app: TenantApp) -> str:
    return install_url("INSTALL", app.tenant_id, app_version=str(row.pk))


def signing_label(version: TenantAppVersion | VendorAppVersion) -> SafeString:
    """How long devices run it: until the provisioning profile ends."""
    if version.signing_expires_at is None:
        return display.label("no profile", "warning", "The app has no provisioning profile: devices refuse it.")
    told = f"until {version.signing_expires_at:%Y-%m-%d}"
    if version.signing_expires_at <= timezone.now():
        return display.label("expired", "danger", told)
    soon = version.signing_expires_at <= timezone.now() + dt.timedelta(days=SOON)
    return display.label("expires soon", "warning", told) if soon else display.label("signed", "success", told)


def icon_address(version: TenantAppVersion | None) -> str:
    url = icon_url(version, tenant=version.app.tenant) if version else None
    return here(url) if url else ""


def here(url: str) -> str:
    """The same address on whatever name the console is opened by: its pages load pictures from itself alone."""
    return url.removeprefix(settings.BASE_URL)


def _needs(row: TenantAppVersion) -> str:
    families = ", ".join(row.device_family)
    return f"{families}; {row.min_os_version} or newer" if row.min_os_version else families


def _signed_by(row: TenantAppVersion) -> SafeString:
    signing = row.signing
    if not signing:
        return display.lines([])
    devices = f", {signing['devices']:,} devices" if signing.get("devices") else ""
    end = f" until {row.signing_expires_at:%Y-%m-%d}" if row.signing_expires_at else ""
    return display.two_lines(signing.get("team") or display.EMPTY, f"{signing.get('kind')}{devices}{end}")
