"""The page that uploads a file of expected devices: what it must look like, and which ids it may name."""

import csv
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget

from config.api.fields import parse_id
from devices.models import Blueprint, DeviceGroup, Platform
from onboarding.models import SeamlessUpload
from onboarding.seamless.columns import COLUMNS
from onboarding.services.seamless.uploads import create_upload
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.guide import FileField, GuideForm, Step, guide_page, submitted
from tenants.models import Role, Tenant

if TYPE_CHECKING:
    from tenants.admin.base import ScopedAdmin

SAMPLE_URL = "onboarding_seamlessupload_sample"
OFFERED = 1000  # of a select
IDS = 30  # of blueprints and groups that are told on the page
ABOUT_FILE = (
    SafeString(
        "A CSV file, as spreadsheets save it: a first line with the names of the columns, and below it a line for each "
        "device."
    ),
    SafeString(
        "<b>serial_number</b>, <b>udid</b>, <b>imei1</b> and <b>imei2</b> tell which device it is; one of them is "
        "enough. <b>blueprint_id</b>, <b>group_id</b> and <b>alias</b> tell what it gets. Other columns are passed "
        "over."
    ),
    "Format columns with IMEIs as text in the spreadsheet: it shortens long numbers otherwise.",
)
ABOUT_ROWS = (
    "Each row is looked at on its own: those that cannot be taken fail and say why, the others go on. A device that is "
    "known and not enrolled yet gets what its row says at once, all others when they enrol.",
)


class UploadForm(GuideForm):
    file = FileField(
        most=settings.API_MAX_BODY,
        accept=".csv,.txt,.tsv",
        label="File",
        help_text=f"At most {settings.API_MAX_BODY // 1024 // 1024} MB.",
    )
    blueprint = forms.ModelChoiceField(
        Blueprint.objects.none(),
        required=False,
        empty_label="As the rows say, or their group's",
        help_text="For rows that name none.",
        widget=UnfoldAdminSelectWidget,
    )
    group = forms.ModelChoiceField(
        DeviceGroup.objects.none(),
        required=False,
        empty_label="As the rows say",
        help_text="For rows that name none.",
        widget=UnfoldAdminSelectWidget,
    )
    platform = forms.ChoiceField(
        choices=[(Platform.APPLE.value, "Apple"), (Platform.ANDROID.value, "Android")], widget=UnfoldAdminSelectWidget
    )

    def __init__(self, tenant: Tenant, *data: Any) -> None:
        super().__init__(*data)
        for name, model in (("blueprint", Blueprint), ("group", DeviceGroup)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = model.objects.filter(tenant=tenant).order_by("name", "id")


def upload_page(page: "ScopedAdmin", request: HttpRequest) -> HttpResponse:
    """Asks for the tenant first when the user may do it for several."""
    tenants = page.choices_of(Tenant, request, Role.OPERATOR).order_by("name")
    if asked := parse_id(request.GET.get("tenant", "")):
        tenants = tenants.filter(pk=asked)
    some = list(tenants[:2])
    if len(some) != 1:
        context = {
            **page.admin_site.each_context(request),
            "opts": page.opts,
            "title": "Upload expected devices: for which tenant?",
            "tenants": tenants,
            "back": reverse("admin:onboarding_seamlessupload_changelist"),
        }
        return TemplateResponse(request, "admin/onboarding/tenant.html", context)
    return _asked(page, request, some[0])


def _asked(page: "ScopedAdmin", request: HttpRequest, tenant: Tenant) -> HttpResponse:
    form = UploadForm(tenant, *([request.POST, request.FILES] if request.method == "POST" else []))
    made: list[SeamlessUpload] = []
    said = submitted(form, lambda told, force: _store(request, tenant, made, **told)) if form.is_bound else None
    if said is None:
        return _shown(page, request, tenant, form)
    page.message_user(request, said, messages.SUCCESS)
    return redirect(page.url_of(made[0]))


def _store(request: HttpRequest, tenant: Tenant, made: list[SeamlessUpload], **told: Any) -> str:
    upload = create_upload(
        tenant=tenant,
        actor=console_actor(request),
        file=BytesIO(told["file"]),
        file_name=_file_name(request),
        source=SeamlessUpload.Source.CONSOLE,
        blueprint=told["blueprint"],
        group=told["group"],
        platform=Platform(told["platform"]),
    )
    made.append(upload)
    rows = f"{upload.row_count:,} row{'' if upload.row_count == 1 else 's'}"
    left_out = f" Columns passed over: {', '.join(upload.passed_over)}." if upload.passed_over else ""
    return f"{rows} taken in; they are worked off as soon as a worker is free.{left_out}"


def _file_name(request: HttpRequest) -> str:
    file = request.FILES["file"]
    assert isinstance(file, UploadedFile)  # the form has taken it
    return (file.name or "").replace("\0", "")


def _shown(page: "ScopedAdmin", request: HttpRequest, tenant: Tenant, form: UploadForm) -> HttpResponse:
    steps = [
        Step(
            "Make the file",
            ABOUT_FILE,
            "now",
            download=("An empty one with all columns", reverse(f"admin:{SAMPLE_URL}")),
        ),
        Step("Upload it", [f"The tenant is {tenant}.", *ABOUT_ROWS], "now", form=form, button="Upload"),
    ]
    cards = [("Ids of blueprints", _ids(Blueprint, tenant)), ("Ids of groups", _ids(DeviceGroup, tenant))]
    return guide_page(page, request, None, title="Upload expected devices", steps=steps, cards=cards)


def _ids(model: Any, tenant: Tenant) -> list[tuple[str, Any]]:
    rows = list(model.objects.filter(tenant=tenant).order_by("name", "id").only("name")[: IDS + 1])
    told: list[tuple[str, Any]] = [(row.name, display.copyable(str(row.pk))) for row in rows[:IDS]]
    return [*told, *([("and more", "each page shows its id")] if len(rows) > IDS else [])] or [("None", "yet")]


def sample() -> HttpResponse:
    """A file with nothing but the names of the columns."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="expected-devices.csv"'
    csv.writer(answer).writerow(COLUMNS)
    return answer
