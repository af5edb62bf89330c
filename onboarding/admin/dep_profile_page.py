"""What a profile's page shows: what a device does with it, who has it, and what Apple said of it."""

from typing import Any

from django.utils.safestring import SafeString

from commands.admin.send_targets import counted
from onboarding.admin.dep_display import list_of
from onboarding.admin.dep_filters import servers_of
from onboarding.admin.dep_profile_editor import devices_wanting
from onboarding.admin.dep_profile_form import ON
from onboarding.admin.pane_words import GROUPS, TITLES, told_number
from onboarding.models import DepDevice, DepProfile, DepProfileDefinition
from tenants.admin import display
from tenants.admin.display import Facts

SHOWN = 50  # servers


def profile_page(profile: DepProfile) -> dict[str, Any]:
    number = devices_wanting(profile)
    servers = servers_of(profile).order_by("name", "id").defer("cursor", "account")
    return {
        "title": profile.name,
        "profile": profile,
        "panes": _panes(profile),
        "panes_told": told_number(profile.show_setup_items),
        "devices": counted(number) if number else "",
        "device_list": list_of("depdevice", profile=profile.pk),
        "servers": [display.link(server) for server in servers[:SHOWN]],
        "definitions": _definitions(profile),
        "cards": [("Profile", _facts(profile)), ("Management", _rules(profile)), ("Who helps", _help(profile))],
    }


def in_use(profile: DepProfile) -> str:
    """By whom, in words; empty if nobody has it chosen. What it is the default for is not asked."""
    own = DepDevice.objects.filter(own_profile=profile, removed_at=None).count()
    servers = profile.servers.count()
    parts = [counted(number, noun) for number, noun in ((servers, "server"), (own, "device")) if number]
    return " and ".join(parts)


def _panes(profile: DepProfile) -> list[tuple[str, list[tuple[str, str]]]]:
    """Groups, and in each the titles and hints of what is shown."""
    shown = set(profile.show_setup_items)
    groups = [(title, [(pane.title, pane.hint) for pane in panes if pane.key in shown]) for title, panes in GROUPS]
    others = [(key, "") for key in sorted(shown - set(TITLES))]
    return [(title, panes) for title, panes in [*groups, ("Others", others)] if panes]


def _definitions(profile: DepProfile) -> list[dict[str, Any]]:
    rows = DepProfileDefinition.objects.filter(profile=profile).select_related("server").order_by("server__name")
    return [
        {
            "server": display.link(row.server),
            "uuid": display.code(row.profile_uuid) if row.profile_uuid else display.EMPTY,
            "problem": row.problem,
            "at": display.moment(row.defined_at, "not yet"),
        }
        for row in rows.defer("server__cursor", "server__account")[:SHOWN]
    ]


def _facts(profile: DepProfile) -> Facts:
    group = profile.group
    return [
        ("For", display.label("devices without another", "info") if profile.is_default else "those that were given it"),
        ("Tenant", profile.tenant),
        ("Devices land in", _group_link(group) if group else "no group, unless registered beforehand"),
        ("Oldest iOS and iPadOS", profile.minimum_os_version or "any"),
        ("Oldest macOS", profile.minimum_macos_version or "any"),
        ("Made by", profile.created_by or display.EMPTY),
        ("Made", display.exact(profile.created_at)),
        ("Changed by", profile.updated_by or display.EMPTY),
        ("Changed", display.moment(profile.updated_at)),
        ("Id in the API", display.copyable(str(profile.pk))),
    ]


def _group_link(group: Any) -> SafeString:
    return display.link(group, group.name)


def _rules(profile: DepProfile) -> Facts:
    told: list[tuple[str, Any]] = [(label, display.yes_no(getattr(profile, name))) for name, (label, _) in ON.items()]
    return [*told, ("Language", profile.language or display.EMPTY), ("Region", profile.region or display.EMPTY)]


def _help(profile: DepProfile) -> Facts:
    told = [
        ("Department", profile.department),
        ("Phone", profile.support_phone_number),
        ("E-mail", profile.support_email_address),
    ]
    return [(name, value) for name, value in told if value] or [("Told", "nobody")]
