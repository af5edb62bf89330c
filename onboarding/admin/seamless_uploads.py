"""Uploads of devices that are expected: how far they are, and what of them failed."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commands.admin.send_targets import counted
from onboarding.admin.dep_display import bar, list_of
from onboarding.admin.seamless_display import ROW_STANDINGS, counts_of, identifiers_of, of_counts, reason_of
from onboarding.models import SeamlessRow, SeamlessUpload
from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.display import Facts
from tenants.admin.filters import ChoicesFilter, DateRangeFilter, ScopedFilter

FAILED = 50  # rows shown


@admin.register(SeamlessUpload)
class SeamlessUploadAdmin(ScopedAdmin):
    list_display = ("title", "tenant", "source", "progress", "by", "since")
    list_display_links = ("title",)
    list_select_related = ("tenant",)
    list_filter = (("tenant", ScopedFilter), ("source", ChoicesFilter), ("created_at", DateRangeFilter))
    search_fields = ("file_name", "created_by")
    ordering = ("-created_at", "id")
    fields = readonly_fields = ()
    change_form_template = "admin/onboarding/seamlessupload/page.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Only the list counts rows: what is open and what failed, which an index holds side by side."""

        class Counted(super().get_changelist(request, **kwargs)):  # type: ignore[misc]
            def get_queryset(self, *args: Any, **more: Any) -> QuerySet[SeamlessUpload]:
                return with_counts(super().get_queryset(*args, **more))

        return Counted

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        upload = self.get_object(request, object_id)
        shown = upload_page(upload) if upload is not None else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    @admin.display(description="upload", ordering="file_name")
    def title(self, obj: SeamlessUpload) -> SafeString:
        return display.two_lines(str(obj), f"{obj.row_count:,} row{'' if obj.row_count == 1 else 's'}")

    @admin.display(description="rows")
    def progress(self, obj: Any) -> SafeString:
        counts = counts_of(obj.row_count, waiting=obj.waiting_total, failed=obj.failed_total)
        words = ", ".join(f"{count:,} {words}" for words, _, count in of_counts(counts) if count)
        return format_html('{}<span class="mu-progress-words">{}</span>', bar(of_counts(counts)), words or "none")

    @admin.display(description="by", ordering="created_by")
    def by(self, obj: SeamlessUpload) -> str:
        return obj.created_by or display.EMPTY

    @admin.display(description="uploaded", ordering="created_at")
    def since(self, obj: SeamlessUpload) -> SafeString:
        return display.moment(obj.created_at)


def with_counts(rows: QuerySet[SeamlessUpload]) -> QuerySet[SeamlessUpload]:
    """With what waits and what failed. What succeeded, which is most, is not counted but is the rest."""

    def total(*statuses: str) -> Coalesce:
        found = SeamlessRow.objects.filter(upload=OuterRef("pk"), status__in=statuses).order_by()
        return Coalesce(Subquery(found.values("upload").annotate(number=Count("pk")).values("number")), 0)

    return rows.annotate(waiting_total=total(*SeamlessRow.OPEN), failed_total=total(SeamlessRow.Status.FAILED))


# The page of one ----------------------------------------------------------------------------------------------------
def upload_page(upload: SeamlessUpload) -> dict[str, Any]:
    row: Any = with_counts(SeamlessUpload.objects.filter(pk=upload.pk)).get()
    counts = counts_of(row.row_count, waiting=row.waiting_total, failed=row.failed_total)
    failed = SeamlessRow.objects.filter(upload=upload, status=SeamlessRow.Status.FAILED)
    return {
        "title": str(upload),
        "upload": upload,
        "bar": bar(of_counts(counts)),
        "outcomes": [
            (
                display.label(each.words, each.kind),
                counted(counts[each.value], "row"),
                list_of("seamlessrow", upload__id__exact=upload.pk, **each.query),
            )
            for each in ROW_STANDINGS
            if counts[each.value]
        ],
        "all_rows": list_of("seamlessrow", upload__id__exact=upload.pk),
        "failed": [(display.link(each, each.line), identifiers_of(each), reason_of(each)) for each in failed[:FAILED]],
        "more_failed": f"{counts['failed'] - FAILED:,}" if counts["failed"] > FAILED else "",
        "cards": [("Upload", _facts(upload))],
    }


def _facts(upload: SeamlessUpload) -> Facts:
    return [
        ("Tenant", upload.tenant),
        ("Came by", upload.get_source_display()),
        *([("File", upload.file_name)] if upload.file_name else []),
        ("Rows", f"{upload.row_count:,}"),
        ("By", upload.created_by or display.EMPTY),
        ("Uploaded", display.exact(upload.created_at)),
        ("Worked off", display.exact(upload.ended_at, "not yet")),
        ("Id in the API", display.copyable(str(upload.pk))),
    ]
