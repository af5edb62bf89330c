"""Publishing tasks after commit. A nudge may get lost: beat sweeps what it left, so a dead broker fails nobody."""

from django.db import transaction

from apps_domain.tasks.licences import send_wanted_licences, sweep_licences
from config.celery import publish


def nudge_sending() -> None:
    transaction.on_commit(lambda: publish(send_wanted_licences))


def nudge_sync() -> None:
    transaction.on_commit(lambda: publish(sweep_licences))
