"""MDM servers at Apple: whether they are read, what became of their devices, which profile those get."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from onboarding.admin.dep_display import HERE, list_of, profile_link, with_default_profile
from onboarding.admin.dep_server_page import server_label, server_page
from onboarding.models import DepDevice, DepServer
from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.filters import ScopedFilter, SimpleListFilter
from tenants.models import DepToken


class StateFilter(SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("fine", "In order"), ("stopped", "Stopped")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("fine", "stopped"):
            return queryset
        return queryset.filter(problem="") if self.value() == "fine" else queryset.exclude(problem="")


@admin.register(DepServer)
class DepServerAdmin(ScopedAdmin):
    list_display = ("title", "tenant", "condition", "device_total", "wanted", "read", "next_read", "token_end")
    list_display_links = ("title",)
    list_select_related = ("tenant", "profile")
    list_filter = (("tenant", ScopedFilter), StateFilter)
    search_fields = ("name",)
    fields = readonly_fields = ()
    change_form_template = "admin/onboarding/depserver/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DepServer]:
        tokens = DepToken.objects.filter(
            tenant=OuterRef("tenant"), server_key=OuterRef("server_key"), state=DepToken.State.COMPLETED
        ).order_by()
        devices = DepDevice.objects.filter(HERE, server=OuterRef("pk")).order_by()
        rows: QuerySet[DepServer] = with_default_profile(super().get_queryset(request)).annotate(
            token_ends=Subquery(tokens.values("server_key").annotate(last=Max("token_expiry_on")).values("last")),
            devices_here=Subquery(devices.values("server").annotate(number=Count("pk")).values("number")),
        )
        return rows.defer("cursor")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        server = self.get_object(request, object_id)
        shown = server_page(server) if server is not None else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    # Columns --------------------------------------------------------------------------------------------------------
    @admin.display(description="server", ordering="name")
    def title(self, obj: DepServer) -> SafeString:
        return display.two_lines(str(obj), obj.account.get("org_name", ""))

    @admin.display(description="state")
    def condition(self, obj: DepServer) -> SafeString:
        return server_label(obj)

    @admin.display(description="devices")
    def device_total(self, obj: Any) -> SafeString:
        url = list_of("depdevice", server__id__exact=obj.pk)
        return format_html('<a class="mu-link mu-number" href="{}">{}</a>', url, f"{obj.devices_here or 0:,}")

    @admin.display(description="profile")
    def wanted(self, obj: DepServer) -> SafeString:
        return profile_link(obj, obj.profile)

    @admin.display(description="read", ordering="synced_at")
    def read(self, obj: DepServer) -> SafeString:
        return display.moment(obj.synced_at, "never")

    @admin.display(description="next time", ordering="sync_due_at")
    def next_read(self, obj: DepServer) -> SafeString:
        return display.moment(obj.sync_due_at)

    @admin.display(description="token ends", ordering="token_ends")
    def token_end(self, obj: Any) -> SafeString:
        return display.moment(obj.token_ends, "no token")
