"""Recurring schedules through the year in zones with rules of their own, against their clocks read step by step."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.schedules.days import EVERY_DAY
from commands.schedules.plan import Schedule
from tests.commands.schedules.schedules import Clock, clock, is_open, span

ZONES = [
    ("Europe/Berlin", 2026),
    ("America/New_York", 2026),
    ("Australia/Lord_Howe", 2026),  # clocks are changed by half an hour
    ("America/Santiago", 2026),  # at midnight: there is a day that begins at 01:00
    ("Africa/Casablanca", 2026),  # the offset goes down for Ramadan
    ("Asia/Kolkata", 2026),
    ("Pacific/Apia", 2011),  # had no 30 December
]
STEP = 15
TIMES = st.integers(0, 24 * 60 // STEP - 1).map(lambda quarter: time(quarter * STEP // 60, quarter * STEP % 60))


def differences(
    times: tuple[time, time], days: frozenset[int], zone: str, readings: tuple[Clock, ...]
) -> list[datetime]:
    """The instants at which the plan and the clock disagree, where the clock is not ambiguous."""
    start, end = readings[0][0], readings[-1][0]
    schedule = Schedule(True, start, end, times, days, in_device_time=False)
    dates = {day for _, day, _, _ in readings} | {readings[0][1] - timedelta(days=1)}
    slots, wrong = iter(schedule.slots(zone)), []
    slot = next(slots, None)
    for instant, day, shown, is_unique in readings[:-1]:
        while slot and slot.closes_at <= instant:
            slot = next(slots, None)
        planned = slot is not None and slot.opens_at <= instant
        if is_unique and planned != is_open(day, shown, times, days, dates):
            wrong.append(instant)
    return wrong


def whole_year(year: int) -> tuple[datetime, datetime]:
    return datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("zone", "year"), ZONES)
@settings(max_examples=15)
@given(opens=TIMES, closes=TIMES, days=st.frozensets(st.integers(0, 6), min_size=1))
def test_slots_are_what_the_clock_says(zone: str, year: int, opens: time, closes: time, days: frozenset[int]) -> None:
    minutes = (closes.hour - opens.hour) * 60 + closes.minute - opens.minute
    if 0 < minutes <= 60:
        return  # a change of the clock may swallow it: it is then moved, see test_daylight_saving

    assert differences((opens, closes), days, zone, clock(zone, *whole_year(year), STEP)) == []


@cache
def changes(zone: str, year: int) -> list[datetime]:
    readings = clock(zone, *whole_year(year), STEP)
    shown = [(instant, datetime.combine(day, hour)) for instant, day, hour, _ in readings]
    return [after for (_, a), (after, b) in pairwise(shown) if b - a != timedelta(minutes=STEP)]


@pytest.mark.parametrize(("zone", "year"), [each for each in ZONES if each[0] != "Asia/Kolkata"])
@pytest.mark.parametrize("times", ["22:07-05:13", "02:29-07:31", "00:00-23:59", "23:59-00:31", "01:31-01:31"])
def test_slots_are_right_to_the_minute_where_clocks_are_changed(zone: str, year: int, times: str) -> None:
    assert changes(zone, year)
    for change in changes(zone, year):
        readings = clock(zone, change - timedelta(days=2), change + timedelta(days=2), 1)

        assert differences(span(times), EVERY_DAY, zone, readings) == []


@pytest.mark.parametrize(("zone", "year"), ZONES)
@settings(max_examples=25)
@given(data=st.data(), opens=TIMES, closes=TIMES, repeats=st.booleans())
def test_slots_follow_each_other_and_are_found_again(
    zone: str, year: int, data: st.DataObject, opens: time, closes: time, repeats: bool
) -> None:
    start, end = whole_year(year)
    schedule = Schedule(repeats, start, end, (opens, closes), EVERY_DAY, in_device_time=True)
    slots = list(schedule.slots(zone))

    assert all(start <= slot.opens_at < slot.closes_at <= end for slot in slots)
    assert all(one.closes_at <= two.opens_at and one.number < two.number for one, two in pairwise(slots))
    now = data.draw(st.datetimes(start.replace(tzinfo=None), end.replace(tzinfo=None))).replace(tzinfo=UTC)
    above = data.draw(st.integers(-1, 370))
    left = [slot for slot in slots if slot.closes_at > now and slot.number > above]
    assert schedule.next_slot(zone, now=now, above=above) == (left[0] if left else None)


@pytest.mark.parametrize(("zone", "year"), ZONES)
def test_there_is_one_slot_a_day_numbered_by_its_date(zone: str, year: int) -> None:
    schedule = Schedule(True, *whole_year(year), span("09:00-17:00"), EVERY_DAY, in_device_time=False)
    slots = list(schedule.slots(zone))

    dates = [slot.opens_at.astimezone(ZoneInfo(zone)).date() for slot in slots]
    first = schedule.start.astimezone(UTC).date() - timedelta(days=2)  # in every zone
    assert [(day - first).days for day in dates] == [slot.number for slot in slots]
    assert len(dates) == len(set(dates))
    missing = {date(year, 1, 2) + timedelta(days=n) for n in range(363)} - set(dates)
    assert missing == ({date(2011, 12, 30)} if zone == "Pacific/Apia" else set())
