"""Publishing tasks after commit. A nudge may get lost: beat sweeps what it left, so a dead broker fails nobody."""

import uuid

import structlog
from django.db import transaction
from kombu.exceptions import OperationalError

from commands.tasks import fan_out_request

log = structlog.get_logger(__name__)


def nudge_fan_out(request_id: uuid.UUID) -> None:
    def publish() -> None:
        try:
            fan_out_request.delay(str(request_id))
        except OperationalError as error:
            log.warning("nudge_lost", request=str(request_id), error=str(error))

    transaction.on_commit(publish)
