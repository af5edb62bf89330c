"""Drift: which devices are not as their blueprints say, and in what."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from commands.admin.blueprint_display import blueprint_link
from commands.admin.blueprint_words import setting_words
from commands.admin.converge_page import difference
from commands.admin.fleet_drift import drift_card, frequent_settings
from devices.models import DriftReport
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, user_of
from tenants.admin.filters import ScopedFilter, SimpleListFilter
from tenants.selectors import tenants_of_user

NAMED = 3  # settings of one device
UNREAD = ("device__search_text", "blueprint_version__secret_settings", "blueprint_version__settings")


def _frequent(request: HttpRequest) -> list[dict[str, Any]]:
    """Asked of the database once per request."""
    found: list[dict[str, Any]] | None = getattr(request, "frequent_settings", None)
    if found is None:
        found = frequent_settings(list(tenants_of_user(user_of(request)).values_list("pk", flat=True)))
        request.frequent_settings = found  # type: ignore[attr-defined]
    return found


class DiffersFilter(SimpleListFilter):
    """Devices that are as they should be are left out unless asked for."""

    title, parameter_name = "found", "found"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "All that were compared"), ("right", "As the blueprint says"), ("differs", "Differing")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DriftReport]) -> QuerySet[DriftReport]:
        if self.value() == "all":
            return queryset
        return queryset.filter(count=0) if self.value() == "right" else queryset.filter(count__gt=0)


class SettingFilter(SimpleListFilter):
    """By a setting that differs; links name it."""

    title, parameter_name = "setting", "setting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(row["path"], row["title"]) for row in _frequent(request)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DriftReport]) -> QuerySet[DriftReport]:
        value = self.value()
        return queryset.filter(differences__contains=[{"setting": value}]) if value else queryset


@admin.register(DriftReport)
class DriftReportAdmin(ScopedAdmin):
    list_display = ("device_link", "version", "number", "settings", "checked", "tenant")
    list_display_links = ("number",)
    list_filter = (
        ("tenant", ScopedFilter),
        DiffersFilter,
        SettingFilter,
        ("blueprint_version__blueprint", ScopedFilter),
    )
    search_fields = ("device__search_text",)
    search_help_text = "The device's name, serial or UDID"
    ordering = ("-count", "device_id")  # as the index has it
    fields = readonly_fields = ()
    list_before_template = "admin/devices/driftreport/fleet.html"
    change_form_template = "admin/devices/driftreport/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DriftReport]:
        rows = super().get_queryset(request).select_related("tenant", "device", "blueprint_version__blueprint")
        return rows.defer(*UNREAD)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DriftReport], search_term: str
    ) -> tuple[QuerySet[DriftReport], bool]:
        term = search_term.strip().lower()
        return (queryset.filter(device__search_text__contains=term) if term else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        tenants = list(tenants_of_user(user_of(request)).values_list("pk", flat=True))
        shown = {"title": "Drift", "fleet": drift_card(tenants), "frequent": _frequent(request)}
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        shown = _page(row) if row else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    @admin.display(description="device")
    def device_link(self, obj: DriftReport) -> SafeString:
        return display.link(obj.device)

    @admin.display(description="compared with")
    def version(self, obj: DriftReport) -> SafeString | str:
        return blueprint_link(obj.blueprint_version.blueprint, obj.blueprint_version)

    @admin.display(description="differences", ordering="count")
    def number(self, obj: DriftReport) -> SafeString:
        return display.label(f"{obj.count:,}", "warning" if obj.count else "success")

    @admin.display(description="settings")
    def settings(self, obj: DriftReport) -> SafeString:
        named = list(dict.fromkeys(setting_words(str(each.get("setting", ""))) for each in obj.differences))
        more = [f"and {len(named) - NAMED} more"] if len(named) > NAMED else []
        return display.lines([*named[:NAMED], *more])

    @admin.display(description="compared", ordering="checked_at")
    def checked(self, obj: DriftReport) -> SafeString:
        return display.moment(obj.checked_at)


def _page(row: DriftReport) -> dict[str, Any]:
    return {
        "title": f"Drift of {row.device}",
        "differences": [difference(each) for each in row.differences],
        "facts": [
            ("Device", display.link(row.device)),
            ("Compared with", blueprint_link(row.blueprint_version.blueprint, row.blueprint_version)),
            ("Compared", display.exact(row.checked_at)),
        ],
    }
