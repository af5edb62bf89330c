"""Rows that have failed: why, once more, and as a file to mend."""

import csv
from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone

from onboarding.models import SeamlessRow, SeamlessUpload
from onboarding.nudges import nudge_seamless
from onboarding.seamless.columns import COLUMNS
from onboarding.seamless.entries import KINDS, guarded, guarded_identifier
from onboarding.services.seamless.reasons import RETRIABLE
from tenants import audit
from tenants.actors import Actor

CHUNK = 2000
BYTE_ORDER_MARK = "\ufeff"  # by which Excel knows UTF-8
Status = SeamlessRow.Status


@transaction.atomic
def retry_rows(*, upload: SeamlessUpload, actor: Actor) -> int:
    """Queues the failed rows again whose failure lay not in themselves; how many. The others must be mended first."""
    held = SeamlessUpload.objects.select_for_update(of=("self",), no_key=True).get(pk=upload.pk)
    failed = SeamlessRow.objects.filter(upload=held, status=Status.FAILED, meta__code__in=list(RETRIABLE))
    count = failed.update(status=Status.IN_QUEUE, meta=None, updated_at=timezone.now())
    if count:
        SeamlessUpload.objects.filter(pk=held.pk).update(ended_at=None)
        audit.record(actor=actor, action="seamless.retried", subject=held, details={"rows": count})
        nudge_seamless(held.pk)
    return count


def failed_rows_csv(upload: SeamlessUpload) -> Iterator[str]:
    """The failed rows as a file that can be mended and uploaded again, piece by piece.

    `line` and `reason` are beside the columns of an upload, which passes them over. Spreadsheets take no cell of it for
    a formula, and no identifier for a number.
    """
    writer = csv.writer(_Piece())
    yield BYTE_ORDER_MARK + writer.writerow([*COLUMNS, "line", "reason"])
    for row in _failed(upload):
        cells = [_guarded(name, row.cells.get(name, "")) for name in COLUMNS]
        yield writer.writerow([*cells, row.line, guarded((row.meta or {}).get("reason", ""))])


def _guarded(name: str, cell: str) -> str:
    return guarded_identifier(cell) if name in KINDS else guarded(cell)


class _Piece:
    """csv's writer gives back what this gives it."""

    def write(self, text: str) -> str:
        return text


def _failed(upload: SeamlessUpload) -> Iterator[SeamlessRow]:
    rows = (
        SeamlessRow.objects.filter(upload=upload, status=Status.FAILED).order_by("line").only("line", "cells", "meta")
    )
    last = 0
    while chunk := list(rows.filter(line__gt=last)[:CHUNK]):
        yield from chunk
        last = chunk[-1].line
