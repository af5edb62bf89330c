"""What a device's page shows of its apps, its settings and what our commands say about its apps."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from commands.apple.app_lists import lists_of
from devices.models import Device, DeviceSettings
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
Facts = list[tuple[str, Any]]


def apps_of(device: Device, search: str = "") -> dict[str, Any]:
    """The apps whose name or identifier holds `search`, as many as a page can hold."""
    named = Q(name__icontains=search) | Q(identifier__icontains=search)
    rows = device.installed_apps.filter(named) if search else device.installed_apps.all()
    apps = list(rows.order_by("name", "identifier")[: APPS + 1])
    return {
        "apps": [(app, f"{app.bundle_size / MEGABYTE:,.1f} MB" if app.bundle_size else "–") for app in apps[:APPS]],
        "apps_search": search,
        "apps_limit": APPS if len(apps) > APPS else 0,
    }


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
