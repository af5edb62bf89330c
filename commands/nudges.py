"""Publishing tasks after commit. A nudge may get lost: beat sweeps what it left, so a dead broker fails nobody."""

import uuid

from django.db import transaction

from commands.tasks import advance_one_converge, begin_converges, cancel_request_rows, fan_out_request
from config.celery import publish


def nudge_fan_out(request_id: uuid.UUID) -> None:
    transaction.on_commit(lambda: publish(fan_out_request, str(request_id)))


def nudge_cancellation(request_id: uuid.UUID) -> None:
    transaction.on_commit(lambda: publish(cancel_request_rows, str(request_id)))


def nudge_converges() -> None:
    transaction.on_commit(lambda: publish(begin_converges))


def nudge_converge(converge_id: uuid.UUID) -> None:
    transaction.on_commit(lambda: publish(advance_one_converge, str(converge_id)))
