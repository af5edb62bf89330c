"""Which device has which licence, and how it stands with those that are asked for."""

from typing import Any

from django.contrib import admin
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps_domain.admin.licence_display import named, title_of
from apps_domain.models import VppAssignment
from devices.models import Device
from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.filters import ChoicesFilter, ScopedFilter

STATES = {
    VppAssignment.State.WANTED: ("to be asked for", "info"),
    VppAssignment.State.SENT: ("asked for", "info"),
    VppAssignment.State.ASSIGNED: ("assigned", "success"),
    VppAssignment.State.UNWANTED: ("to be given back", "warning"),
    VppAssignment.State.RELEASING: ("being given back", "warning"),
    VppAssignment.State.FAILED: ("failed", "danger"),
}


@admin.register(VppAssignment)
class VppAssignmentAdmin(ScopedAdmin):
    list_display = ("app", "tenant", "holder", "condition", "told", "since")
    list_select_related = ("tenant", "location")
    list_filter = (("tenant", ScopedFilter), ("location", ScopedFilter), ("state", ChoicesFilter))
    search_fields = ("=serial", "=adam_id", "=client_user_id")
    fields = readonly_fields = (
        "app",
        "tenant",
        "holder",
        "place",
        "condition",
        "told",
        "attempts",
        "created_at",
        "since",
    )
    linked_lookups = ("location__id__exact", "adam_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[VppAssignment]:
        device = Device.objects.filter(tenant=OuterRef("tenant"), serial=OuterRef("serial")).exclude(serial="")
        rows = named(super().get_queryset(request).defer("location__notification_secret"))
        devices: QuerySet[VppAssignment] = rows.annotate(
            device_id=Subquery(device.order_by("state", "-created_at").values("pk")[:1]),
            device_name=Subquery(device.order_by("state", "-created_at").values("name")[:1]),
        ).order_by(F("updated_at").desc(), "id")
        return devices

    @admin.display(description="app")
    def app(self, obj: Any) -> SafeString:
        return title_of(obj)

    @admin.display(description="for")
    def holder(self, obj: Any) -> SafeString:
        if not obj.serial:
            return display.two_lines(obj.client_user_id, "a person, assigned elsewhere")
        if obj.device_id is None:
            return display.two_lines(obj.serial, "no device of this server")
        url = reverse("admin:devices_device_change", args=[obj.device_id])
        name = format_html('<a class="mu-link" href="{}">{}</a>', url, obj.device_name or obj.serial)
        return display.two_lines(name, obj.serial)

    @admin.display(description="location")
    def place(self, obj: VppAssignment) -> SafeString:
        return display.link(obj.location)

    @admin.display(description="state", ordering="state")
    def condition(self, obj: VppAssignment) -> SafeString:
        words, kind = STATES[VppAssignment.State(obj.state)]
        return display.label(words, kind)

    @admin.display(description="reason")
    def told(self, obj: VppAssignment) -> str:
        return obj.reason or display.EMPTY

    @admin.display(description="since", ordering="updated_at")
    def since(self, obj: VppAssignment) -> SafeString:
        return display.moment(obj.updated_at)
