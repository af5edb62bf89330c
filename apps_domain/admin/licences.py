"""Licences of Apps and Books: how many are in use, how many are free."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps_domain.admin.display import install_url
from apps_domain.admin.licence_display import list_of, named, stock, title_of
from apps_domain.models import StoreApp, VppAssignment, VppLicence
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import ScopedFilter, SimpleListFilter
from tenants.models import Role

OPEN = (VppAssignment.State.WANTED, VppAssignment.State.SENT)


class FreeFilter(SimpleListFilter):
    title, parameter_name = "stock", "stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("free", "Some free"), ("none", "None free")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        meant = {"free": {"available_count__gt": 0}, "none": {"available_count": 0}}
        return queryset.filter(**meant.get(str(self.value()), {}))


@admin.register(VppLicence)
class VppLicenceAdmin(ScopedAdmin):
    list_display = ("app", "tenant", "place", "used", "kind", "platforms")
    list_select_related = ("tenant", "location")
    list_filter = (("tenant", ScopedFilter), ("location", ScopedFilter), FreeFilter)
    search_fields = ("adam_id",)
    fields = readonly_fields = (
        "app", "tenant", "place", "used", "holders", "waiting", "retired_count", "kind", "platforms", "rules", "page",
        "updated_at",
    )  # fmt: skip
    linked_lookups = ("location__id__exact",)
    actions_detail = ("install",)

    @page_action("Install on devices", role=Role.OPERATOR, icon="install_mobile", variant="primary")
    def install(self, request: HttpRequest, object_id: str) -> HttpResponse:
        licence: VppLicence = self.own_object(request, object_id, Role.OPERATOR)
        app = StoreApp.objects.filter(tenant_id=licence.tenant_id, apple_app_id=licence.adam_id).first()
        known = {"app_id": licence.adam_id, "bundle_identifier": app.bundle_id if app else ""}
        return redirect(install_url("VPP_APP_INSTALL", licence.tenant_id, **known))

    def hidden_actions(self, obj: VppLicence) -> frozenset[str]:
        return frozenset() if obj.is_device_assignable else frozenset({"install"})

    def get_queryset(self, request: HttpRequest) -> QuerySet[VppLicence]:
        rows: QuerySet[VppLicence] = named(super().get_queryset(request).defer("location__notification_secret"))
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By Apple's id, or by the name that the store tells."""
        found, twice = super().get_search_results(request, queryset, search_term)
        return (found | queryset.filter(app_name__icontains=search_term), twice) if search_term else (found, twice)

    @admin.display(description="app", ordering="app_name")
    def app(self, obj: Any) -> SafeString:
        return title_of(obj)

    @admin.display(description="location", ordering="location__name")
    def place(self, obj: VppLicence) -> SafeString:
        return display.link(obj.location)

    @admin.display(description="in use", ordering="available_count")
    def used(self, obj: VppLicence) -> SafeString:
        return stock(obj.total_count, obj.assigned_count, obj.available_count)

    @admin.display(description="kind")
    def kind(self, obj: VppLicence) -> str:
        quality = "" if obj.pricing_param == "STDQ" else f", {obj.pricing_param}"
        return f"{obj.product_type or 'App'}{quality}"

    @admin.display(description="platforms")
    def platforms(self, obj: VppLicence) -> str:
        return ", ".join(obj.supported_platforms) or display.EMPTY

    @admin.display(description="who has one")
    def holders(self, obj: VppLicence) -> SafeString:
        url = list_of("vppassignment", adam_id=obj.adam_id, location__id__exact=obj.location_id)
        return format_html('<a class="mu-link" href="{}">{}</a>', url, f"{obj.assigned_count:,} devices and people")

    @admin.display(description="on their way")
    def waiting(self, obj: VppLicence) -> str:
        same = {"adam_id": obj.adam_id, "pricing_param": obj.pricing_param}
        rows = VppAssignment.objects.filter(location_id=obj.location_id, **same)
        counts = rows.aggregate(
            open=Count("pk", filter=Q(state__in=OPEN)), failed=Count("pk", filter=Q(state=VppAssignment.State.FAILED))
        )
        return f"{counts['open']:,} asked for, {counts['failed']:,} failed"

    @admin.display(description="Apple allows")
    def rules(self, obj: VppLicence) -> SafeString:
        devices = "to devices" if obj.is_device_assignable else "to people only"
        back = "they can be taken back" if obj.is_revocable else "they cannot be taken back"
        return display.lines([f"assigning {devices}; {back}"])

    @admin.display(description="store record")
    def page(self, obj: Any) -> SafeString:
        if obj.store_app is None:
            return display.lines([])
        url = reverse("admin:apps_domain_storeapp_change", args=[obj.store_app])
        return format_html('<a class="mu-link" href="{}">{}</a>', url, obj.app_name or obj.adam_id)
