"""Blueprints: the list, a blueprint's page, and what can be done with it."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from commands.admin.blueprint_actions import converge_all_page, delete_page, publish_page, restore_page
from commands.admin.blueprint_assign import assign_page
from commands.admin.blueprint_diff import diff_page
from commands.admin.blueprint_display import versions_label
from commands.admin.blueprint_editor import ADD_URL, edit_page, new_page
from commands.admin.blueprint_page import blueprint_page
from commands.admin.blueprint_standing import annotated_standings, bar, with_standings
from devices.models import Blueprint, BlueprintImage
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, list_button, page_action
from tenants.admin.filters import ScopedFilter, SimpleListFilter
from tenants.models import Role, Tenant

RESTORE_URL = "devices_blueprint_restore"
IMAGE_TYPES = ("image/png", "image/jpeg")


class VersionFilter(SimpleListFilter):
    title, parameter_name = "version", "version_state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("published", "Published"), ("draft", "With a newer draft"), ("never", "Never published")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Blueprint]) -> QuerySet[Blueprint]:
        value = self.value()
        if value == "never":
            return queryset.filter(published_version=None)
        rows = queryset.filter(published_version__isnull=False)
        if value == "draft":
            return rows.exclude(latest_version=F("published_version"))
        return rows if value == "published" else queryset


@admin.register(Blueprint)
class BlueprintAdmin(ScopedAdmin):
    list_display = ("name", "version", "devices", "changed", "tenant")
    list_filter = (("tenant", ScopedFilter), VersionFilter)
    search_fields = ("name", "=id")
    search_help_text = "Name, or the id in the API"
    ordering = ("name", "id")
    fields = readonly_fields = ()
    actions_list = ("add_new",)
    actions_detail = ("edit", "publish", "assign", "converge_all", "delete_this")
    change_form_template = "admin/devices/blueprint/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Blueprint]:
        rows = super().get_queryset(request).select_related("tenant", "latest_version", "published_version")
        unread = ("latest_version__secret_settings", "published_version__secret_settings")
        return rows.defer(*unread)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Only the list counts devices: choices of blueprints elsewhere come from `get_queryset` too."""

        class Counted(super().get_changelist(request, **kwargs)):  # type: ignore[misc]
            def get_queryset(self, *args: Any, **more: Any) -> QuerySet[Blueprint]:
                return with_standings(super().get_queryset(*args, **more))

        return Counted

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("images/<uuid:image_id>/", wrap(self.image_view), name="devices_blueprint_image"),
            path("new/", wrap(self.new_view), name=ADD_URL),
            path("<uuid:blueprint_id>/diff/", wrap(self.diff_view), name="devices_blueprint_diff"),
            path("<uuid:blueprint_id>/restore/<uuid:version_id>/", wrap(self.restore_view), name=RESTORE_URL),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        shown = {}
        if row is not None:
            may_operate = self.may(request, Role.OPERATOR, row)
            shown = blueprint_page(row, asked=request.GET.get("version", ""), may_operate=may_operate)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def image_view(self, request: HttpRequest, image_id: Any) -> HttpResponse:
        """A wallpaper or icon of the user's tenants; no browser is to take it for anything else than an image."""
        tenants = self.choices_of(Tenant, request, self.view_role)
        row = BlueprintImage.objects.filter(pk=image_id, tenant__in=tenants).first()
        if row is None or row.content_type not in IMAGE_TYPES:
            raise Http404("No image has this id.")
        answer = HttpResponse(bytes(row.image), content_type=row.content_type)
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, max-age=86400"
        return answer

    # Writing --------------------------------------------------------------------------------------------------------
    @list_button("New blueprint", icon="add")
    def add_new(self, request: HttpRequest) -> HttpResponse:
        return redirect(f"admin:{ADD_URL}")

    def new_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_operate_permission(request):
            raise Http404
        return new_page(self, request)

    @page_action("Edit", role=Role.OPERATOR, icon="edit", variant="primary")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return edit_page(self, request, self.own_object(request, object_id, Role.OPERATOR))

    @page_action("Publish", role=Role.OPERATOR, icon="publish")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return publish_page(self, request, self.own_object(request, object_id, Role.OPERATOR))

    @page_action("Assign", role=Role.OPERATOR, icon="assignment_turned_in")
    def assign(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return assign_page(self, request, self.own_object(request, object_id, Role.OPERATOR))

    @page_action("Converge all", role=Role.OPERATOR, icon="sync")
    def converge_all(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return converge_all_page(self, request, self.own_object(request, object_id, Role.OPERATOR))

    @page_action("Delete", role=Role.OPERATOR, icon="delete", variant="danger")
    def delete_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return delete_page(self, request, self.own_object(request, object_id, Role.OPERATOR))

    def restore_view(self, request: HttpRequest, blueprint_id: Any, version_id: Any) -> HttpResponse:
        blueprint: Blueprint = self.own_object(request, str(blueprint_id), Role.OPERATOR)
        return restore_page(self, request, blueprint, version_id)

    def hidden_actions(self, obj: Blueprint) -> frozenset[str]:
        is_published = obj.latest_version_id == obj.published_version_id
        hidden = {"publish"} if is_published else set()
        return frozenset(hidden if obj.published_version_id else {*hidden, "converge_all"})

    # Versions -------------------------------------------------------------------------------------------------------
    def diff_view(self, request: HttpRequest, blueprint_id: Any) -> HttpResponse:
        blueprint: Blueprint = self.own_object(request, str(blueprint_id), Role.VIEWER)
        return diff_page(self, request, blueprint)

    # Columns --------------------------------------------------------------------------------------------------------
    @admin.display(description="version")
    def version(self, obj: Blueprint) -> SafeString:
        return versions_label(obj)

    @admin.display(description="devices")
    def devices(self, obj: Any) -> SafeString:
        return bar(annotated_standings(obj))

    @admin.display(description="changed", ordering="updated_at")
    def changed(self, obj: Blueprint) -> SafeString:
        return display.two_lines(display.moment(obj.updated_at), obj.updated_by)
