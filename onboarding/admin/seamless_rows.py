"""Rows of an upload, as they were read, and what became of them. Other pages lead here, an upload's above all."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.api.fields import parse_id
from devices.models import Blueprint, DeviceGroup
from onboarding.admin.seamless_display import identifiers_of, reason_of, row_label
from onboarding.models import SeamlessRow, SeamlessUpload
from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.filters import ChoicesFilter

UPLOAD = "upload__id__exact"


@admin.register(SeamlessRow)
class SeamlessRowAdmin(ScopedAdmin):
    list_display = ("place", "upload_link", "tenant", "identifiers", "wants", "condition", "reason", "changed")
    list_display_links = ("place",)
    list_select_related = ("tenant", "upload")
    list_filter = (("status", ChoicesFilter),)
    linked_lookups = (UPLOAD,)
    fields = readonly_fields = (
        "place", "tenant", "upload_link", "identifiers", "blueprint_told", "group_told", "alias", "platform",
        "condition", "reason", "read_as", "updated_at",
    )  # fmt: skip

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """As the indexes have them: those of one upload by their lines, all others the latest first."""
        return ("upload_id", "line") if UPLOAD in request.GET else ("-created_at", "upload_id", "line")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The upload only where rows of several are side by side."""
        names = super().get_list_display(request)
        return names if UPLOAD not in request.GET else [name for name in names if name != "upload_link"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        known = parse_id(request.GET.get(UPLOAD, ""))
        uploads = self.choices_of(SeamlessUpload, request, self.view_role)
        upload = uploads.filter(pk=known).first() if known else None
        shown = {"title": f"Rows of {upload}"} if upload else {}
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    @admin.display(description="row")
    def place(self, obj: SeamlessRow) -> SafeString:
        return format_html('<span class="mu-whole">Line {}</span>', f"{obj.line:,}")

    @admin.display(description="identifiers")
    def identifiers(self, obj: SeamlessRow) -> SafeString:
        return display.two_lines(identifiers_of(obj), obj.get_unique_id_type_display())

    @admin.display(description="alias")
    def wants(self, obj: SeamlessRow) -> str:
        return obj.alias or display.EMPTY

    @admin.display(description="state", ordering="status")
    def condition(self, obj: SeamlessRow) -> SafeString:
        return row_label(obj)

    @admin.display(description="reason")
    def reason(self, obj: SeamlessRow) -> str:
        return reason_of(obj) or display.EMPTY

    @admin.display(description="changed")
    def changed(self, obj: SeamlessRow) -> SafeString:
        return display.moment(obj.updated_at)

    # Facts of the page ----------------------------------------------------------------------------------------------
    @admin.display(description="upload")
    def upload_link(self, obj: SeamlessRow) -> SafeString:
        return display.link(obj.upload)

    @admin.display(description="blueprint")
    def blueprint_told(self, obj: SeamlessRow) -> SafeString | str:
        return _named(Blueprint, obj.tenant_id, obj.assigned_blueprint_id)

    @admin.display(description="group")
    def group_told(self, obj: SeamlessRow) -> SafeString | str:
        return _named(DeviceGroup, obj.tenant_id, obj.group_id)

    @admin.display(description="as it was read")
    def read_as(self, obj: SeamlessRow) -> SafeString | str:
        if not isinstance(obj.cells, dict) or not obj.cells:
            return display.EMPTY
        return display.lines([f"{name}: {value}" for name, value in obj.cells.items()])


def _named(model: Any, tenant_id: object, pk: object) -> SafeString | str:
    """The tenant's row with this id; the bare id if there is none."""
    if pk is None:
        return display.EMPTY
    row = model.objects.filter(tenant=tenant_id, pk=pk).only("name").first()
    return display.link(row, row.name) if row is not None else display.code(pk)
