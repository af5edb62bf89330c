"""The commands of a stage: an internal request and a queue row for each, made for many converges together.

A row is refused as the fan-out refuses it. Requests are for one device each and count as handed out at once.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection
from django.utils import timezone

from commands.blueprints.plan import PlannedStep
from commands.catalogue import CATALOGUE, Command
from commands.models import CommandRequest, Converge, ConvergeStep
from commands.models.status import State
from commands.services.refusals import REFUSAL, refusal_params
from commands.services.wakes import wake

QUEUE_SQL = f"""
INSERT INTO commands_commandstatus (id, tenant_id, request_id, device_id, occurrence, state, reason, not_before,
    closes_at, attempts, created_at, updated_at)
SELECT gen_random_uuid(), tenant_id, request_id, device_id, 0,
    CASE WHEN refusal = '' THEN %(queued)s ELSE %(failure)s END, refusal, not_before, closes_at, 0, %(now)s, %(now)s
FROM (
    SELECT d.tenant_id, d.id AS device_id, t.request_id, t.not_before, t.closes_at, {REFUSAL} AS refusal
    FROM unnest(%(requests)s::uuid[], %(devices)s::uuid[], %(moments)s::timestamptz[], %(closings)s::timestamptz[])
        AS t(request_id, device_id, not_before, closes_at)
    JOIN devices_device d ON d.id = t.device_id
) AS rows
RETURNING request_id, state
"""
TICK = dt.timedelta(microseconds=1)  # between a device's commands, which are delivered in this order


@dataclass(frozen=True)
class Batch:
    """The next commands of one converge."""

    converge: Converge
    steps: Sequence[PlannedStep]
    first_number: int


@dataclass(frozen=True)
class Row:
    """A request, and when its row is due."""

    request: CommandRequest
    converge: Converge
    not_before: dt.datetime


def send_steps(batches: Sequence[Batch]) -> set[uuid.UUID]:
    """The converges of which the devices were given something to do. Their devices are woken, once each."""
    now = timezone.now()
    made = [(batch, index, _request(batch.converge, step, now)) for batch in batches for index, step in _steps(batch)]
    CommandRequest.objects.bulk_create([request for _, _, request in made])
    ConvergeStep.objects.bulk_create([_step(batch, index, request) for batch, index, request in made])
    by_command: dict[str, list[Row]] = defaultdict(list)
    for batch, index, request in made:
        row = Row(request, batch.converge, now - TICK * (len(batch.steps) - index))
        by_command[request.command].append(row)
    ready, busy = set[uuid.UUID](), set[uuid.UUID]()
    for name, rows in by_command.items():
        queued = _queue(CATALOGUE[name], rows, now)
        busy |= {row.converge.pk for row in queued}
        ready |= _told(CATALOGUE[name], queued)
    wake(sorted(ready))
    return busy


def _steps(batch: Batch) -> Iterable[tuple[int, PlannedStep]]:
    return enumerate(batch.steps)


def _request(converge: Converge, step: PlannedStep, now: dt.datetime) -> CommandRequest:
    shown, secret = CATALOGUE[step.command].split_secrets(step.args)
    return CommandRequest(
        tenant_id=converge.tenant_id,
        command_type=CommandRequest.CommandType.DEVICE,
        devices=[converge.device_id],
        command=step.command,
        command_args=shown,
        secret_args=orjson.dumps(secret) if secret else None,
        is_internal=True,
        created_by=converge.created_by,
        created_at=now,
        fanned_out_at=now,
    )


def _step(batch: Batch, index: int, request: CommandRequest) -> ConvergeStep:
    step = batch.steps[index]
    return ConvergeStep(
        request=request,
        converge=batch.converge,
        number=batch.first_number + index,
        stage=step.stage,
        part=step.part,
        title=step.title,
        fingerprint=step.fingerprint,
        is_removal=step.is_removal,
        details=step.details,
    )


def _queue(command: Command, rows: Sequence[Row], now: dt.datetime) -> list[Row]:
    """Those that were queued; the others were refused."""
    told: dict[str, Any] = {
        "requests": [row.request.pk for row in rows],
        "devices": [row.converge.device_id for row in rows],
        "moments": [row.not_before for row in rows],
        "closings": [row.converge.closes_at for row in rows],
        "queued": State.QUEUED.value,
        "failure": State.FAILURE.value,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(QUEUE_SQL, {**refusal_params(command), **told})
        queued = {request_id for request_id, state in cursor.fetchall() if state == State.QUEUED}
    return [row for row in rows if row.request.pk in queued]


def _told(command: Command, rows: Sequence[Row]) -> set[uuid.UUID]:
    """The devices that may be woken at once."""
    if type(command).on_queued is Command.on_queued:
        return {row.converge.device_id for row in rows}
    return {device_id for row in rows for device_id in command.on_queued(row.request, [row.converge.device_id])}
