"""Windows on the days when clocks are changed."""

from datetime import timedelta

import pytest

from commands.schedules.plan import Schedule
from tests.commands.schedules.schedules import recurring, shown

SPRING = ("2026-03-28T12:00+00:00", "2026-03-29T12:00+00:00")  # Berlin: 02:00 becomes 03:00 at 01:00Z
AUTUMN = ("2026-10-24T12:00+00:00", "2026-10-25T12:00+00:00")  # Berlin: 03:00 becomes 02:00 at 01:00Z


def the_slot(schedule: Schedule, zone: str = "Europe/Berlin") -> tuple[str, str]:
    (slot,) = schedule.slots(zone)
    return f"{slot.opens_at:%d %H:%M}", f"{slot.closes_at:%d %H:%M}"


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ("01:00-02:30", ("29 00:00", "29 01:00")),  # the end is skipped: it closes when the clock leaps
        ("02:30-04:00", ("29 01:00", "29 02:00")),  # the beginning is skipped: it opens when the clock leaps
        ("02:15-02:45", ("29 01:00", "29 01:30")),  # all of it is skipped: half an hour from the leap on
        ("02:00-03:00", ("29 01:00", "29 02:00")),
        ("02:00-02:00", ("29 01:00", "29 12:00")),  # around the clock, as far as the schedule goes
        ("01:00-04:00", ("29 00:00", "29 02:00")),  # three hours by the clock are two
    ],
)
def test_times_that_the_clock_skips_in_spring(times: str, expected: tuple[str, str]) -> None:
    slots = [slot for slot in recurring(*SPRING, times).slots("Europe/Berlin") if slot.opens_at.day == 29]

    assert [(f"{slot.opens_at:%d %H:%M}", f"{slot.closes_at:%d %H:%M}") for slot in slots] == [expected]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ("01:00-02:30", ("24 23:00", "25 00:30")),  # until the first 02:30
        ("02:30-04:00", ("25 00:30", "25 03:00")),  # from the first 02:30 on
        ("02:15-02:45", ("25 00:15", "25 00:45")),  # once, not twice
        ("02:00-03:00", ("25 00:00", "25 02:00")),
        ("01:00-04:00", ("24 23:00", "25 03:00")),  # three hours by the clock are four
    ],
)
def test_times_that_the_clock_shows_twice_in_autumn(times: str, expected: tuple[str, str]) -> None:
    assert the_slot(recurring(*AUTUMN, times)) == expected


def test_a_half_hour_that_is_swallowed_where_clocks_change_by_half_an_hour() -> None:
    """Lord Howe: 02:00 becomes 02:30 on 4 October 2026 at 15:30Z of the third."""
    schedule = recurring("2026-10-03T00:00+00:00", "2026-10-04T00:00+00:00", "02:00-02:20")

    assert the_slot(schedule, "Australia/Lord_Howe") == ("03 15:30", "03 15:50")


def test_a_day_that_begins_at_one_o_clock() -> None:
    """Santiago: on 6 September 2026 midnight becomes 01:00."""
    schedule = recurring("2026-09-05T12:00+00:00", "2026-09-07T00:00+00:00", "00:00-06:00", days=frozenset({0}))

    assert shown(list(schedule.slots("America/Santiago")), "America/Santiago") == ["Sun 06 01:00-06:00"]


def test_a_day_that_was_left_out_has_no_window() -> None:
    """Apia went from Thursday 29 to Saturday 31 December 2011."""
    schedule = recurring("2011-12-29T00:00+00:00", "2012-01-02T00:00+00:00", "01:00-17:00")

    opened = shown(list(schedule.slots("Pacific/Apia")), "Pacific/Apia")
    assert opened == [
        "Wed 28 14:00-17:00",
        "Thu 29 01:00-17:00",
        "Sat 31 01:00-17:00",
        "Sun 01 01:00-17:00",
        "Mon 02 01:00-14:00",
    ]


def test_a_night_before_the_day_that_was_left_out_ends_with_it() -> None:
    schedule = recurring("2011-12-29T00:00+00:00", "2012-01-02T00:00+00:00", "22:00-06:00", days=frozenset({4, 5}))

    (slot,) = schedule.slots("Pacific/Apia")
    assert slot.closes_at - slot.opens_at == timedelta(hours=2)
