"""Licences of Apps and Books: where they lie, how many are free, who has one."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps_domain.admin.display import app_title, install_url
from apps_domain.models import StoreApp, VppAssignment, VppLicence, VppLocation
from apps_domain.models.licences import UNKNOWN_UID, UNLIMITED
from apps_domain.nudges import nudge_sync
from apps_domain.services.licence_locations import request_sync, take_over_location
from devices.models import Device
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import ChoicesFilter, ScopedFilter, SimpleListFilter
from tenants.models import Role

STATES = {
    VppAssignment.State.WANTED: ("to be asked for", "info"),
    VppAssignment.State.SENT: ("asked for", "info"),
    VppAssignment.State.ASSIGNED: ("assigned", "success"),
    VppAssignment.State.UNWANTED: ("to be given back", "warning"),
    VppAssignment.State.RELEASING: ("being given back", "warning"),
    VppAssignment.State.FAILED: ("failed", "danger"),
}
OPEN = (VppAssignment.State.WANTED, VppAssignment.State.SENT)


def named(rows: QuerySet[Any]) -> Any:
    """With what the store says about the app."""
    app = StoreApp.objects.filter(tenant=OuterRef("tenant"), apple_app_id=OuterRef("adam_id"))
    return rows.annotate(
        app_name=Subquery(app.values("name")[:1]),
        app_icon=Subquery(app.values("icon_url")[:1]),
        store_app=Subquery(app.values("pk")[:1]),
    )


def title_of(row: Any) -> SafeString:
    return app_title(row.app_name or f"Apple's app {row.adam_id}", row.adam_id, row.app_icon or "")


def list_of(model: str, **filters: Any) -> str:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return f"{reverse(f'admin:apps_domain_{model}_changelist')}?{query}"


def stock(total: int, assigned: int, available: int) -> SafeString:
    """A bar of how many are in use, and the same in words."""
    if total >= UNLIMITED:
        return format_html('<span class="mu-progress-words">{} in use, no limit</span>', f"{assigned:,}")
    share = f"{100 * min(assigned, total) / total:.1f}" if total else "0"
    bar = "mu-bar-failed" if total and not available else "mu-bar-done"
    return format_html(
        '<span class="mu-progress"><i class="{}" style="width: {}%"></i></span>'
        '<span class="mu-progress-words">{} of {} in use, {} free</span>',
        bar, share, f"{assigned:,}", f"{total:,}", f"{available:,}",
    )  # fmt: skip


class FreeFilter(SimpleListFilter):
    title, parameter_name = "stock", "stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("free", "Some free"), ("none", "None free")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        meant = {"free": {"available_count__gt": 0}, "none": {"available_count": 0}}
        return queryset.filter(**meant.get(str(self.value()), {}))


class TroubleFilter(SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("fine", "In order"), ("stopped", "Stopped")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("fine", "stopped"):
            return queryset
        return queryset.filter(problem="") if self.value() == "fine" else queryset.exclude(problem="")


@admin.register(VppLocation)
class VppLocationAdmin(ScopedAdmin):
    list_display = ("location", "tenant", "condition", "licence_count", "read", "token_end")
    list_select_related = ("tenant", "token")
    list_filter = (("tenant", ScopedFilter), TroubleFilter)
    search_fields = ("name", "uid")
    fields = readonly_fields = (
        "location", "tenant", "condition", "problem_told", "trouble_told", "country_told", "apple_id", "licence_count",
        "assignment_count", "read", "next_read", "notifications", "token_told", "created_at",
    )  # fmt: skip
    actions_detail = ("sync_now", "take_over")

    def get_queryset(self, request: HttpRequest) -> QuerySet[VppLocation]:
        rows: QuerySet[VppLocation] = super().get_queryset(request).defer("notification_secret", "token__token")
        return rows.annotate(
            licences_here=Subquery(
                VppLicence.objects.filter(location=OuterRef("pk"))
                .order_by()
                .values("location")
                .annotate(number=Count("pk"))
                .values("number")
            )
        )

    @page_action("Sync now", role=Role.OPERATOR, icon="sync")
    def sync_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        location: VppLocation = self.own_object(request, object_id, Role.OPERATOR)

        def write() -> str:
            request_sync(location=location, actor=console_actor(request))
            nudge_sync()
            return "The licences are read at Apple as soon as a worker is free."

        return self.carry_out(request, location, write)

    @page_action("Take over", role=Role.ADMIN, icon="swap_horiz", variant="danger")
    def take_over(self, request: HttpRequest, object_id: str) -> HttpResponse:
        location: VppLocation = self.own_object(request, object_id, Role.ADMIN)
        if request.method != "POST":
            sentences = [
                location.problem,
                "After this Apple knows this server as the one that manages the location. The other one should stop "
                "at once: two of them take licences away from each other.",
                "Licences that are assigned stay assigned.",
            ]
            return self.confirm(
                request, location, title=f"Take {location} over?", sentences=sentences, button="Take over"
            )

        def write() -> str:
            take_over_location(location=location, actor=console_actor(request))
            nudge_sync()
            return "The location is taken over as soon as a worker is free."

        return self.carry_out(request, location, write)

    def hidden_actions(self, obj: VppLocation) -> frozenset[str]:
        foreign = bool(obj.problem) and not obj.needs_token and not obj.uid.startswith(UNKNOWN_UID)
        return frozenset() if foreign else frozenset({"take_over"})

    @admin.display(description="location", ordering="name")
    def location(self, obj: VppLocation) -> SafeString:
        return display.two_lines(obj.name or "not read yet", obj.country.upper())

    @admin.display(description="state")
    def condition(self, obj: VppLocation) -> SafeString:
        if obj.needs_token:
            return display.label("needs a new token", "danger", obj.problem)
        if obj.problem:
            return display.label("stopped", "danger", obj.problem)
        if obj.trouble:
            return display.label("Apple does not answer", "warning", obj.trouble)
        if obj.sync_claimed_at is not None:
            return display.label("being read", "info")
        return display.label("in order", "success") if obj.synced_at else display.label("not read yet", "info")

    @admin.display(description="problem")
    def problem_told(self, obj: VppLocation) -> str:
        return obj.problem or display.EMPTY

    @admin.display(description="last trouble")
    def trouble_told(self, obj: VppLocation) -> str:
        return f"{obj.trouble} It is tried again by itself." if obj.trouble else display.EMPTY

    @admin.display(description="country")
    def country_told(self, obj: VppLocation) -> str:
        return obj.country.upper() or display.EMPTY

    @admin.display(description="Apple's id")
    def apple_id(self, obj: VppLocation) -> str:
        return display.EMPTY if obj.uid.startswith(UNKNOWN_UID) else obj.uid

    @admin.display(description="licences")
    def licence_count(self, obj: Any) -> SafeString:
        url = list_of("vpplicence", location__id__exact=obj.pk)
        return format_html('<a class="mu-link" href="{}">{} apps</a>', url, f"{obj.licences_here or 0:,}")

    @admin.display(description="assignments")
    def assignment_count(self, obj: VppLocation) -> SafeString:
        url = list_of("vppassignment", location__id__exact=obj.pk)
        return format_html('<a class="mu-link" href="{}">{}</a>', url, f"{obj.assignments.count():,}")

    @admin.display(description="read", ordering="synced_at")
    def read(self, obj: VppLocation) -> SafeString:
        return display.moment(obj.synced_at, never="never")

    @admin.display(description="next time")
    def next_read(self, obj: VppLocation) -> SafeString:
        return display.moment(obj.sync_due_at)

    @admin.display(description="notifications")
    def notifications(self, obj: VppLocation) -> SafeString:
        return display.lines(["Apple is asked to send changes at once; without them they are read every six hours."])

    @admin.display(description="token ends", ordering="token__token_expiry_on")
    def token_end(self, obj: VppLocation) -> SafeString:
        return display.moment(obj.token.token_expiry_on)

    @admin.display(description="token")
    def token_told(self, obj: VppLocation) -> SafeString:
        return format_html("{}, ends {}", display.link(obj.token), display.distance(obj.token.token_expiry_on))


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
