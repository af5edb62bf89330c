"""What a device's page shows of its apps, its settings and what our commands say about its apps."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps_domain.models import AppType, DeviceApp
from apps_domain.selectors.device_apps import list_device_apps
from commands.apple.app_lists import lists_of
from devices.models import Device, DeviceSettings, InstalledApp
from tenants.admin import display

APPS = 200  # on one page
MEGABYTE = 1_000_000
LISTED = 50  # apps in one line
SETTINGS = {
    "lost_mode": "Locked down (lost mode)",
    "bluetooth_state": "Bluetooth on",
    "wifi_state": "Wi-Fi on",
    "use_only_saved_ap": "Only saved Wi-Fi networks",
}
ORIGINS = {
    AppType.TENANT_IOS: ("apps_domain_tenantapp", "our own"),
    AppType.ESPER_IOS: ("apps_domain_vendorapp", "published"),
    AppType.VPP: ("apps_domain_storeapp", "licensed"),
}
Facts = list[tuple[str, Any]]


def apps_of(device: Device, search: str = "") -> dict[str, Any]:
    """The apps whose name or identifier holds `search`, as many as a page can hold."""
    named = Q(name__icontains=search) | Q(identifier__icontains=search)
    rows = device.installed_apps.filter(named) if search else device.installed_apps.all()
    apps = list(rows.order_by("name", "identifier")[: APPS + 1])
    ours = {row.bundle_id: row for row in list_device_apps(device).defer("app_config")}
    return {
        "apps": [(app, _size(app), _origin(ours.get(app.identifier))) for app in apps[:APPS]],
        "apps_search": search,
        "apps_limit": APPS if len(apps) > APPS else 0,
    }


def _size(app: InstalledApp) -> str:
    return f"{app.bundle_size / MEGABYTE:,.1f} MB" if app.bundle_size else "–"


def _origin(app: DeviceApp | None) -> SafeString | str:
    """What of ours an app is, with a link to its page."""
    if app is None:
        return ""
    model, words = ORIGINS[AppType(app.app_type)]
    address = reverse(f"admin:{model}_change", args=[app.app_id])
    return format_html('<a class="mu-link" href="{}">{}</a>', address, words)


def inventory_cards(device: Device) -> list[tuple[str, Facts]]:
    cards = [("Settings", _settings(device)), ("Rules for apps", _lists(device))]
    return [(title, facts) for title, facts in cards if facts]


def _settings(device: Device) -> Facts:
    row = DeviceSettings.objects.filter(device=device).first()
    told = {title: getattr(row, name, None) for name, title in SETTINGS.items()}
    return [(title, display.yes_no(value)) for title, value in told.items() if value is not None]


def _lists(device: Device) -> Facts:
    """What the profiles of our commands say."""
    known = lists_of(device.pk)
    lists: dict[str, Iterable[str]] = {
        "Only these show": known.allowed,
        "Hidden": known.blocked,
        "May notify": [app for app, enabled in known.notifications if enabled],
        "May not notify": [app for app, enabled in known.notifications if not enabled],
    }
    return [(title, _listed(list(apps))) for title, apps in lists.items() if apps]


def _listed(apps: list[str]) -> str:
    more = f" and {len(apps) - LISTED} more" if len(apps) > LISTED else ""
    return ", ".join(apps[:LISTED]) + more
