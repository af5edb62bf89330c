"""The windows of scheduled requests: announced, opened, closed.

Each turn is one short transaction that holds the window's row; a worker that dies leaves a timer that is due. The
next window is announced when one has opened, so a device of a recurring request always has one row ahead of it.
"""

import datetime as dt
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from commands.catalogue import CATALOGUE
from commands.models import CommandRequest, CommandStatus, ScheduleSlot
from commands.models.status import OPEN, State
from commands.schedules.plan import read_schedule
from commands.services.stages import stage_of
from commands.services.targets import announce_slice, open_slice, zones_of_targets
from commands.services.wakes import wake

Phase = ScheduleSlot.Phase
SETTLED = (Phase.WAITING, Phase.OPEN, Phase.CLOSED)
Left = tuple[uuid.UUID, uuid.UUID, str]  # of a row that a window closes on: its id, its device, its state
BUSY_PAUSE = dt.timedelta(seconds=5)  # before what others held is looked at again

NEVER_OPENED = "The window passed before it could be opened."
PASSED_BEFORE = "The last window in the device's time zone had passed when the command was sent."
NO_TARGET = "The device was not among those the window was for when it opened."
UNCOLLECTED = "The window closed before the device came for the command."
UNANSWERED = "The window closed before the device answered."
REASONS = {State.SCHEDULED.value: NO_TARGET, State.QUEUED.value: UNCOLLECTED}


@transaction.atomic
def start_schedule(request_id: uuid.UUID) -> None:
    """The first window in each time zone. Twice is as once."""
    rows = CommandRequest.objects.select_for_update(of=("self",)).select_related("tenant")
    request = rows.filter(pk=request_id, fanned_out_at=None, cancelled_at=None).first()
    if request is None:
        return
    _add_slots(request, _zones(request), or_the_last=True)
    request.fanned_out_at = timezone.now()
    request.reason = stage_of(request)
    request.save(update_fields=["fanned_out_at", "reason"])


def add_new_zones() -> None:
    """Devices that came into a zone in which no other target was have their windows too."""
    now = timezone.now()
    running = CommandRequest.objects.exclude(schedule=CommandRequest.Schedule.IMMEDIATE).filter(
        ends_at__gt=now, fanned_out_at__isnull=False, cancelled_at=None, schedule_args__time_type="device"
    )
    for request in running.select_related("tenant"):
        known = set(request.slots.values_list("zone", flat=True))
        _add_slots(request, set(_zones(request)) - known)


def _zones(request: CommandRequest) -> Iterable[str]:
    if request.schedule_args.get("time_type") != "device":
        return [request.time_zone]
    return zones_of_targets(request) or [request.tenant.time_zone]


def _add_slots(request: CommandRequest, zones: Iterable[str], *, above: int = -1, or_the_last: bool = False) -> None:
    """The next window of each zone, if there is one; else its last, for rows that say that it has passed."""
    now = timezone.now()
    schedule = read_schedule(request.schedule, request.schedule_args)
    planned = [(zone, schedule.next_slot(zone, now=now, above=above)) for zone in zones]
    if or_the_last:
        planned = [(zone, slot or schedule.last_slot(zone, now=now)) for zone, slot in planned]
    ScheduleSlot.objects.bulk_create(
        [
            ScheduleSlot(
                request=request,
                zone=zone,
                number=slot.number,
                opens_at=slot.opens_at,
                closes_at=slot.closes_at,
                due_at=now,
            )
            for zone, slot in planned
            if slot is not None
        ],
        ignore_conflicts=True,
    )


def due_slots(most: int, *, request_id: uuid.UUID | None = None) -> list[int]:
    """Those that need work now, the longest waiting first; of one request or of all."""
    due = ScheduleSlot.objects.filter(due_at__lte=timezone.now()).order_by("due_at")
    of_request = due.filter(request_id=request_id) if request_id else due
    return list(of_request.values_list("pk", flat=True)[:most])


def turn_slot(slot_id: int) -> None:
    """Does what is due; nothing if another worker is at it."""
    while _turn(slot_id):
        pass


@transaction.atomic
def _turn(slot_id: int) -> bool:
    """One slice of the work; whether there is more to do at once."""
    now = timezone.now()
    rows = ScheduleSlot.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    slot = rows.select_related("request__tenant").filter(pk=slot_id, due_at__lte=now).first()
    if slot is None:
        return False
    if _is_cancelled(slot):
        slot.phase, slot.due_at = Phase.CLOSED, None  # the cancellation ends its rows
    else:
        _enter_phase(slot, now)
        _work(slot, now)
    slot.save(update_fields=["phase", "due_at", "cursor", "opened_at"])
    if slot.phase in SETTLED:
        CommandRequest.objects.filter(pk=slot.request_id, cancelled_at=None).update(reason=stage_of(slot.request))
    return slot.due_at is not None and slot.due_at <= now


def _is_cancelled(slot: ScheduleSlot) -> bool:
    """The request is locked, so that nobody cancels it while rows of it are being made."""
    row = CommandRequest.objects.select_for_update(no_key=True).filter(pk=slot.request_id)
    return row.values_list("cancelled_at", flat=True).get() is not None


