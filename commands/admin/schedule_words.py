"""Schedules and their windows in operators' words, each time with the zone whose clock shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from commands.models import CommandRequest, ScheduleSlot
from commands.schedules.clock import local
from commands.schedules.days import EVERY_DAY, day_names
from commands.schedules.plan import Schedule, Slot, read_schedule
from commands.services.targets import zones_of_targets

NEXT = 5  # windows told ahead in each zone
MOST_ZONES = 6
Phase = ScheduleSlot.Phase
KINDS = {
    CommandRequest.Schedule.IMMEDIATE.value: "now",
    CommandRequest.Schedule.WINDOW.value: "once",
    CommandRequest.Schedule.RECURRING.value: "again and again",
}
PHASES = {
    Phase.ANNOUNCING: ("being prepared", "info"),
    Phase.WAITING: ("to come", "info"),
    Phase.OPENING: ("opening", "success"),
    Phase.OPEN: ("open", "success"),
    Phase.CLOSING: ("closing", "warning"),
    Phase.CLOSED: ("over", "neutral"),
}


def clock(moment: datetime, zone: str) -> str:
    """`Mon 11 Jan 2027 22:00`, as a clock in the zone shows it."""
    shown = local(moment, ZoneInfo(zone))
    return f"{shown:%a} {shown.day} {shown:%b %Y} {_time(shown.time())}"


def ends(opens_at: datetime, closes_at: datetime, zone: str) -> str:
    """The end of a span whose beginning has been told: without the day if it is the same."""
    opens, closes = (local(moment, ZoneInfo(zone)) for moment in (opens_at, closes_at))
    return _time(closes.time()) if opens.date() == closes.date() else clock(closes_at, zone)


def span(opens_at: datetime, closes_at: datetime, zone: str) -> str:
    """`Mon 11 Jan 2027 22:00 – Tue 12 Jan 2027 06:00`; the day once if it is one."""
    return f"{clock(opens_at, zone)} – {ends(opens_at, closes_at, zone)}"


def _time(shown: time) -> str:
    return f"{shown:%H:%M:%S}" if shown.second else f"{shown:%H:%M}"


def rule(request: CommandRequest) -> str:
    """The schedule in a sentence or two; the request need not be saved."""
    if request.schedule == CommandRequest.Schedule.IMMEDIATE:
        return "At once."
    plan = read_schedule(request.schedule, request.schedule_args)
    begins, ends = (clock(moment, request.time_zone) for moment in (plan.start, plan.end))
    between = f"between {begins} and {ends} ({request.time_zone})"
    if not plan.repeats and not _has_daily_window(plan, request.time_zone):
        return f"Once, at any moment {between}."
    words = f"{_how_often(plan)}, {_daily(plan, request.time_zone)}, {between}."
    return f"{words} The daily times are those of each device's own clock." if plan.in_device_time else words


def _has_daily_window(plan: Schedule, zone: str) -> bool:
    return any(plan.window or ()) and (plan.in_device_time or plan.window_in(zone) != _ends_of_day(plan, zone))


def _ends_of_day(plan: Schedule, zone: str) -> tuple[time, time]:
    begins, ends = (local(moment, ZoneInfo(zone)).time().replace(microsecond=0) for moment in (plan.start, plan.end))
    return begins, ends


def _how_often(plan: Schedule) -> str:
    if not plan.repeats:
        return "Once, in a daily window"
    days = "every day" if plan.days >= EVERY_DAY else f"every {_joined(day_names(plan.days))}"
    until = ", until it has succeeded on the device" if settings.RECURRING_STOPS_AFTER_SUCCESS else ""
    return f"Again and again, {days}{until}"


def _joined(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _daily(plan: Schedule, zone: str) -> str:
    opens, closes = plan.window_in(zone)
    return f"from {_time(opens)} to {_time(closes)}{' of the next day' if closes <= opens else ''}"


@dataclass(frozen=True)
class Preview:
    """The next windows in one zone, in words."""

    zone: str
    windows: list[str]


def previews(request: CommandRequest) -> tuple[list[Preview], int]:
    """The next windows in each zone that counts, and how many zones are left out. The request need not be saved."""
    plan = read_schedule(request.schedule, request.schedule_args)
    zones = sorted(zones_of_targets(request)) if plan.in_device_time else []
    shown = zones or [request.time_zone]
    told = [
        Preview(zone, [span(slot.opens_at, slot.closes_at, zone) for slot in islice(_next_slots(plan, zone), NEXT)])
        for zone in shown[:MOST_ZONES]
    ]
    return told, max(0, len(shown) - MOST_ZONES)


def _next_slots(plan: Schedule, zone: str) -> Iterator[Slot]:
    now, above = timezone.now(), -1
    while slot := plan.next_slot(zone, now=now, above=above):
        yield slot
        above = slot.number


def has_own_times(request: CommandRequest) -> bool:
    """Whether a schedule by the devices' own clocks says any time that such a clock could show."""
    return any(read_schedule(request.schedule, request.schedule_args).window or ())


def phase_words(slot: ScheduleSlot) -> tuple[str, str]:
    """What a window is at, and the kind of its label."""
    if slot.phase == Phase.CLOSED and slot.opened_at is None:
        return "never opened", "neutral"
    return PHASES[Phase(slot.phase)]
