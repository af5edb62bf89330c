"""The page that uploads an app: its file goes to the storage while the browser sends it.

With the console's script it shows how far it is and gets its answer as JSON; without, the page just takes its time.
"""

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.csrf import csrf_protect

from apps_domain.models import TenantAppVersion
from apps_domain.services.tenant_apps import add_tenant_app_version
from apps_domain.uploads import StoredUpload, discard_upload, take_form
from config.api.errors import ApplicationError, BadRequest
from tenants.actors import console_actor
from tenants.admin.guide import FileInput
from tenants.models import Role, Tenant

if TYPE_CHECKING:
    from apps_domain.admin.tenant_apps import TenantAppAdmin

TEMPLATE = "admin/apps_domain/tenantapp/upload.html"


class UploadForm(forms.Form):
    tenant: "forms.ModelChoiceField[Tenant]" = forms.ModelChoiceField(Tenant.objects.none(), empty_label="Choose one")
    file = forms.FileField(widget=FileInput(attrs={"class": "mu-file", "accept": ".ipa"}), label="App (.ipa)")

    def __init__(self, page: "TenantAppAdmin", request: HttpRequest, *data: Any) -> None:
        super().__init__(*data)
        tenants = page.choices_of(Tenant, request, Role.OPERATOR).order_by("name")
        some = list(tenants[:2])
        self.only = some[0] if len(some) == 1 else None
        field = self.fields["tenant"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset, field.initial = tenants, self.only
        if self.only:
            field.widget = forms.HiddenInput()


def upload_page(page: "TenantAppAdmin", request: HttpRequest) -> HttpResponse:
    if not page.has_operate_permission(request):
        raise Http404
    if request.method != "POST":
        return _shown(page, request, UploadForm(page, request))
    try:
        take_form(request)
    except ApplicationError as error:
        return _refused(page, request, error, UploadForm(page, request))
    try:
        answer: HttpResponse = csrf_protect(lambda _: _upload(page, request))(request)
        return answer
    finally:
        discard_upload(request)


def _upload(page: "TenantAppAdmin", request: HttpRequest) -> HttpResponse:
    form = UploadForm(page, request, request.POST, request.FILES)
    try:
        version = _stored(form, request)
    except ApplicationError as error:
        return _refused(page, request, error, form)
    address = page.uploaded(request, version)
    return JsonResponse({"address": address}) if _wants_json(request) else redirect(address)


def _stored(form: UploadForm, request: HttpRequest) -> TenantAppVersion:
    if not form.is_valid():
        raise BadRequest(" ".join(str(error) for errors in form.errors.values() for error in errors))
    upload = form.cleaned_data["file"]
    assert isinstance(upload, StoredUpload)
    return add_tenant_app_version(
        tenant=form.cleaned_data["tenant"], stored=upload.stored, actor=console_actor(request)
    )


def _refused(page: "TenantAppAdmin", request: HttpRequest, error: ApplicationError, form: UploadForm) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"message": error.message}, status=error.http_status)
    page.refused(request, error)
    return _shown(page, request, form)


def _shown(page: "TenantAppAdmin", request: HttpRequest, form: UploadForm) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": "Upload an app",
        "form": form,
    }
    return TemplateResponse(request, TEMPLATE, context)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"
