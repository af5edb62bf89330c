"""Schedules to try, and what a clock says of them: minute by minute, without arithmetic of zones."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from commands.schedules.days import EVERY_DAY
from commands.schedules.plan import Schedule, Slot

Clock = tuple[datetime, date, time, bool]  # the instant, what the clock shows, and whether it shows that only once


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def span(text: str) -> tuple[time, time]:
    """`22:00-06:00`"""
    opens, closes = text.split("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


def window(start: str, end: str, times: str = "", *, in_device_time: bool = False) -> Schedule:
    return Schedule(False, at(start), at(end), span(times) if times else None, EVERY_DAY, in_device_time)


def recurring(
    start: str, end: str, times: str = "", *, days: frozenset[int] = EVERY_DAY, in_device_time: bool = False
) -> Schedule:
    return Schedule(True, at(start), at(end), span(times) if times else None, days, in_device_time)


def shown(slots: list[Slot], zone: str = "UTC") -> list[str]:
    """`day opens-closes` by a clock in the zone."""
    return [
        f"{slot.opens_at.astimezone(ZoneInfo(zone)):%a %d %H:%M}-{slot.closes_at.astimezone(ZoneInfo(zone)):%H:%M}"
        for slot in slots
    ]


@lru_cache
def clock(zone: str, start: datetime, end: datetime, minutes: int) -> tuple[Clock, ...]:
    return tuple(_read_clock(ZoneInfo(zone), start, end, timedelta(minutes=minutes)))


def _read_clock(zone: ZoneInfo, start: datetime, end: datetime, step: timedelta) -> Iterator[Clock]:
    instant = start
    while instant < end:
        shown = instant.astimezone(zone)
        twice = shown.replace(fold=0).utcoffset() != shown.replace(fold=1).utcoffset()
        yield instant, shown.date(), shown.time().replace(fold=0), not twice
        instant += step


def is_open(today: date, shown: time, times: tuple[time, time], days: frozenset[int], dates: set[date]) -> bool:
    """Whether a window that began today or yesterday is open when the clock shows this."""
    opens, closes = times
    over_midnight = closes <= opens
    if shown >= opens and (over_midnight or shown < closes) and today.isoweekday() % 7 in days:
        return True
    if not (over_midnight and shown < closes):
        return False
    yesterday = today - timedelta(days=1)
    return yesterday in dates and yesterday.isoweekday() % 7 in days
