"""The page that uploads an app: its file goes to the storage while the browser sends it.

With the console's script it shows how far it is and gets its answer as JSON; without, the page just takes its time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.csrf import csrf_protect

from apps_domain.services.files import Stored
from apps_domain.uploads import StoredUpload, discard_upload, take_form
from config.api.errors import ApplicationError, BadRequest
from tenants.admin.base import ScopedAdmin
from tenants.admin.guide import FileInput
from tenants.models import Role, Tenant


@dataclass(frozen=True)
class UploadPage:
    """One such page. `suffix` of what is stored: empty if the name of the file tells it."""

    admin: ScopedAdmin
    title: str
    template: str
    suffix: str
    form: Callable[..., forms.Form]  # takes the admin, the request, and what forms take
    store: Callable[[HttpRequest, dict[str, Any], Stored], str]  # with the form's fields; answers where to go then


class UploadForm(forms.Form):
    tenant: "forms.ModelChoiceField[Tenant]" = forms.ModelChoiceField(Tenant.objects.none(), empty_label="Choose one")
    file = forms.FileField(widget=FileInput(attrs={"class": "mu-file", "accept": ".ipa"}), label="App (.ipa)")

    def __init__(self, page: ScopedAdmin, request: HttpRequest, *data: Any) -> None:
        super().__init__(*data)
        tenants = page.choices_of(Tenant, request, Role.OPERATOR).order_by("name")
        some = list(tenants[:2])
        self.only = some[0] if len(some) == 1 else None
        field = self.fields["tenant"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset, field.initial = tenants, self.only
        if self.only:
            field.widget = forms.HiddenInput()


def upload_page(page: UploadPage, request: HttpRequest) -> HttpResponse:
    """For users who may upload: whoever calls has asked."""
    if request.method != "POST":
        return _shown(page, request, page.form(page.admin, request))
    try:
        take_form(request, suffix=page.suffix)
    except ApplicationError as error:
        return _refused(page, request, error, page.form(page.admin, request))
    try:
        answer: HttpResponse = csrf_protect(lambda _: _upload(page, request))(request)
        return answer
    finally:
        discard_upload(request)


def _upload(page: UploadPage, request: HttpRequest) -> HttpResponse:
    form = page.form(page.admin, request, request.POST, request.FILES)
    try:
        address = _stored(page, form, request)
    except ApplicationError as error:
        return _refused(page, request, error, form)
    return JsonResponse({"address": address}) if _wants_json(request) else redirect(address)


def _stored(page: UploadPage, form: forms.Form, request: HttpRequest) -> str:
    if not form.is_valid():
        raise BadRequest(" ".join(str(error) for errors in form.errors.values() for error in errors))
    upload = form.cleaned_data["file"]
    assert isinstance(upload, StoredUpload)
    return page.store(request, form.cleaned_data, upload.stored)


def _refused(page: UploadPage, request: HttpRequest, error: ApplicationError, form: forms.Form) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"message": error.message}, status=error.http_status)
    page.admin.message_user(request, error.message, messages.ERROR)
    return _shown(page, request, form)


def _shown(page: UploadPage, request: HttpRequest, form: forms.Form) -> HttpResponse:
    context = {
        **page.admin.admin_site.each_context(request),
        "opts": page.admin.opts,
        "title": page.title,
        "form": form,
    }
    return TemplateResponse(request, page.template, context)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"
