"""Publishing tasks after commit. A nudge may get lost: beat sweeps what it left, so a dead broker fails nobody."""

import uuid

from django.db import transaction

from config.celery import publish
from onboarding.tasks.dep import work_off_dep_sync
from onboarding.tasks.seamless import work_off_upload


def nudge_dep_sync(sync_id: uuid.UUID) -> None:
    transaction.on_commit(lambda: publish(work_off_dep_sync, str(sync_id)))


def nudge_seamless(upload_id: uuid.UUID) -> None:
    transaction.on_commit(lambda: publish(work_off_upload, str(upload_id)))
