"""A tenant's own apps: uploaded, looked at, and deleted version by version."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.views.decorators.csrf import csrf_exempt

from apps_domain.admin.app_upload import UploadForm, UploadPage, upload_page
from apps_domain.admin.display import app_title, size
from apps_domain.admin.tenant_app_page import icon_address, signing_label, tenant_app_page
from apps_domain.models import AppType, DeviceApp, TenantApp, TenantAppVersion
from apps_domain.services.files import Stored
from apps_domain.services.tenant_apps import add_tenant_app_version, delete_tenant_app_version
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, list_button
from tenants.admin.filters import ScopedFilter
from tenants.models import Role

UPLOAD_URL = "apps_domain_tenantapp_upload"
DELETE_URL = "apps_domain_tenantapp_delete_version"


@admin.register(TenantApp)
class TenantAppAdmin(ScopedAdmin):
    list_display = ("app", "tenant", "version", "versions", "file_size", "signing", "installs", "changed")
    list_select_related = ("tenant",)
    list_filter = (("tenant", ScopedFilter),)
    search_fields = ("app_name", "package_name")
    fields = readonly_fields = ("app", "tenant", "our_id")
    actions_list = ("upload",)
    change_form_template = "admin/apps_domain/tenantapp/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[TenantApp]:
        newest = TenantAppVersion.objects.select_related("file", "icon").order_by("-created_at", "id")[:1]
        installs = DeviceApp.objects.filter(
            tenant=OuterRef("tenant"), app_type=AppType.TENANT_IOS, app_id=OuterRef("pk")
        ).order_by()
        rows: QuerySet[TenantApp] = super().get_queryset(request)
        return rows.prefetch_related(Prefetch("versions", newest, to_attr="newest")).annotate(
            held=Count("versions"),
            on_devices=Subquery(installs.values("app_id").annotate(number=Count("pk")).values("number")),
        )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("upload/", wrap(csrf_exempt(self.upload_view)), name=UPLOAD_URL),
            path("<uuid:app_id>/versions/<uuid:version_id>/delete/", wrap(self.delete_version_view), name=DELETE_URL),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        app = self.get_object(request, object_id)
        shown = tenant_app_page(app, may_operate=self.may(request, Role.OPERATOR, app)) if app else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    # Upload and deletion --------------------------------------------------------------------------------------------
    @list_button("Upload an app", icon="upload")
    def upload(self, request: HttpRequest) -> HttpResponse:
        return redirect(f"admin:{UPLOAD_URL}")

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Checks the token of its form by itself, after the file has gone where it belongs."""
        if not self.has_operate_permission(request):
            raise Http404
        template = "admin/apps_domain/tenantapp/upload.html"
        return upload_page(UploadPage(self, "Upload an app", template, ".ipa", UploadForm, self._store), request)

    def _store(self, request: HttpRequest, fields: dict[str, Any], stored: Stored) -> str:
        version = add_tenant_app_version(tenant=fields["tenant"], stored=stored, actor=console_actor(request))
        self.message_user(request, f"{version} is stored.", messages.SUCCESS)
        return self.url_of(version.app)

    def delete_version_view(self, request: HttpRequest, app_id: Any, version_id: Any) -> HttpResponse:
        app: TenantApp = self.own_object(request, str(app_id), Role.OPERATOR)
        version = TenantAppVersion.objects.filter(app=app, pk=version_id).first()
        if version is None:
            raise Http404("No version of this app has this id.")
        if request.method != "POST":
            installs = DeviceApp.objects.filter(tenant=app.tenant, app_version_id=version.pk).count()
            told = f"It is on {installs:,} devices, which keep it." if installs else "It is on no device."
            sentences = [f"{version} can no longer be installed after that. {told}"]
            return self.confirm(request, app, title=f"Delete {version}?", sentences=sentences, button="Delete")
        return self.carry_out(request, app, lambda: self._delete(request, app, version))

    def _delete(self, request: HttpRequest, app: TenantApp, version: TenantAppVersion) -> str:
        delete_tenant_app_version(
            tenant=app.tenant, app_id=str(app.pk), version_id=str(version.pk), actor=console_actor(request)
        )
        return f"{version} was deleted."

    # Columns --------------------------------------------------------------------------------------------------------
    def newest(self, obj: Any) -> TenantAppVersion | None:
        return obj.newest[0] if obj.newest else None

    @admin.display(description="app", ordering="app_name")
    def app(self, obj: TenantApp) -> SafeString:
        return app_title(obj.app_name, obj.package_name, icon_address(self.newest(obj)))

    @admin.display(description="id in the API")
    def our_id(self, obj: TenantApp) -> SafeString:
        return display.copyable(str(obj.pk))

    @admin.display(description="newest version")
    def version(self, obj: TenantApp) -> SafeString | str:
        newest = self.newest(obj)
        return display.two_lines(newest.version_name, newest.build_number) if newest else display.EMPTY

    @admin.display(description="versions", ordering="held")
    def versions(self, obj: Any) -> str:
        return f"{obj.held:,}"

    @admin.display(description="size")
    def file_size(self, obj: TenantApp) -> str:
        newest = self.newest(obj)
        return size(newest.file.size) if newest else display.EMPTY

    @admin.display(description="signing")
    def signing(self, obj: TenantApp) -> SafeString | str:
        newest = self.newest(obj)
        return signing_label(newest) if newest else display.EMPTY

    @admin.display(description="on devices")
    def installs(self, obj: Any) -> str:
        return f"{obj.on_devices:,}" if obj.on_devices else display.EMPTY

    @admin.display(description="changed", ordering="updated_at")
    def changed(self, obj: TenantApp) -> SafeString:
        return display.moment(obj.updated_at)
