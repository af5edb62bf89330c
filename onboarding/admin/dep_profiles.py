"""Profiles of device assignment: how devices set themselves up when they are switched on."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from onboarding.models import DepProfile, DepProfileDefinition
from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.filters import ScopedFilter


@admin.register(DepProfile)
class DepProfileAdmin(ScopedAdmin):
    list_display = ("title", "tenant", "panes", "rules", "minimum", "group", "at_apple", "changed")
    list_display_links = ("title",)
    list_select_related = ("tenant", "group")
    list_filter = (("tenant", ScopedFilter),)
    search_fields = ("name",)
    ordering = ("-is_default", "name", "id")
    fields = readonly_fields = ("name", "tenant", "panes", "rules", "minimum", "group", "at_apple", "changed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DepProfile]:
        refused = DepProfileDefinition.objects.filter(profile=OuterRef("pk")).exclude(problem="")
        rows: QuerySet[DepProfile] = super().get_queryset(request).defer("token")
        return rows.annotate(known_at=Count("definitions"), is_refused=Exists(refused))

    @admin.display(description="profile", ordering="name")
    def title(self, obj: DepProfile) -> SafeString:
        return display.two_lines(obj.name, display.label("default", "info") if obj.is_default else "")

    @admin.display(description="panes shown")
    def panes(self, obj: DepProfile) -> str:
        return f"{len(obj.show_setup_items)}" if obj.show_setup_items else "none"

    @admin.display(description="management")
    def rules(self, obj: DepProfile) -> SafeString:
        supervised = "supervised" if obj.is_supervised else "not supervised"
        return display.two_lines(supervised, "removable" if obj.is_mdm_removable else "not removable")

    @admin.display(description="minimum OS")
    def minimum(self, obj: DepProfile) -> SafeString:
        told = [("iOS", obj.minimum_os_version), ("macOS", obj.minimum_macos_version)]
        return display.lines([f"{system} {version}" for system, version in told if version])

    @admin.display(description="at Apple")
    def at_apple(self, obj: Any) -> SafeString:
        if obj.is_refused:
            return display.label("refused", "danger")
        return display.label("known", "success") if obj.known_at else display.label("not told yet", "neutral")

    @admin.display(description="changed", ordering="updated_at")
    def changed(self, obj: DepProfile) -> SafeString:
        return display.two_lines(display.moment(obj.updated_at), obj.updated_by)
