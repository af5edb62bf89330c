"""How blueprints and their versions look in the console."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from devices.models import Blueprint, BlueprintVersion
from tenants.admin import display


def version_label(version: BlueprintVersion | None) -> SafeString:
    """Its number, and whether devices get it."""
    if version is None:
        return display.label("none", "neutral")
    kind, words = ("success", "published") if version.publish else ("warning", "draft")
    return display.label(f"{version.number} {words}", kind)


def versions_label(blueprint: Blueprint) -> SafeString:
    """The published version, and the draft if one is newer."""
    latest, published = blueprint.latest_version, blueprint.published_version
    if published is None or latest is None or latest.pk == published.pk:
        return version_label(published or latest)
    return format_html("{} {}", version_label(published), version_label(latest))


def blueprint_link(blueprint: Blueprint | None, version: BlueprintVersion | None = None) -> SafeString | str:
    if blueprint is None:
        return display.EMPTY
    name = f"{blueprint.name} {version.number}" if version else blueprint.name
    address = reverse("admin:devices_blueprint_change", args=[blueprint.pk])
    query = f"?version={version.pk}" if version else ""
    return format_html('<a class="mu-link" href="{}{}">{}</a>', address, query, name)
