"""The end of converges: their own status, the device's, and that of the command that they answer."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils import timezone

from commands.models import CommandStatus, Converge
from commands.models.status import AWAITING, OPEN, State, sources_of
from commands.services.converges.saving import save_converges
from devices.models import Device
from devices.services.devices import note_all_converged, note_converges

Status = Converge.Status


@dataclass(frozen=True)
class Ending:
    converge: Converge
    status: Converge.Status
    reason: str = ""
    window_closed: bool = False


def end_converges(endings: Sequence[Ending]) -> None:
    """Within the transaction that holds their rows. Queue rows before devices: the order of all locks."""
    now = timezone.now()
    for ending in endings:
        row = ending.converge
        row.status, row.reason, row.ended_at, row.updated_at = ending.status, ending.reason, now, now
        if row.command_status_id is not None:
            _end_command(row.command_status_id, ending)
            row.command_status_id = None if ending.window_closed else row.command_status_id
    save_converges([ending.converge for ending in endings])
    _note_on_devices(endings)


def _end_command(status_id: uuid.UUID, ending: Ending) -> None:
    """Unless the row has come to another end already."""
    now = timezone.now()
    target = State.SUCCESS if ending.status == Status.SUCCESS else State.FAILURE
    rows = CommandStatus.objects.filter(pk=status_id, state__in=OPEN)
    if ending.window_closed:  # what is still queued may have another window
        target, rows = State.TIMEOUT, rows.filter(state__in=AWAITING)
    rows.filter(state=State.QUEUED, sent_at=None).update(sent_at=now)  # it was no refusal
    if target is State.SUCCESS:
        rows.filter(state=State.QUEUED).update(state=State.INITIATED, updated_at=now)
    rows.filter(state__in=sources_of(target)).update(
        state=target, reason=ending.reason, updated_at=now, attempts=0, not_now_at=None
    )


def _note_on_devices(endings: Sequence[Ending]) -> None:
    """Those that have another converge to come count as having one open."""
    done: dict[tuple[uuid.UUID, uuid.UUID], list[uuid.UUID]] = defaultdict(list)
    failed: list[uuid.UUID] = []
    for ending in endings:
        row = ending.converge
        if ending.status == Status.SUCCESS and row.blueprint_id and row.blueprint_version_id:
            done[row.blueprint_id, row.blueprint_version_id].append(row.device_id)
        else:
            failed.append(row.device_id)
    busy = _with_more_to_come([ending.converge.device_id for ending in endings])
    for (blueprint_id, version_id), device_ids in done.items():
        note_all_converged(device_ids, blueprint_id, version_id)
    note_converges(set(failed) - busy, Device.ConvergeStatus.FAILED)
    note_converges(busy, Device.ConvergeStatus.OPEN)


def _with_more_to_come(device_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    rows = Converge.objects.filter(device_id__in=device_ids, status__in=Converge.OPEN)
    return set(rows.values_list("device_id", flat=True))
