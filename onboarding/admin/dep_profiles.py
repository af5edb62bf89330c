"""Profiles of device assignment: how devices set themselves up when they are switched on."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commands.admin.send_targets import counted
from config.api.errors import ApplicationError
from onboarding.admin.dep_profile_editor import devices_wanting, edit_page, new_page
from onboarding.admin.dep_profile_page import in_use, profile_page
from onboarding.admin.pane_words import in_words, told_number
from onboarding.models import DepProfile, DepProfileDefinition
from onboarding.services.dep.profiles import delete_profile, save_profile
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, list_button, page_action
from tenants.admin.filters import ScopedFilter
from tenants.models import Role

ADD_URL = "onboarding_depprofile_new"


@admin.register(DepProfile)
class DepProfileAdmin(ScopedAdmin):
    list_display = ("title", "tenant", "panes", "rules", "minimum", "group", "at_apple", "changed")
    list_display_links = ("title",)
    list_select_related = ("tenant", "group")
    list_filter = (("tenant", ScopedFilter),)
    search_fields = ("name",)
    ordering = ("-is_default", "name", "id")
    fields = readonly_fields = ()
    actions_list = ("add_new",)
    actions_detail = ("edit", "make_default", "delete_this")
    change_form_template = "admin/onboarding/depprofile/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DepProfile]:
        refused = DepProfileDefinition.objects.filter(profile=OuterRef("pk")).exclude(problem="")
        rows: QuerySet[DepProfile] = super().get_queryset(request).defer("token")
        return rows.annotate(known_at=Count("definitions"), is_refused=Exists(refused))

    def get_urls(self) -> list[URLPattern]:
        new = path("new/", self.admin_site.admin_view(self.new_view), name=ADD_URL)
        return [new, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        profile = self.get_object(request, object_id)
        shown = profile_page(profile) if profile is not None else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    # Writing --------------------------------------------------------------------------------------------------------
    @list_button("New profile", icon="add")
    def add_new(self, request: HttpRequest) -> HttpResponse:
        return redirect(f"admin:{ADD_URL}")

    def new_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_operate_permission(request):
            raise Http404
        return new_page(self, request)

    @page_action("Edit", role=Role.OPERATOR, icon="edit", variant="primary")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return edit_page(self, request, self.own_object(request, object_id, Role.OPERATOR))

    @page_action("Make it the default", role=Role.OPERATOR, icon="star")
    def make_default(self, request: HttpRequest, object_id: str) -> HttpResponse:
        profile: DepProfile = self.own_object(request, object_id, Role.OPERATOR)
        if request.method == "POST":
            return self.carry_out(request, profile, lambda: self._make_default(request, profile))
        sentences = [
            "All devices that have no other profile, by themselves or by their server, get this one at Apple.",
            "It counts when a device is set up next: one that is in use stays as it is.",
        ]
        return self.confirm(
            request, profile, title=f"Make {profile.name} the default?", sentences=sentences, button="Make it"
        )

    def _make_default(self, request: HttpRequest, profile: DepProfile) -> str:
        profile.is_default = True
        save_profile(profile=profile, actor=console_actor(request))
        number = counted(devices_wanting(profile))
        return f"{profile.name} is the default now; {number} are to have it, as soon as a worker is free."

    @page_action("Delete", role=Role.OPERATOR, icon="delete", variant="danger")
    def delete_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Only one that nobody has: a device that comes with it meanwhile would find nothing."""
        profile: DepProfile = self.own_object(request, object_id, Role.OPERATOR)
        users = "every device without another" if profile.is_default else in_use(profile)
        if users:
            said = f"{profile.name} is the profile of {users}. Give them another one first."
            self.message_user(request, said, messages.ERROR)
            return redirect(self.url_of(profile))
        if request.method != "POST":
            sentences = ["Nobody has it. This cannot be undone."]
            return self.confirm(
                request, profile, title=f"Delete the profile {profile.name}?", sentences=sentences, button="Delete"
            )
        try:
            delete_profile(profile=profile, actor=console_actor(request))
        except ApplicationError as error:
            self.message_user(request, error.message, messages.ERROR)
            return redirect(self.url_of(profile))
        self.message_user(request, f"The profile {profile.name} is deleted.", messages.SUCCESS)
        return redirect("admin:onboarding_depprofile_changelist")

    def hidden_actions(self, obj: DepProfile) -> frozenset[str]:
        return frozenset({"make_default", "delete_this"} if obj.is_default else ())

    # Columns --------------------------------------------------------------------------------------------------------
    @admin.display(description="profile", ordering="name")
    def title(self, obj: DepProfile) -> SafeString:
        return display.two_lines(obj.name, display.label("default", "info") if obj.is_default else "")

    @admin.display(description="panes shown")
    def panes(self, obj: DepProfile) -> SafeString:
        named = ", ".join(in_words(obj.show_setup_items))
        return format_html('<span title="{}">{}</span>', named, told_number(obj.show_setup_items))

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
