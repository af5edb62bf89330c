"""Apps that the operator publishes: for superusers to publish and withdraw, for tenants to look at and install."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.views.decorators.csrf import csrf_exempt
from unfold.widgets import UnfoldAdminSelectMultipleWidget, UnfoldAdminTextareaWidget

from apps_domain.admin.app_upload import UploadPage, upload_page
from apps_domain.admin.display import app_title
from apps_domain.admin.vendor_app_page import newest_icon, vendor_app_page, versions_seen
from apps_domain.models import DeviceApp, VendorApp, VendorAppVersion
from apps_domain.services.files import Stored
from apps_domain.services.vendor_apps import Words, publish_version, withdraw_version
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, list_button, roles_of, user_of
from tenants.admin.guide import FileInput
from tenants.models import Role, Tenant

PUBLISH_URL = "apps_domain_vendorapp_publish"
WITHDRAW_URL = "apps_domain_vendorapp_withdraw_version"


class PublishForm(forms.Form):
    file = forms.FileField(
        widget=FileInput(attrs={"class": "mu-file", "accept": ".ipa,.apk"}), label="App (.ipa or .apk)"
    )
    tenants: "forms.ModelMultipleChoiceField[Tenant]" = forms.ModelMultipleChoiceField(
        Tenant.objects.none(),
        required=False,
        label="For these tenants; for all of them, those to come too, if none is chosen",
        widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 6}),
    )
    description = forms.CharField(
        required=False, max_length=10_000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    release_notes = forms.CharField(
        required=False,
        max_length=10_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        label="What is new in it",
    )

    def __init__(self, page: ScopedAdmin, request: HttpRequest, *data: Any) -> None:
        super().__init__(*data)
        field = self.fields["tenants"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = page.choices_of(Tenant, request, Role.ADMIN).order_by("name")


@admin.register(VendorApp)
class VendorAppAdmin(ScopedAdmin):
    """Rows belong to no tenant: a member sees those with a version for a tenant of theirs, and writes nothing."""

    tenant_field = None
    list_display = ("app", "on", "newest", "versions", "created")
    list_filter = ("platform",)
    search_fields = ("app_name", "package_name")
    fields = readonly_fields = ("app", "on", "our_id")
    actions_list = ("publish",)
    change_form_template = "admin/apps_domain/vendorapp/page.html"

    def may(self, request: HttpRequest, role: Role | None, obj: Model | None = None) -> bool:
        user = user_of(request)
        reads = user.is_active and user.is_staff and role is Role.VIEWER
        return super().may(request, role, obj) or (reads and bool(roles_of(request)))

    def get_queryset(self, request: HttpRequest) -> QuerySet[VendorApp]:
        seen = versions_seen(request).filter(app=OuterRef("pk")).order_by("-created_at", "id")
        number = Concat("version_name", Value(" ("), "build_number", Value(")"))
        rows = VendorApp.objects.annotate(
            newest_id=Subquery(seen.values("pk")[:1]),
            newest_number=Subquery(seen.annotate(number=number).values("number")[:1]),
            held=Subquery(seen.order_by().values("app").annotate(held=Count("pk", distinct=True)).values("held")),
        )
        return rows if user_of(request).is_superuser else rows.filter(newest_number__isnull=False)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        withdraw = "<uuid:app_id>/versions/<uuid:version_id>/withdraw/"
        return [
            path("publish/", wrap(csrf_exempt(self.publish_view)), name=PUBLISH_URL),
            path(withdraw, wrap(self.withdraw_view), name=WITHDRAW_URL),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        app = self.get_object(request, object_id)
        shown = vendor_app_page(request, app) if app else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    # Publishing and withdrawing -------------------------------------------------------------------------------------
    @list_button("Publish an app", icon="publish")
    def publish(self, request: HttpRequest) -> HttpResponse:
        return redirect(f"admin:{PUBLISH_URL}")

    def publish_view(self, request: HttpRequest) -> HttpResponse:
        """Checks the token of its form by itself, after the file has gone where it belongs."""
        if not self.has_operate_permission(request):
            raise Http404
        template = "admin/apps_domain/vendorapp/publish.html"
        return upload_page(UploadPage(self, "Publish an app", template, "", PublishForm, self._publish), request)

    def _publish(self, request: HttpRequest, fields: dict[str, Any], stored: Stored) -> str:
        words = Words(fields["description"], fields["release_notes"])
        tenants = list(fields["tenants"])
        version = publish_version(stored=stored, tenants=tenants, words=words, actor=console_actor(request))
        self.message_user(request, f"{version} is published.", messages.SUCCESS)
        return self.url_of(version.app)

    def withdraw_view(self, request: HttpRequest, app_id: Any, version_id: Any) -> HttpResponse:
        app: VendorApp = self.own_object(request, str(app_id), Role.OPERATOR)
        version = VendorAppVersion.objects.select_related("app").filter(app=app, pk=version_id).first()
        if version is None:
            raise Http404("No version of this app has this id.")
        if request.method != "POST":
            installs = DeviceApp.objects.filter(app_id=app.pk, app_version_id=version.pk).count()
            told = f"It is on {installs:,} devices, which keep it." if installs else "It is on no device."
            sentences = [f"No tenant can see or install {version} after that, and its file is deleted. {told}"]
            return self.confirm(request, app, title=f"Withdraw {version}?", sentences=sentences, button="Withdraw")
        return self.carry_out(request, app, lambda: self._withdraw(request, version))

    def _withdraw(self, request: HttpRequest, version: VendorAppVersion) -> str:
        withdraw_version(version=version, actor=console_actor(request))
        return f"{version} was withdrawn."

    # Columns --------------------------------------------------------------------------------------------------------
    @admin.display(description="app", ordering="app_name")
    def app(self, obj: VendorApp) -> SafeString:
        return app_title(obj.app_name, obj.package_name, newest_icon(obj))

    @admin.display(description="platform", ordering="platform")
    def on(self, obj: VendorApp) -> str:
        return obj.get_platform_display()

    @admin.display(description="id in the API")
    def our_id(self, obj: VendorApp) -> SafeString:
        return display.copyable(str(obj.pk))

    @admin.display(description="newest version")
    def newest(self, obj: Any) -> str:
        return obj.newest_number or display.EMPTY

    @admin.display(description="versions", ordering="held")
    def versions(self, obj: Any) -> str:
        return f"{obj.held or 0:,}"

    @admin.display(description="published first", ordering="created_at")
    def created(self, obj: VendorApp) -> SafeString:
        return display.moment(obj.created_at)
