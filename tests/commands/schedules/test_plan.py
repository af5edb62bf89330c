"""Which slots a schedule has, in a zone whose clocks stand still where that is not the subject."""

from datetime import timedelta
from itertools import islice

import pytest

from commands.schedules.plan import Schedule, Slot, read_schedule
from tests.commands.schedules.schedules import at, recurring, shown, window

MONDAY, FRIDAY = 1, 5
RECORDED = {
    "name": "scheduling",
    "start_datetime": "2020-10-21T20:15:00Z",
    "end_datetime": "2020-10-21T21:15:00Z",
    "time_type": "device",
    "window_start_time": "13:15:00",
    "window_end_time": "14:15:00",
    "days": ["All days"],
}


def slots_of(schedule: Schedule, zone: str = "UTC") -> list[str]:
    return shown(list(schedule.slots(zone)), zone)


def test_the_recorded_window_is_its_hour_in_los_angeles() -> None:
    schedule = read_schedule("WINDOW", RECORDED)

    only = Slot(0, at("2020-10-21T20:15:00Z"), at("2020-10-21T21:15:00Z"))
    assert list(schedule.slots("America/Los_Angeles")) == [only]


def test_the_recorded_window_is_the_next_such_hour_elsewhere() -> None:
    """In Berlin it is a quarter past ten in the evening by then; a quarter past one is next day."""
    schedule = read_schedule("WINDOW", RECORDED)

    assert slots_of(schedule, "Europe/Berlin") == ["Thu 22 13:15-14:15"]


def test_the_same_digits_sent_as_if_they_were_utc_are_that_hour_by_the_device() -> None:
    digits = {**RECORDED, "start_datetime": "2020-10-21T13:15:00Z", "end_datetime": "2020-10-21T14:15:00Z"}

    assert slots_of(read_schedule("WINDOW", digits), "America/Los_Angeles") == ["Wed 21 13:15-14:15"]
    assert slots_of(read_schedule("WINDOW", digits), "Asia/Tokyo") == ["Thu 22 13:15-14:15"]


def test_console_time_does_not_look_beyond_the_end() -> None:
    schedule = read_schedule("WINDOW", {**RECORDED, "time_type": "console"})

    assert list(schedule.slots("Europe/Berlin")) == []
    assert schedule.next_slot("Europe/Berlin", now=at("2020-10-21T20:00Z")) is None


def test_a_window_without_times_is_one_span_over_days() -> None:
    schedule = window("2026-03-02T08:30+00:00", "2026-03-05T17:00+00:00")

    assert list(schedule.slots("Asia/Tokyo")) == [Slot(0, schedule.start, schedule.end)]


def test_a_window_whose_times_are_those_of_start_and_end_is_one_span() -> None:
    schedule = window("2026-03-02T08:30+00:00", "2026-03-05T17:00+00:00", "08:30-17:00")

    assert list(schedule.slots("UTC")) == [Slot(0, schedule.start, schedule.end)]
    assert len(list(schedule.slots("Asia/Tokyo"))) == 3


def test_a_window_with_other_times_is_open_every_day_between_start_and_end() -> None:
    schedule = window("2026-03-02T08:30+00:00", "2026-03-05T12:00+00:00", "08:00-13:00")

    assert slots_of(schedule) == [
        "Mon 02 08:30-13:00",
        "Tue 03 08:00-13:00",
        "Wed 04 08:00-13:00",
        "Thu 05 08:00-12:00",
    ]


def test_a_window_pays_no_heed_to_days() -> None:
    told = {**RECORDED, "end_datetime": "2020-10-23T21:15:00Z", "window_start_time": "13:00:00", "days": ["Monday"]}

    assert len(list(read_schedule("WINDOW", told).slots("America/Los_Angeles"))) == 3


def test_recurring_takes_the_times_of_start_and_end_by_the_clock_of_the_zone() -> None:
    schedule = recurring("2026-03-02T08:30+00:00", "2026-03-04T17:00+00:00")

    assert slots_of(schedule) == ["Mon 02 08:30-17:00", "Tue 03 08:30-17:00", "Wed 04 08:30-17:00"]
    assert slots_of(schedule, "Asia/Kolkata") == ["Mon 02 14:00-22:30", "Tue 03 14:00-22:30", "Wed 04 14:00-22:30"]


def test_one_time_may_be_left_to_start_or_end() -> None:
    ends = {"start_datetime": "2026-03-02T08:30:00Z", "end_datetime": "2026-03-03T17:00:00Z"}

    opened = read_schedule("RECURRING", {**ends, "window_start_time": "10:00:00"})
    closed = read_schedule("RECURRING", {**ends, "window_end_time": "10:00:00"})

    assert slots_of(opened) == ["Mon 02 10:00-17:00", "Tue 03 10:00-17:00"]
    assert slots_of(closed) == ["Mon 02 08:30-10:00", "Tue 03 08:30-10:00"]


