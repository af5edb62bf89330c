"""When a scheduled command may run in a zone: arithmetic of instants and wall clocks; it knows no rows.

`Schedule.start` and `.end` are instants; the times of its window are what a clock in the zone shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from commands.schedules.clock import DAY, exists, first_reached, local, weekday
from commands.schedules.days import EVERY_DAY, read_days

EARLIEST, LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 12, 1, tzinfo=UTC)  # room for any zone's offset


@dataclass(frozen=True)
class Slot:
    """One span in which the command may run, in UTC. The number is the same whenever it is computed anew."""

    number: int
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True)
class Schedule:
    """RECURRING (`repeats`): a window on each of the `days` (0 is Sunday). WINDOW: one span, or a window every day.

    Where the window lacks a time, that of start or end counts. With `in_device_time`, each device's zone counts.
    """

    repeats: bool
    start: datetime
    end: datetime
    window: tuple[time | None, time | None] | None
    days: frozenset[int]
    in_device_time: bool

    def slots(self, zone: str) -> Iterator[Slot]:
        """In order, lazily; slots of one zone never overlap."""
        return self._slots(ZoneInfo(zone), 0)

    def next_slot(self, zone: str, *, now: datetime, above: int = -1) -> Slot | None:
        """The first that is not over and has a number above the given one."""
        clock = ZoneInfo(zone)
        reached = (local(min(now, LATEST), clock).date() - self._first_day).days - 2
        slots = self._slots(clock, max(0, above + 1, reached))
        return next((slot for slot in slots if slot.closes_at > now and slot.number > above), None)

    def last_slot(self, zone: str, *, now: datetime) -> Slot | None:
        """The last that is over. There is one in the last eight days, or there is none in them to speak of."""
        last = self.next_slot(zone, now=now - timedelta(days=8))
        while last and (following := self.next_slot(zone, now=last.closes_at, above=last.number)):
            if following.closes_at > now:
                break
            last = following
        return last if last and last.closes_at <= now else None

    def window_in(self, zone: str) -> tuple[time, time]:
        """When the window opens and closes by a clock in the zone."""
        return self._window(ZoneInfo(zone))

    def _slots(self, zone: ZoneInfo, lowest: int) -> Iterator[Slot]:
        if not self.repeats and self._window(zone) == self._times_of_day(zone):
            yield Slot(0, self.start, self.end)
        elif next(self._inside(zone, 0), None):
            yield from self._inside(zone, lowest)
        elif self.in_device_time:
            yield next(slot for slot in self._windows(zone, 0) if slot.opens_at >= self.start)

    def _inside(self, zone: ZoneInfo, lowest: int) -> Iterator[Slot]:
        """The windows from this number on, as far as they lie between start and end."""
        for slot in takewhile(lambda slot: slot.opens_at < self.end, self._windows(zone, lowest)):
            opens_at, closes_at = max(slot.opens_at, self.start), min(slot.closes_at, self.end)
            if opens_at < closes_at:
                yield Slot(slot.number, opens_at, closes_at)

    def _windows(self, zone: ZoneInfo, lowest: int) -> Iterator[Slot]:
        """Whole windows without end, numbered by their day."""
        first, (opens, closes) = self._first_day, self._window(zone)
        for number in count(lowest):
            day = first + timedelta(days=number)
            if weekday(day) in (self.days or EVERY_DAY) and exists(day, zone):
                yield Slot(number, *_window_of(day, opens, closes, zone))

    @property
    def _first_day(self) -> date:
        """Before the first window of any zone, so that a day has the same number everywhere.

        A zone may be a day behind UTC, and a window that began on the day before the start may reach over the start.
        """
        return self.start.astimezone(UTC).date() - 2 * DAY

    def _window(self, zone: ZoneInfo) -> tuple[time, time]:
        (opens, closes), (start, end) = self.window or (None, None), self._times_of_day(zone)
        return opens or start, closes or end

    def _times_of_day(self, zone: ZoneInfo) -> tuple[time, time]:
        """Of start and end, in whole seconds."""
        start, end = (local(instant, zone).time().replace(microsecond=0) for instant in (self.start, self.end))
        return start, end


def _window_of(day: date, opens: time, closes: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When the window that begins on this day opens and closes.

    One that a change of the clock would swallow whole keeps its length, short of the next day's window.
    """
    begin = datetime.combine(day, opens)
    finish = datetime.combine(day if opens < closes else day + DAY, closes)
    opens_at, closes_at = first_reached(begin, zone), first_reached(finish, zone)
    if closes_at <= opens_at:
        closes_at = min(opens_at + (finish - begin), first_reached(begin + DAY, zone))
    return opens_at, closes_at


def read_schedule(schedule: str, schedule_args: dict[str, Any]) -> Schedule:
    """The plan of a request with this `schedule` (WINDOW or RECURRING), from its arguments as they are stored."""
    times = (schedule_args.get(key) for key in ("window_start_time", "window_end_time"))
    opens, closes = (time.fromisoformat(text) if text else None for text in times)
    repeats = schedule == "RECURRING"
    return Schedule(
        repeats=repeats,
        start=max(EARLIEST, datetime.fromisoformat(schedule_args["start_datetime"]).astimezone(UTC)),
        end=min(LATEST, datetime.fromisoformat(schedule_args["end_datetime"]).astimezone(UTC)),
        window=(opens, closes),
        days=read_days(schedule_args.get("days", [])) if repeats else EVERY_DAY,
        in_device_time=schedule_args.get("time_type") == "device",
    )
