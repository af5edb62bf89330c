"""Locations of licences: read, troubled, taken over."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps_domain.admin.licence_display import list_of
from apps_domain.models import VppLicence, VppLocation
from apps_domain.models.licences import UNKNOWN_UID
from apps_domain.nudges import nudge_sync
from apps_domain.services.licence_locations import request_sync, take_over_location
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import ScopedFilter, SimpleListFilter
from tenants.models import Role


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
        if request.method != "POST":
            sentences = ["All licences of the location and who has them are read at Apple."]
            return self.confirm(
                request, location, title=f"Sync {location} now?", sentences=sentences, button="Sync now"
            )

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
