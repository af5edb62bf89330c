"""Wall clocks: from what a clock in a zone shows to instants, also on the days when clocks are changed."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def first_reached(shown: datetime, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) at which the zone's clock shows this naive time or a later one.

    For a time that the clock shows twice that is the first occurrence, for one that it skips the end of the gap.
    """
    by_old, by_new = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))  # offset at a change
    if by_old <= by_new:
        return by_old
    seconds = range(int((by_old - by_new).total_seconds()))
    skipped = bisect_left(seconds, True, key=lambda s: local(by_new + timedelta(seconds=s), zone) >= shown)
    return by_new + timedelta(seconds=skipped)


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the zone's clock shows then, naive."""
    return instant.astimezone(zone).replace(tzinfo=None)


def weekday(day: date) -> int:
    """0 is Sunday."""
    return day.isoweekday() % 7


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def exists(day: date, zone: ZoneInfo) -> bool:
    """False for a day that the zone left out when it changed sides of the date line."""
    return first_reached(midnight(day), zone) < first_reached(midnight(day + DAY), zone)
