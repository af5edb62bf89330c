"""Working off who is expected."""

import datetime as dt
import uuid

from django.conf import settings
from django.utils import timezone

from config.celery import app
from onboarding.models import SeamlessUpload
from onboarding.services.seamless.retention import prune_uploads
from onboarding.services.seamless.working import work_off

GRACE = dt.timedelta(seconds=5)  # younger uploads have a nudge on its way
SWEEP_SLICE = 100
SWEEP_SECONDS = 10


@app.task(name="onboarding.work_off_upload")
def work_off_upload(upload_id: str) -> None:
    work_off(uuid.UUID(upload_id))


@app.task(name="onboarding.sweep_seamless")
def sweep_uploads() -> None:
    """Uploads whose nudge was lost, or whose worker died half way."""
    left = SeamlessUpload.objects.filter(ended_at__isnull=True, created_at__lt=timezone.now() - GRACE)
    for upload_id in left.order_by("created_at").values_list("pk", flat=True)[:SWEEP_SLICE]:
        work_off_upload.apply_async((str(upload_id),), expires=SWEEP_SECONDS)


@app.task(name="onboarding.prune_seamless")
def prune_old_uploads() -> None:
    if settings.SEAMLESS_RETENTION_DAYS:
        prune_uploads(older_than=dt.timedelta(days=settings.SEAMLESS_RETENTION_DAYS))
