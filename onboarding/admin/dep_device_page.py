"""What the page of a device in Apple's list shows."""

from typing import Any

from commands.admin.display import device_label
from onboarding.admin.dep_display import apples_label, profile_link, standing_label, trouble_of
from onboarding.models import DepDevice
from tenants.admin import display
from tenants.admin.display import Facts


def device_cards(row: Any) -> list[tuple[str, Facts]]:
    """`row` is annotated with its tenant's default profile."""
    cards = [("Device", _device(row)), ("Profile", _profile(row)), ("At Apple", _apple(row))]
    return [(title, [(name, value) for name, value in facts if value]) for title, facts in cards]


def _device(row: DepDevice) -> Facts:
    return [
        ("Serial number", display.copyable(row.serial)),
        ("Tenant", row.tenant),
        ("Known as", display.link(row.device)),
        ("State", device_label(row.device)),
        ("Description", row.description),
        ("Model", row.model),
        ("Colour", row.color),
        ("System", " ".join(filter(None, [row.device_family, row.os]))),
        ("Asset tag", row.asset_tag),
    ]


def _profile(row: Any) -> Facts:
    return [
        ("Is to have", profile_link(row, row.own_profile or row.server.profile)),
        ("Because", _source(row)),
        ("Assignment", standing_label(row)),
        ("Trouble", trouble_of(row)),
        ("Last tried", display.exact(row.assign_tried_at, "never")),
        ("Not before", display.exact(row.assign_not_before) if row.assign_not_before else ""),
        ("Apple took", display.code(row.assigned_uuid) if row.assigned_uuid else ""),
    ]


def _source(row: DepDevice) -> str:
    if row.own_profile is not None:
        return "it was given to this device"
    return "it is its server's" if row.server.profile is not None else "it is the tenant's default"


def _apple(row: DepDevice) -> Facts:
    return [
        ("Server", display.link(row.server)),
        ("Profile", apples_label(row)),
        ("Known as", display.code(row.profile_uuid) if row.profile_uuid else ""),
        ("Assigned", display.exact(row.profile_assigned_at) if row.profile_assigned_at else ""),
        ("Fetched by the device", display.exact(row.profile_pushed_at) if row.profile_pushed_at else ""),
        ("Put on the server by", row.device_assigned_by),
        ("Put there", display.exact(row.device_assigned_at) if row.device_assigned_at else ""),
        ("Last change", f"{row.op_type}, {row.op_at:%Y-%m-%d %H:%M} UTC" if row.op_at else ""),
        ("Gone from the server", display.exact(row.removed_at) if row.removed_at else ""),
        ("Last seen in the list", display.exact(row.seen_at)),
    ]
