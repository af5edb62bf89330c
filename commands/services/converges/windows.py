"""The windows in which a scheduled converge may run: the same arithmetic as for commands."""

import datetime as dt
import zoneinfo
from typing import Any

from django.utils import timezone

from commands.models import Converge
from commands.schedules.plan import Slot, read_schedule

OPENS = "The window opens at {moment}."


def next_window(schedule_args: dict[str, Any], zone: str, *, after: dt.datetime | None = None) -> Slot | None:
    """The first that is not over; none if there is none left. `after`: one that opens no earlier than that."""
    schedule, now = read_schedule(Converge.Schedule.WINDOW, schedule_args), timezone.now()
    slot = schedule.next_slot(zone, now=max(now, after) if after else now)
    while slot is not None and after is not None and slot.opens_at < after:
        slot = schedule.next_slot(zone, now=slot.closes_at, above=slot.number)
    return slot


def waiting_words(opens_at: dt.datetime, zone: str) -> str:
    """What is told while it waits; blank if it need not."""
    if opens_at <= timezone.now():
        return ""
    return OPENS.format(moment=f"{opens_at.astimezone(zoneinfo.ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})")
