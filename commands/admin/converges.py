"""Converges: one device brought to its blueprint, step by step."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commands.admin.blueprint_display import blueprint_link
from commands.admin.converge_page import cause, converge_page, status_label
from commands.models import Converge, ConvergeStep
from commands.models.status import State
from config.api.fields import parse_id
from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.filters import ChoicesFilter, DateRangeFilter, ScopedFilter

UNREAD = ("device__search_text", "blueprint_version__secret_settings", "blueprint_version__settings", "differences")


def _steps(**narrowed: Any) -> Coalesce:
    """Annotation: how many steps, counted for the rows of the page only."""
    rows = ConvergeStep.objects.filter(converge=OuterRef("pk"), **narrowed).order_by()
    counted = rows.values("converge").annotate(total=Count("*")).values("total")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


@admin.register(Converge)
class ConvergeAdmin(ScopedAdmin):
    list_display = ("device_link", "version", "state", "steps_done", "why", "when", "tenant")
    list_display_links = ("when",)
    list_filter = (
        ("tenant", ScopedFilter),
        ("status", ChoicesFilter),
        ("cause", ChoicesFilter),
        ("blueprint", ScopedFilter),
        ("created_at", DateRangeFilter),
    )
    linked_lookups = ("device__id__exact",)
    search_fields = ("device__search_text",)
    search_help_text = "The device's name, serial or UDID; the id of a converge or device"
    ordering = ("-created_at", "id")
    fields = readonly_fields = ()
    change_form_template = "admin/commands/converge/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Converge]:
        rows = super().get_queryset(request).select_related("tenant", "device", "blueprint", "blueprint_version")
        counted: QuerySet[Converge] = rows.defer(*UNREAD).annotate(
            step_total=_steps(), step_done=_steps(request__statuses__state=State.SUCCESS)
        )
        return counted

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Converge], search_term: str
    ) -> tuple[QuerySet[Converge], bool]:
        term = search_term.strip().lower()
        known = parse_id(term) if term else None
        if known is not None:
            return queryset.filter(Q(pk=known) | Q(device_id=known)), False
        return (queryset.filter(device__search_text__contains=term) if term else queryset), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        shown = converge_page(row) if row else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    @admin.display(description="device")
    def device_link(self, obj: Converge) -> SafeString:
        return display.link(obj.device)

    @admin.display(description="blueprint")
    def version(self, obj: Converge) -> SafeString | str:
        return blueprint_link(obj.blueprint, obj.blueprint_version)

    @admin.display(description="status", ordering="status")
    def state(self, obj: Converge) -> SafeString:
        return status_label(obj)

    @admin.display(description="steps")
    def steps_done(self, obj: Any) -> SafeString:
        if not obj.step_total:
            return format_html('<span class="mu-quiet">{}</span>', "nothing to send" if obj.ended_at else display.EMPTY)
        return format_html('<span class="mu-number mu-whole">{} of {} done</span>', obj.step_done, obj.step_total)

    @admin.display(description="cause", ordering="cause")
    def why(self, obj: Converge) -> str:
        return cause(obj)

    @admin.display(description="when", ordering="created_at")
    def when(self, obj: Converge) -> SafeString:
        return display.moment(obj.created_at)
