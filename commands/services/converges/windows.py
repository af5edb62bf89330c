"""The windows in which a scheduled converge may run: the same arithmetic as for commands."""

import datetime as dt
import zoneinfo

from django.utils import timezone

from commands.models import Converge
from commands.schedules.plan import Slot, read_schedule

OPENS = "The window opens at {moment}."
NEVER_OPENED = "The window passed before it could be opened."
CLOSED = "The window closed before all of it was done."


def next_window(converge: Converge) -> Slot | None:
    """The first that is not over and opens no earlier than the one that it has ends; none if there is none left."""
    schedule, now = read_schedule(Converge.Schedule.WINDOW, converge.schedule_args), timezone.now()
    slot = schedule.next_slot(converge.time_zone, now=now)
    while slot is not None and converge.closes_at is not None and slot.opens_at < converge.closes_at:
        slot = schedule.next_slot(converge.time_zone, now=now, above=slot.number)
    return slot


def waiting_words(opens_at: dt.datetime, zone: str) -> str:
    """What is told while it waits; blank if it need not."""
    if opens_at <= timezone.now():
        return ""
    return OPENS.format(moment=f"{opens_at.astimezone(zoneinfo.ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})")


def is_over(converge: Converge) -> bool:
    return converge.closes_at is not None and converge.closes_at <= timezone.now()


def move_to_next_window(converge: Converge) -> bool:
    """Back into the queue, to be compared anew. False if there is no further window; `reason` says what became of it.

    The caller saves it.
    """
    windowed = converge.schedule_type == Converge.Schedule.WINDOW
    slot = next_window(converge) if windowed else None
    if slot is None:
        converge.reason = CLOSED if converge.stage or converge.status == Converge.Status.IN_PROGRESS else NEVER_OPENED
        return False
    converge.status, converge.stage = Converge.Status.QUEUED, 0
    converge.not_before, converge.closes_at = slot.opens_at, slot.closes_at
    converge.reason = waiting_words(slot.opens_at, converge.time_zone)
    return True
