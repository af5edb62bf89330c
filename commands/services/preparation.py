"""What a command needs before its rows are made, fetched by a worker: never within a caller's or a device's request."""

import datetime as dt

import orjson
import structlog
from django.db import transaction
from django.utils import timezone

from commands.catalogue import CATALOGUE, TryLater, Undeliverable
from commands.models import CommandRequest
from tenants.sealing import SealError

log = structlog.get_logger(__name__)

PREPARE_ATTEMPTS = 5
FIRST_PAUSE = dt.timedelta(seconds=15)  # doubled after each attempt


def prepare_request(request: CommandRequest) -> bool:
    """Whether the request is ready for its rows; false if it is to be tried again later. Twice does no harm.

    A request whose preparation failed for good is ready too: its `refusal` is each row's reason.
    """
    command = CATALOGUE[request.command]
    if not command.prepares() or request.prepared_at is not None:
        return True
    if request.prepare_attempts and timezone.now() < _next_attempt(request):
        return False
    try:
        found = command.prepare(request.all_arguments())
    except Undeliverable as error:
        return _refuse(request, str(error))
    except TryLater as error:
        return _try_again(request, str(error))
    except SealError as error:
        return _try_again(request, f"A stored secret of the command cannot be opened: {error.reason}.")
    return _note(request, found)


def _next_attempt(request: CommandRequest) -> dt.datetime:
    return request.created_at + FIRST_PAUSE * (2.0**request.prepare_attempts - 1)


def _note(request: CommandRequest, found: dict[str, object]) -> bool:
    with transaction.atomic():
        row = CommandRequest.objects.select_for_update().filter(pk=request.pk, prepared_at=None).first()
        if row is not None:
            secret = {**(orjson.loads(row.secret_args) if row.secret_args else {}), **found}
            row.secret_args, row.prepared_at, row.reason = orjson.dumps(secret), timezone.now(), ""
            row.save(update_fields=["secret_args", "prepared_at", "reason"])
    return True


def _try_again(request: CommandRequest, reason: str) -> bool:
    attempts = request.prepare_attempts + 1
    log.warning("command_not_prepared", request=str(request.pk), command=request.command, attempts=attempts)
    if attempts >= PREPARE_ATTEMPTS:
        return _refuse(request, reason)
    CommandRequest.objects.filter(pk=request.pk, prepared_at=None, prepare_attempts=request.prepare_attempts).update(
        prepare_attempts=attempts, reason=f"{reason} It is tried again."
    )
    return False


def _refuse(request: CommandRequest, reason: str) -> bool:
    CommandRequest.objects.filter(pk=request.pk, prepared_at=None).update(prepared_at=timezone.now(), refusal=reason)
    return True
