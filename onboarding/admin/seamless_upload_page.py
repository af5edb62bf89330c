"""What an upload's page shows: how far its rows are, and what failed."""

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from commands.admin.send_targets import counted
from onboarding.admin.dep_display import bar, list_of
from onboarding.admin.seamless_display import ROW_STANDINGS, counts_of, identifiers_of, of_counts, reason_of
from onboarding.models import SeamlessRow, SeamlessUpload
from tenants.admin import display
from tenants.admin.display import Facts

FAILED = 50  # rows shown


def with_counts(rows: QuerySet[SeamlessUpload]) -> QuerySet[SeamlessUpload]:
    """With what waits and what failed. What succeeded, which is most, is not counted but is the rest."""

    def total(*statuses: str) -> Coalesce:
        found = SeamlessRow.objects.filter(upload=OuterRef("pk"), status__in=statuses).order_by()
        return Coalesce(Subquery(found.values("upload").annotate(number=Count("pk")).values("number")), 0)

    return rows.annotate(waiting_total=total(*SeamlessRow.OPEN), failed_total=total(SeamlessRow.Status.FAILED))


def one_upload(upload: SeamlessUpload) -> dict[str, Any]:
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
        *([("Columns passed over", ", ".join(upload.passed_over))] if upload.passed_over else []),
        ("Rows", f"{upload.row_count:,}"),
        ("By", upload.created_by or display.EMPTY),
        ("Uploaded", display.exact(upload.created_at)),
        ("Worked off", display.exact(upload.ended_at, "not yet")),
        ("Id in the API", display.copyable(str(upload.pk))),
    ]
