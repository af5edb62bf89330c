"""APNs certificates: requested, given back, renewed and deleted by guided pages. Their keys are never shown."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from commands.admin import apns_pages
from commands.admin.apns_forms import DeleteForm, ImportForm, UploadForm
from commands.admin.apns_guide import counted
from commands.selectors import enrolled_by_tenant_and_topic, enrolled_by_topic
from commands.services.apns_certificates import complete_certificate, delete_certificate, import_certificate
from config.api.errors import ApplicationError, NotFound
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, list_button, page_action
from tenants.admin.filters import ChoicesFilter, ScopedFilter
from tenants.admin.guide import gone, submitted
from tenants.admin.guide_forms import TenantForm
from tenants.models import ApnsCertificate, Role
from tenants.services.apns import create_apns_certificate, download_push_request
from tenants.services.push_requests import usable_vendor

State = ApnsCertificate.State


@admin.register(ApnsCertificate)
class ApnsCertificateAdmin(ScopedAdmin):
    list_display = ("topic_or_request", "tenant", "condition", "expires", "devices", "account")
    list_select_related = ("tenant",)
    list_filter = (("tenant", ScopedFilter), ("state", ChoicesFilter))
    search_fields = ("topic", "apple_id")
    actions_list = ("request_certificate", "import_key")
    actions_detail = ("renew", "remove", "download")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApnsCertificate]:
        newer = ApnsCertificate.objects.filter(
            tenant=OuterRef("tenant"),
            topic=OuterRef("topic"),
            state=State.COMPLETED,
            topic_stopped_at__isnull=True,
            cert_expiry_on__gt=OuterRef("cert_expiry_on"),
        )
        rows: QuerySet[ApnsCertificate] = super().get_queryset(request).annotate(replaced=Exists(newer))
        return rows.select_related("tenant").defer("private_key", "signing_request", "certificate")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Counts the devices of all shown rows at once."""
        listed = super().get_changelist_instance(request)
        enrolled = enrolled_by_tenant_and_topic({row.tenant_id for row in listed.result_list})
        for row in listed.result_list:
            row.enrolled = enrolled.get((row.tenant_id, row.topic), 0)
        return listed

    # One certificate ------------------------------------------------------------------------------------------------
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row: ApnsCertificate | None = self.get_object(request, object_id)
        may = self.may(request, Role.ADMIN, row)
        if request.method == "POST":
            if row and not may:
                raise PermissionDenied
            return self._upload(request, row) if row else gone(self, request)
        if row is None:
            return super().change_view(request, object_id, form_url, extra_context)
        return apns_pages.certificate_page(self, request, row, UploadForm(row) if may else None)

    def _upload(self, request: HttpRequest, row: ApnsCertificate) -> HttpResponse:
        form = UploadForm(row, request.POST, request.FILES)
        try:
            said = submitted(form, lambda told, force: self._complete(request, row, force=force, **told))
        except NotFound:
            return gone(self, request)
        if said is not None:
            self.message_user(request, said, messages.SUCCESS)
            return redirect(self.url_of(row))
        latest = self.get_object(request, str(row.pk))
        return apns_pages.certificate_page(self, request, latest, form) if latest else gone(self, request)

    def _complete(self, request: HttpRequest, row: ApnsCertificate, **told: Any) -> str:
        return self._in_use(complete_certificate(certificate=row, actor=console_actor(request), **told))

    def _in_use(self, row: ApnsCertificate) -> str:
        devices = counted(enrolled_by_topic(row.tenant).get(row.topic, 0))
        return f"The certificate is in use, until {row.cert_expiry_on:%Y-%m-%d}. Its topic has {devices}."

    @page_action("Request file", role=Role.ADMIN, icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row: ApnsCertificate = self.own_object(request, object_id, Role.ADMIN)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        try:
            made = download_push_request(certificate=row, actor=console_actor(request))
        except ApplicationError as error:
            self.message_user(request, error.message, messages.ERROR)
            return redirect(self.url_of(row))
        told = {"Content-Disposition": f'attachment; filename="{made.file_name}"', "Cache-Control": "no-store"}
        return HttpResponse(made.text, content_type="text/plain; charset=utf-8", headers=told)

    @page_action("Renew", role=Role.ADMIN, icon="autorenew")
    def renew(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(apns_pages.renewal_url(self.own_object(request, object_id, Role.ADMIN)))

    @page_action("Delete", role=Role.ADMIN, icon="delete", variant="danger")
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row: ApnsCertificate = self.own_object(request, object_id, Role.ADMIN)
        form = DeleteForm(request.POST) if request.method == "POST" else DeleteForm()
        try:
            said = submitted(form, lambda told, force: self._delete(request, row, force))
        except NotFound:
            return gone(self, request)
        if said is not None:
            self.message_user(request, said, messages.SUCCESS)
            return redirect("admin:tenants_apnscertificate_changelist")
        title, sentences = apns_pages.deletion(row)
        return self.confirm(request, row, title=title, sentences=sentences, button="Delete", form=form)

    def _delete(self, request: HttpRequest, row: ApnsCertificate, force: bool) -> str:
        delete_certificate(certificate=row, actor=console_actor(request), force=force)
        return f"{row} is deleted."

    def hidden_actions(self, obj: Any) -> frozenset[str]:
        """The file is among the steps."""
        is_to_renew = obj.state == State.COMPLETED and not obj.replaced
        return frozenset({"download"} if is_to_renew else {"download", "renew"})

    # A new one ------------------------------------------------------------------------------------------------------
    @list_button("Request a certificate", role=Role.ADMIN, icon="add")
    def request_certificate(self, request: HttpRequest) -> HttpResponse:
        form = TenantForm(self, request, *([request.POST] if request.method == "POST" else []))
        made: list[ApnsCertificate] = []
        if submitted(form, lambda told, force: self._create(request, made, **told)) is None:
            return apns_pages.request_page(self, request, form)
        renews = request.GET.get("renews")
        return redirect(self.url_of(made[0]) + (f"?{urlencode({'renews': renews})}" if renews else ""))

    def _create(self, request: HttpRequest, made: list[ApnsCertificate], **told: Any) -> str:
        usable_vendor()
        made.append(create_apns_certificate(actor=console_actor(request), **told))
        return ""

    @list_button("Import certificate and key", role=Role.ADMIN, icon="upload")
    def import_key(self, request: HttpRequest) -> HttpResponse:
        form = ImportForm(self, request, *([request.POST, request.FILES] if request.method == "POST" else []))
        made: list[ApnsCertificate] = []
        said = submitted(form, lambda told, force: self._import(request, made, force=force, **told))
        if said is None:
            return apns_pages.import_page(self, request, form)
        self.message_user(request, said, messages.SUCCESS)
        return redirect(self.url_of(made[0]))

    def _import(self, request: HttpRequest, made: list[ApnsCertificate], **told: Any) -> str:
        files = {"certificate_file": told.pop("certificate"), "key_file": told.pop("key")}
        made.append(import_certificate(actor=console_actor(request), **files, **told))
        return self._in_use(made[0])

    # The list -------------------------------------------------------------------------------------------------------
    @admin.display(description="topic", ordering="topic")
    def topic_or_request(self, obj: ApnsCertificate) -> str:
        return str(obj)

    @admin.display(description="state")
    def condition(self, obj: ApnsCertificate) -> SafeString:
        return apns_pages.certificate_label(obj)

    @admin.display(description="expires", ordering="cert_expiry_on")
    def expires(self, obj: ApnsCertificate) -> SafeString:
        return display.moment(obj.cert_expiry_on)

    @admin.display(description="devices")
    def devices(self, obj: Any) -> str:
        return f"{obj.enrolled:,}" if obj.state == State.COMPLETED else display.EMPTY

    @admin.display(description="Apple Account", ordering="apple_id")
    def account(self, obj: ApnsCertificate) -> str:
        return obj.apple_id or display.EMPTY
