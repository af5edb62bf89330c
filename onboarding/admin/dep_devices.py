"""Devices in Apple's list: which profile they are to have, and what became of that."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from commands.admin.display import device_label
from onboarding.admin.dep_choose import (
    GIVE_URL,
    LATER,
    assign_again,
    devices_refused,
    give_page,
    give_posted,
    selected,
)
from onboarding.admin.dep_device_page import device_cards
from onboarding.admin.dep_display import (
    apples_words,
    profile_link,
    standing_label,
    trouble_of,
    with_default_profile,
)
from onboarding.admin.dep_filters import StandingFilter, WantedProfileFilter
from onboarding.models import DepDevice
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import ScopedFilter
from tenants.models import Role

UNREAD = ("device__search_text", "device__policy", "server__cursor", "server__account")


@admin.register(DepDevice)
class DepDeviceAdmin(ScopedAdmin):
    list_display = ("title", "tenant", "known_as", "place", "wanted", "assignment", "trouble")
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
    fields = readonly_fields = ()
    change_form_template = "admin/onboarding/depdevice/page.html"
    actions = ("give_to_selected", "assign_selected_again")
    actions_detail = ("give_profile", "assign_this_again")

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

    def get_urls(self) -> list[URLPattern]:
        give = path("give-profile/", self.admin_site.admin_view(self.give_view), name=GIVE_URL)
        return [give, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        shown = {"title": str(row), "cards": device_cards(row)} if row is not None else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    # What is done ---------------------------------------------------------------------------------------------------
    @admin.action(description="Give selected devices another profile", permissions=["operate"])
    def give_to_selected(self, request: HttpRequest, queryset: QuerySet[DepDevice]) -> HttpResponse | None:
        rows = self._chosen(request, queryset)
        return give_page(self, request, rows) if rows else None

    @admin.action(description="Assign profiles of selected devices again", permissions=["operate"])
    def assign_selected_again(self, request: HttpRequest, queryset: QuerySet[DepDevice]) -> None:
        rows = self._chosen(request, queryset)
        if rows:
            self.message_user(request, assign_again(self, request, rows), messages.SUCCESS)

    def _chosen(self, request: HttpRequest, queryset: QuerySet[DepDevice]) -> list[DepDevice]:
        """None, and said why, if nothing can be done with them."""
        rows = selected(queryset)
        refusal = devices_refused(self, request, rows)
        if refusal:
            self.message_user(request, refusal, messages.ERROR)
        return [] if refusal else rows

    def give_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_operate_permission(request):
            raise Http404
        return give_posted(self, request)

    @page_action("Give another profile", role=Role.OPERATOR, icon="tune")
    def give_profile(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return give_page(self, request, [self.own_object(request, object_id, Role.OPERATOR)])

    @page_action("Assign again", role=Role.OPERATOR, icon="restart_alt")
    def assign_this_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row: DepDevice = self.own_object(request, object_id, Role.OPERATOR)
        if request.method == "POST":
            return self.carry_out(request, row, lambda: assign_again(self, request, [row]))
        sentences = ["Apple is asked to give it its profile, whatever became of that before.", LATER]
        return self.confirm(
            request, row, title=f"Assign the profile of {row} again?", sentences=sentences, button="Assign again"
        )

    def hidden_actions(self, obj: DepDevice) -> frozenset[str]:
        return frozenset({"give_profile", "assign_this_again"}) if obj.removed_at else frozenset()

    # Columns --------------------------------------------------------------------------------------------------------
    @admin.display(description="device", ordering="serial")
    def title(self, obj: DepDevice) -> SafeString:
        return display.two_lines(obj.serial, obj.model or obj.description)

    @admin.display(description="known as")
    def known_as(self, obj: DepDevice) -> SafeString:
        return display.two_lines(display.link(obj.device), "" if obj.removed_at else device_label(obj.device))

    @admin.display(description="server", ordering="server__name")
    def place(self, obj: DepDevice) -> SafeString:
        return display.link(obj.server)

    @admin.display(description="profile")
    def wanted(self, obj: DepDevice) -> SafeString:
        return profile_link(obj, obj.own_profile or obj.server.profile)

    @admin.display(description="assignment")
    def assignment(self, obj: DepDevice) -> SafeString:
        told = display.moment(obj.removed_at) if obj.removed_at else f"Apple: {apples_words(obj)}"
        return display.two_lines(standing_label(obj), told)

    @admin.display(description="trouble")
    def trouble(self, obj: DepDevice) -> SafeString | str:
        return trouble_of(obj) or display.EMPTY
