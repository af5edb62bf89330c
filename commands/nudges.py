"""Publishing tasks after commit. A nudge may get lost: beat sweeps what it left, so a dead broker fails nobody."""

import uuid
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def nudge_fan_out(request_id: uuid.UUID) -> None:
    transaction.on_commit(lambda: _publish("commands.fan_out_request", str(request_id)))


def nudge_wake() -> None:
    transaction.on_commit(lambda: _publish("commands.wake_devices"))


def _publish(name: str, *args: Any) -> None:
    try:
        current_app.tasks[name].apply_async(args)
    except OperationalError as error:
        log.warning("nudge_lost", task=name, error=str(error))
