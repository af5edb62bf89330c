"""Uploads are deleted a while after their end. What they registered stays, until its device comes and after."""

import datetime as dt

from django.utils import timezone

from onboarding.models import SeamlessRow, SeamlessUpload

SLICE = 5000


def prune_uploads(*, older_than: dt.timedelta) -> int:
    """Those that ended longer ago, with their rows, in slices; how many uploads."""
    old = SeamlessUpload.objects.filter(ended_at__lt=timezone.now() - older_than)
    ids = list(old.values_list("pk", flat=True))
    for upload_id in ids:
        rows = SeamlessRow.objects.filter(upload=upload_id).order_by()
        while chunk := list(rows.values_list("pk", flat=True)[:SLICE]):
            SeamlessRow.objects.filter(pk__in=chunk).delete()
        old.filter(pk=upload_id).delete()
    return len(ids)
