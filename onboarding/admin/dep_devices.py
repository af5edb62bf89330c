"""Devices in Apple's list: which profile they are to have, and what became of that."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from commands.admin.display import device_label
from onboarding.admin.dep_display import (
    apples_word,
    profile_link,
    standing_label,
    trouble_of,
    with_default_profile,
)
from onboarding.admin.dep_filters import StandingFilter, WantedProfileFilter
from onboarding.models import DepDevice
from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.filters import ScopedFilter

UNREAD = ("device__search_text", "device__policy", "server__cursor", "server__account")


@admin.register(DepDevice)
class DepDeviceAdmin(ScopedAdmin):
    list_display = ("title", "tenant", "known_as", "place", "wanted", "assignment", "trouble", "seen")
    list_display_links = ("title",)
    list_filter = (
        ("tenant", ScopedFilter),
        ("server", ScopedFilter),
        WantedProfileFilter,
        StandingFilter,
    )
    search_fields = ("serial",)
    search_help_text = "Serial number, name or model"
    ordering = ("tenant_id", "serial")  # as the index has it
    fields = readonly_fields = (
        "serial", "tenant", "known_as", "told", "place", "wanted", "own", "assignment", "trouble", "assign_tried_at",
        "our_uuid", "apples_status", "apples_uuid", "profile_assigned_at", "profile_pushed_at", "asset_tag",
        "assigned_by", "last_change", "removed_at", "seen_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[DepDevice]:
        rows = super().get_queryset(request).select_related("tenant", "device", "own_profile", "server__profile")
        named: QuerySet[DepDevice] = with_default_profile(rows.defer(*UNREAD))
        return named

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DepDevice], search_term: str
    ) -> tuple[QuerySet[DepDevice], bool]:
        """By what the device list searches, which the trigram index serves."""
        term = search_term.strip().lower()
        return (queryset.filter(device__search_text__contains=term) if term else queryset), False

    # Columns --------------------------------------------------------------------------------------------------------
    @admin.display(description="device", ordering="serial")
    def title(self, obj: DepDevice) -> SafeString:
        return display.two_lines(obj.serial, obj.description or obj.model)

    @admin.display(description="known as")
    def known_as(self, obj: DepDevice) -> SafeString:
        return display.two_lines(display.link(obj.device), device_label(obj.device))

    @admin.display(description="server", ordering="server__name")
    def place(self, obj: DepDevice) -> SafeString:
        return display.link(obj.server)

    @admin.display(description="profile")
    def wanted(self, obj: DepDevice) -> SafeString:
        return profile_link(obj, obj.own_profile or obj.server.profile)

    @admin.display(description="assignment")
    def assignment(self, obj: DepDevice) -> SafeString:
        return display.two_lines(standing_label(obj), "" if obj.removed_at else f"Apple: {obj.profile_status}")

    @admin.display(description="trouble")
    def trouble(self, obj: DepDevice) -> SafeString | str:
        return trouble_of(obj) or display.EMPTY

    @admin.display(description="in Apple's list", ordering="seen_at")
    def seen(self, obj: DepDevice) -> SafeString:
        if obj.removed_at:
            return display.two_lines("not any more", display.moment(obj.removed_at))
        return display.moment(obj.seen_at)

    # Facts of the page ----------------------------------------------------------------------------------------------
    @admin.display(description="what it is")
    def told(self, obj: DepDevice) -> SafeString:
        facts = [obj.description, obj.model, obj.color, " ".join(filter(None, [obj.device_family, obj.os]))]
        return display.lines([fact for fact in facts if fact])

    @admin.display(description="profile comes from")
    def own(self, obj: DepDevice) -> str:
        if obj.own_profile is not None:
            return "the device, which was given its own"
        return "its server" if obj.server.profile is not None else "the tenant's default"

    @admin.display(description="assigned by us as")
    def our_uuid(self, obj: DepDevice) -> SafeString | str:
        return display.code(obj.assigned_uuid) if obj.assigned_uuid else display.EMPTY

    @admin.display(description="profile, says Apple")
    def apples_status(self, obj: DepDevice) -> SafeString:
        return apples_word(obj)

    @admin.display(description="its uuid, says Apple")
    def apples_uuid(self, obj: DepDevice) -> SafeString | str:
        return display.code(obj.profile_uuid) if obj.profile_uuid else display.EMPTY

    @admin.display(description="put on this server by")
    def assigned_by(self, obj: DepDevice) -> SafeString:
        return display.two_lines(obj.device_assigned_by or display.EMPTY, display.exact(obj.device_assigned_at))

    @admin.display(description="last change at Apple")
    def last_change(self, obj: DepDevice) -> SafeString:
        return display.two_lines(obj.op_type or display.EMPTY, display.exact(obj.op_at))