def _enter_phase(slot: ScheduleSlot, now: dt.datetime) -> None:
    """What the clock says overtakes what was begun: a window that is over is not opened any more.

    It is announced all the same, so that each device it was for has a row that says why nothing came of it.
    """
    if now >= slot.closes_at and slot.phase not in (Phase.ANNOUNCING, Phase.CLOSING):
        slot.phase, slot.cursor = Phase.CLOSING, None
        _add_slots(slot.request, [slot.zone], above=slot.number)
    elif slot.opens_at <= now < slot.closes_at and slot.phase in (Phase.ANNOUNCING, Phase.WAITING):
        slot.phase, slot.cursor, slot.opened_at = Phase.OPENING, None, now


def _work(slot: ScheduleSlot, now: dt.datetime) -> None:
    if slot.phase == Phase.ANNOUNCING:
        _announce(slot)
    elif slot.phase == Phase.OPENING and _is_after_others(slot):
        slot.due_at = now + BUSY_PAUSE
    elif slot.phase == Phase.OPENING:
        _open(slot)
    elif slot.phase == Phase.CLOSING:
        _close(slot, now)


def _is_after_others(slot: ScheduleSlot) -> bool:
    """Whether a window before it is still being closed: what is left of that may belong into this one."""
    earlier = ScheduleSlot.objects.filter(request=slot.request, zone=slot.zone, number__lt=slot.number)
    return earlier.filter(due_at__isnull=False).exists()


def _announce(slot: ScheduleSlot) -> None:
    slot.cursor = announce_slice(slot).last_id
    if slot.cursor is None:
        slot.phase, slot.due_at = Phase.WAITING, slot.opens_at


def _open(slot: ScheduleSlot) -> None:
    opened = open_slice(slot)
    wake(opened.ready, skip_busy=True)
    slot.cursor = opened.last_id
    if slot.cursor is None:
        slot.phase, slot.due_at = Phase.OPEN, slot.closes_at
        if slot.request.schedule == CommandRequest.Schedule.RECURRING:
            _add_slots(slot.request, [slot.zone], above=slot.number)


def _close(slot: ScheduleSlot, now: dt.datetime) -> None:
    """What is left of the window's rows waits for the next window of a WINDOW request, or ends."""
    left = CommandStatus.objects.filter(slot=slot, state__in=OPEN)
    free = left.select_for_update(of=("self",), skip_locked=True, no_key=True)
    rows = list(free.values_list("pk", "device_id", "state")[: settings.FAN_OUT_SLICE])
    found = len(rows)
    following = _next_window(slot)
    if following is not None:
        _carry_over(rows, slot, following)
    else:
        moved = _move_to_other_zones(slot, rows)
        _end(slot, [row for row in rows if row[0] not in moved])
    if found < settings.FAN_OUT_SLICE and left.exists():  # connections of devices hold them
        slot.due_at = now + BUSY_PAUSE
    elif found < settings.FAN_OUT_SLICE:
        slot.phase, slot.due_at = Phase.CLOSED, None


def _next_window(slot: ScheduleSlot) -> ScheduleSlot | None:
    if slot.request.schedule == CommandRequest.Schedule.RECURRING:
        return None
    return ScheduleSlot.objects.filter(request=slot.request, zone=slot.zone, number__gt=slot.number).first()


def _carry_over(left: list[Left], slot: ScheduleSlot, following: ScheduleSlot) -> None:
    """What devices have already been given stays theirs, and is offered again in the next window only."""
    rows = CommandStatus.objects.filter(pk__in=[pk for pk, _, _ in left])
    now = timezone.now()
    rows.filter(state=State.QUEUED).update(state=State.SCHEDULED, reason=UNCOLLECTED, updated_at=now)
    rows.update(slot=following, not_before=following.opens_at, closes_at=following.closes_at)
    uncollected = [device_id for _, device_id, state in left if state == State.QUEUED]
    CATALOGUE[slot.request.command].on_unsuccessful(uncollected)


def _move_to_other_zones(slot: ScheduleSlot, rows: list[Left]) -> set[uuid.UUID]:
    """Rows of devices that are in another zone by now wait for that zone's window of the same day."""
    scheduled = [pk for pk, _, state in rows if state == State.SCHEDULED]
    others = ScheduleSlot.objects.filter(request=slot.request, number=slot.number, due_at__isnull=False)
    moved: set[uuid.UUID] = set()
    for other in others.exclude(pk=slot.pk) if scheduled else ():
        there = Q(device__time_zone=other.zone)
        if other.zone == slot.request.tenant.time_zone:
            there |= Q(device__time_zone="")
        found = set(CommandStatus.objects.filter(there, pk__in=scheduled).values_list("pk", flat=True))
        CommandStatus.objects.filter(pk__in=found, state=State.SCHEDULED).update(
            slot=other, not_before=other.opens_at, closes_at=other.closes_at
        )
        moved |= found
    return moved


def _end(slot: ScheduleSlot, rows: list[Left]) -> None:
    now = timezone.now()
    for state in {state for _, _, state in rows}:
        reason = REASONS.get(state, UNANSWERED)
        if state == State.SCHEDULED and slot.opened_at is None:
            reason = PASSED_BEFORE if slot.closes_at <= slot.request.created_at else NEVER_OPENED
        of_state = [pk for pk, _, row_state in rows if row_state == state]
        CommandStatus.objects.filter(pk__in=of_state).update(
            state=State.TIMEOUT, reason=reason, updated_at=now, not_now_at=None
        )
    CATALOGUE[slot.request.command].on_unsuccessful([device_id for _, device_id, _ in rows])
