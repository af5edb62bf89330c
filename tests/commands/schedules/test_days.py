"""Days as callers write them."""

import pytest

from commands.schedules.days import EVERY_DAY, day_names, read_days


@pytest.mark.parametrize(
    ("told", "days"),
    [
        ([], EVERY_DAY),
        (["All days"], EVERY_DAY),
        (["all"], EVERY_DAY),
        (["ALL DAYS", "Monday"], EVERY_DAY),
        (["Sunday"], {0}),
        (["saturday", "SUNDAY", "Sunday"], {0, 6}),
        ([0, 6], {0, 6}),
        (["1", "2"], {1, 2}),
        ([3, "Wednesday", "3"], {3}),
        ([" friday "], {5}),
        (list(range(7)), EVERY_DAY),
    ],
    ids=str,
)
def test_days_are_read_in_every_form(told: list[str | int], days: frozenset[int]) -> None:
    assert read_days(told) == days


@pytest.mark.parametrize("told", ["Mon", "7", -1, "", "alldays", "Monday,Friday", True], ids=str)
def test_what_is_no_day_is_refused_with_the_rule(told: str | int) -> None:
    with pytest.raises(
        ValueError, match=r"is not a day; send names \(Monday\), numbers from 0 \(Sunday\), or All days"
    ):
        read_days(["Monday", told])


def test_days_are_told_in_full_from_sunday_on() -> None:
    assert day_names({6, 0, 3}) == ["Sunday", "Wednesday", "Saturday"]
    assert day_names(EVERY_DAY) == ["All days"]
