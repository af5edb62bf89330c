"""What Apple's device assignment says of a device, and what was registered for it, on the device's page."""

from typing import Any

from devices.models import Device
from onboarding.admin.dep_display import (
    apples_label,
    profile_link,
    standing_label,
    trouble_of,
    with_default_profile,
)
from onboarding.models import DepDevice, SeamlessRegistration
from tenants.admin import display
from tenants.admin.display import Facts


def cards(device: Device) -> list[tuple[str, Facts]]:
    """One query, and one more for devices that were registered beforehand."""
    assigned = _rows().filter(device=device).first() if device.is_apple else None
    found = [("Device assignment (DEP)", _assignment(assigned))] if assigned is not None else []
    return [*found, *([("Registered beforehand", _registration(device))] if device.is_seamless else [])]


def _rows() -> Any:
    rows = with_default_profile(DepDevice.objects.select_related("own_profile", "server__profile"))
    return rows.defer("server__cursor", "server__account")


def _assignment(row: Any) -> Facts:
    facts = [
        ("In Apple's list as", display.link(row)),
        ("Server", display.link(row.server)),
        ("Profile", profile_link(row, row.own_profile or row.server.profile)),
        ("Assignment", standing_label(row)),
        ("Trouble", trouble_of(row)),
        ("Apple says", apples_label(row)),
        ("Assigned", display.moment(row.profile_assigned_at) if row.profile_assigned_at else ""),
        ("Fetched by the device", display.moment(row.profile_pushed_at) if row.profile_pushed_at else ""),
        ("Gone from the server", display.moment(row.removed_at) if row.removed_at else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _registration(device: Device) -> Facts:
    rows = SeamlessRegistration.objects.filter(device=device).select_related("blueprint", "group")
    row = rows.order_by("-applied_at", "id").first()
    if row is None:
        return [("Registration", "deleted since")]
    facts = [
        ("Registration", display.link(row, "show")),
        ("Blueprint", display.link(row.blueprint) if row.blueprint else "its group's"),
        ("Group", row.group.name if row.group else ""),
        ("Alias", row.alias),
        ("Given", display.exact(row.applied_at)),
    ]
    return [(name, value) for name, value in facts if value]
