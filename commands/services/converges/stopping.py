"""What comes to running converges from outside: their window closes, or the command that they answer ends."""

import uuid
from collections import defaultdict
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from commands.catalogue import CATALOGUE
from commands.models import CommandStatus, Converge
from commands.models.status import OPEN, State
from commands.services.slots import UNANSWERED, UNCOLLECTED


def ended_command(converge: Converge) -> str:
    """Why the command that it answers has ended; blank if it has not, or there is none."""
    row = converge.command_status
    return "" if row is None or row.state in OPEN else (row.reason or f"{row.state}.")


def close_rows(converge_ids: Collection[uuid.UUID]) -> None:
    """Their windows have closed. Rows that a connection holds just now are left for the next look."""
    for state, rows in _by_state(converge_ids).items():
        reason = UNCOLLECTED if state == State.QUEUED else UNANSWERED
        _end(rows, State.TIMEOUT, reason)


def cancel_unsent(converge_ids: Collection[uuid.UUID], reason: str) -> None:
    """What devices have already been given goes on."""
    _end(_by_state(converge_ids)[State.QUEUED], State.CANCELLED, reason)


def _by_state(converge_ids: Collection[uuid.UUID]) -> dict[str, list[CommandStatus]]:
    free = CommandStatus.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    rows = free.select_related("request").only("state", "device_id", "request__command")
    found: dict[str, list[CommandStatus]] = defaultdict(list)
    for row in rows.filter(request__step__converge__in=converge_ids, state__in=OPEN).order_by("pk"):
        found[row.state].append(row)
    return found


def _end(rows: Collection[CommandStatus], target: State, reason: str) -> None:
    CommandStatus.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=target, reason=reason, updated_at=timezone.now(), not_now_at=None
    )
    for command in {row.request.command for row in rows}:
        CATALOGUE[command].on_unsuccessful([row.device_id for row in rows if row.request.command == command])


@transaction.atomic
def start_commands() -> int:
    """Commands of converges of which the device has been given something are in progress from now on. How many."""
    now = timezone.now()
    waiting = Converge.objects.filter(status=Converge.Status.IN_PROGRESS, command_status__state=State.QUEUED)
    begun = waiting.filter(steps__request__statuses__sent_at__isnull=False)
    rows = dict(begun.values_list("command_status", "command_status__request__command"))
    for command in set(rows.values()):
        ids = [pk for pk, name in rows.items() if name == command]
        expires_at = now + CATALOGUE[command].time_out
        moved = CommandStatus.objects.filter(pk__in=ids, state=State.QUEUED)
        moved.update(state=State.INITIATED, sent_at=now, expires_at=expires_at, updated_at=now)
        CommandStatus.objects.filter(pk__in=ids, state=State.INITIATED).update(state=State.IN_PROGRESS)
    return len(rows)
