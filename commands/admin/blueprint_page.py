"""What a blueprint's page shows: what it says in words, who has it, and its versions."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString

from commands.admin.blueprint_display import version_label
from commands.admin.blueprint_standing import STANDINGS, bar, standings_of
from commands.admin.blueprint_words import in_words
from config.api.fields import parse_id
from devices.models import Blueprint, BlueprintVersion, DeviceGroup
from tenants.admin import display

VERSIONS = 30
GROUPS = 50


def blueprint_page(blueprint: Blueprint, *, asked: str = "", may_operate: bool) -> dict[str, Any]:
    """`asked`: the id of the version to show, otherwise the latest."""
    rows = BlueprintVersion.objects.filter(blueprint=blueprint).defer("secret_settings")
    version = _asked(rows, asked) or blueprint.latest_version
    counts = standings_of(blueprint)
    return {
        "title": blueprint.name,
        "version": version,
        "version_label": version_label(version),
        "is_latest": version is None or version.pk == blueprint.latest_version_id,
        "platforms": in_words(version),
        "facts": _facts(blueprint, version),
        "bar": bar(counts),
        "standings": _standings(blueprint, counts),
        "versions": [_version(blueprint, row, may_operate=may_operate) for row in rows[:VERSIONS]],
        "compare": reverse("admin:devices_blueprint_diff", args=[blueprint.pk]),
        "more_versions": max(0, rows.count() - VERSIONS),
        **_groups(blueprint),
    }


def _asked(rows: QuerySet[BlueprintVersion], asked: str) -> BlueprintVersion | None:
    known = parse_id(asked)
    return rows.filter(pk=known).first() if known else None


def _facts(blueprint: Blueprint, version: BlueprintVersion | None) -> list[tuple[str, Any]]:
    return [
        ("Blueprint id", display.copyable(str(blueprint.pk))),
        ("Tenant", blueprint.tenant),
        ("Description", (version and version.description) or display.EMPTY),
        ("Published", version_label(blueprint.published_version)),
        ("Latest", version_label(blueprint.latest_version)),
        ("Created by", blueprint.created_by or display.EMPTY),
        ("Created", display.exact(blueprint.created_at)),
        ("Changed by", blueprint.updated_by or display.EMPTY),
        ("Changed", display.moment(blueprint.updated_at)),
    ]


def _standings(blueprint: Blueprint, counts: Any) -> list[tuple[SafeString, int, str]]:
    url = reverse("admin:devices_device_changelist")
    return [
        (display.label(words, kind), counts[value], f"{url}?blueprint={blueprint.pk}&standing={value}")
        for value, words, kind, _ in STANDINGS
        if counts[value]
    ]


def _version(blueprint: Blueprint, row: BlueprintVersion, *, may_operate: bool) -> dict[str, Any]:
    here = reverse("admin:devices_blueprint_change", args=[blueprint.pk])
    diff = reverse("admin:devices_blueprint_diff", args=[blueprint.pk])
    restore = reverse("admin:devices_blueprint_restore", args=[blueprint.pk, row.pk])
    is_latest = row.pk == blueprint.latest_version_id
    return {
        "label": version_label(row),
        "comments": row.comments,
        "by": row.created_by or display.EMPTY,
        "at": display.moment(row.created_at),
        "current": row.pk == blueprint.published_version_id,
        "show": f"{here}?version={row.pk}",
        "diff": f"{diff}?after={row.pk}",
        "restore": restore if may_operate and not is_latest else "",
    }


def _groups(blueprint: Blueprint) -> dict[str, Any]:
    """The groups that name it; subgroups that inherit it are not counted here."""
    rows = DeviceGroup.objects.filter(blueprint=blueprint).select_related("parent").order_by("name", "id")
    own = rows.annotate(total=Count("devices", filter=Q(devices__assigned_blueprint=None)))
    groups = list(own[: GROUPS + 1])
    inheriting = DeviceGroup.objects.filter(effective_blueprint=blueprint, blueprint=None).count()
    return {
        "groups": [(display.link(group, group_path(group)), group.total) for group in groups[:GROUPS]],
        "more_groups": len(groups) > GROUPS,
        "inheriting": inheriting,
    }


def group_path(group: DeviceGroup) -> str:
    return f"{group.parent.name} / {group.name}" if group.parent else group.name
