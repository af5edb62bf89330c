"""What differs between two versions of a blueprint, in words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget

from commands.admin.blueprint_words import PLATFORMS, Names, facts_of, in_lines, setting_words, shown, told, words_of
from commands.blueprints.diff import Change, version_differences
from commands.blueprints.diff import differences as setting_differences
from config.api.fields import parse_id
from devices.models import Blueprint, BlueprintVersion

if TYPE_CHECKING:
    from tenants.admin.base import ScopedAdmin

UNTOLD = ".wifi_network_id"  # means nothing to people
OFFERED = 200  # versions to choose from


@dataclass(frozen=True)
class Row:
    """One setting that differs."""

    title: str
    path: str
    before: Any
    after: Any


class VersionsForm(forms.Form):
    """Which two versions are compared."""

    before = forms.ChoiceField(label="Before", widget=UnfoldAdminSelectWidget)
    after = forms.ChoiceField(label="After", widget=UnfoldAdminSelectWidget)


def diff_page(page: "ScopedAdmin", request: HttpRequest, blueprint: Blueprint) -> HttpResponse:
    """Of the versions that the query names; otherwise of the latest and the one before it."""
    rows = BlueprintVersion.objects.filter(blueprint=blueprint).defer("secret_settings")
    after = _named(rows, request.GET.get("after", "")) or blueprint.latest_version
    before = _named(rows, request.GET.get("before", "")) or (_one_before(rows, after) if after else None)
    choices = [(str(row.pk), f"{row.number} {'published' if row.publish else 'draft'}") for row in rows[:OFFERED]]
    form = VersionsForm(initial={"before": before and str(before.pk), "after": after and str(after.pk)})
    for field in form.fields.values():
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        **page.object_context(request, blueprint),
        "title": f"Versions of {blueprint.name} compared",
        "form": form,
        "before": before,
        "after": after,
        "rows": differences(before, after) if after else [],
        "back": page.url_of(blueprint),
    }
    return TemplateResponse(request, "admin/devices/blueprint/diff.html", context)


def _named(rows: QuerySet[BlueprintVersion], asked: str) -> BlueprintVersion | None:
    known = parse_id(asked)
    return rows.filter(pk=known).first() if known else None


def _one_before(rows: QuerySet[BlueprintVersion], version: BlueprintVersion) -> BlueprintVersion | None:
    """The latest published one before it, or else the one before it."""
    earlier = [row for row in rows[:OFFERED] if _key(row) < _key(version)]
    return next((row for row in earlier if row.publish), earlier[0] if earlier else None)


def _key(version: BlueprintVersion) -> tuple[int, int]:
    return version.version_number, version.minor_version_number


def differences(before: BlueprintVersion | None, after: BlueprintVersion) -> list[Row]:
    """`before`: None stands for nothing at all."""
    changes = version_differences(before, after) if before else setting_differences({}, after.settings)
    names = Names(*(version for version in (before, after) if version))
    return [_row(change, names) for change in changes if not change.path.endswith(UNTOLD)]


def _row(change: Change, names: Names) -> Row:
    platform, _, path = change.path.partition(".")
    if platform not in PLATFORMS:
        return Row(words_of(platform), change.path, told(change.before), told(change.after))
    title = setting_words(path, platform, names)
    aside = "" if platform == "ios" else f"{PLATFORMS[platform]}, "
    key = path.rpartition(".")[2]
    return Row(f"{aside}{title}", change.path, _shown(key, change.before, names), _shown(key, change.after, names))


def _shown(key: str, value: Any, names: Names) -> Any:
    """A whole group in the words of the blueprint's page, otherwise the value."""
    if isinstance(value, dict):
        return in_lines(facts_of(value, names))
    return shown(key, value, names)