def test_recurring_opens_on_its_days_only() -> None:
    schedule = recurring(
        "2026-03-01T00:00+00:00", "2026-03-15T00:00+00:00", "09:00-10:00", days=frozenset({MONDAY, FRIDAY})
    )

    assert slots_of(schedule) == [
        "Mon 02 09:00-10:00",
        "Fri 06 09:00-10:00",
        "Mon 09 09:00-10:00",
        "Fri 13 09:00-10:00",
    ]
    assert [slot.number for slot in schedule.slots("UTC")] == [3, 7, 10, 14]


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    schedule = recurring("2026-03-01T00:00+00:00", "2026-03-08T00:00+00:00", "22:00-05:00", days=frozenset({FRIDAY}))

    (slot,) = schedule.slots("UTC")
    assert (slot.opens_at, slot.closes_at) == (at("2026-03-06T22:00+00:00"), at("2026-03-07T05:00+00:00"))


def test_the_rest_of_the_night_before_the_start_counts() -> None:
    schedule = recurring("2026-03-07T03:00+00:00", "2026-03-07T23:00+00:00", "22:00-05:00")

    assert slots_of(schedule) == ["Sat 07 03:00-05:00", "Sat 07 22:00-23:00"]
    assert [slot.number for slot in schedule.slots("UTC")] == [1, 2]


def test_the_rest_of_the_night_before_the_start_needs_its_day() -> None:
    schedule = recurring("2026-03-07T03:00+00:00", "2026-03-07T23:00+00:00", "22:00-05:00", days=frozenset({6}))

    assert slots_of(schedule) == ["Sat 07 22:00-23:00"]


def test_windows_that_would_be_empty_are_left_out() -> None:
    schedule = recurring("2026-03-02T10:00+00:00", "2026-03-04T09:00+00:00", "09:00-10:00")

    assert slots_of(schedule) == ["Tue 03 09:00-10:00"]


def test_equal_times_are_around_the_clock() -> None:
    schedule = recurring("2026-03-02T10:00+00:00", "2026-03-04T09:00+00:00", "00:00-00:00")

    assert slots_of(schedule) == ["Mon 02 10:00-00:00", "Tue 03 00:00-00:00", "Wed 04 00:00-09:00"]


def test_in_device_time_a_zone_without_a_window_gets_the_next_whole_one() -> None:
    schedule = recurring(
        "2026-03-02T12:00+00:00", "2026-03-02T13:00+00:00", "03:00-05:00", days=frozenset({MONDAY}), in_device_time=True
    )

    assert slots_of(schedule) == ["Mon 09 03:00-05:00"]
    assert schedule.next_slot("UTC", now=at("2026-03-09T04:00+00:00")) == next(schedule.slots("UTC"))
    assert schedule.next_slot("UTC", now=at("2026-03-09T05:00+00:00")) is None


def test_the_next_slot_is_the_open_one_until_it_closes() -> None:
    schedule = recurring("2026-03-02T00:00+00:00", "2026-03-05T00:00+00:00", "09:00-10:00")
    first, second, _ = schedule.slots("UTC")

    assert schedule.next_slot("UTC", now=first.opens_at - timedelta(days=400)) == first
    assert schedule.next_slot("UTC", now=first.closes_at - timedelta(seconds=1)) == first
    assert schedule.next_slot("UTC", now=first.closes_at) == second
    assert schedule.next_slot("UTC", now=first.opens_at, above=first.number) == second
    assert schedule.next_slot("UTC", now=at("2026-03-05T00:00+00:00")) is None


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("schedule", ["WINDOW", "RECURRING"])
def test_a_schedule_may_reach_to_the_ends_of_the_calendar(zone: str, schedule: str) -> None:
    ends = {"start_datetime": "0001-01-01T00:00:00Z", "end_datetime": "9999-12-31T23:59:59.999999Z"}
    plan = read_schedule(schedule, {**ends, "window_start_time": "22:00:00", "window_end_time": "05:00:00"})

    assert len(list(islice(plan.slots(zone), 3))) == 3
    late = plan.next_slot(zone, now=at("9999-11-29T12:00:00Z"))
    assert late is not None
    assert plan.next_slot(zone, now=at("9999-12-31T12:00:00Z")) is None
    assert plan.next_slot(zone, now=at("0001-01-01T12:00:00Z")) == next(plan.slots(zone))


def test_far_slots_are_found_without_walking_to_them() -> None:
    schedule = recurring("1970-01-01T00:00+00:00", "9000-01-01T00:00+00:00", "09:00-10:00", days=frozenset({FRIDAY}))

    slot = schedule.next_slot("Europe/Berlin", now=at("8999-06-01T00:00+00:00"))

    assert slot is not None
    assert schedule.next_slot("Europe/Berlin", now=slot.opens_at, above=slot.number - 1) == slot
    assert shown([slot], "Europe/Berlin")[0].startswith("Fri")
