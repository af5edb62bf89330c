"""The days of a schedule: names, numbers, all of them. Numbers count from Sunday, which is 0."""

from collections.abc import Iterable

NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
ALL_DAYS = "All days"
EVERY_DAY = frozenset(range(len(NAMES)))
_NUMBERS = {name.lower(): number for number, name in enumerate(NAMES)} | {str(n): n for n in EVERY_DAY}
_ALL = {ALL_DAYS.lower(), "all"}


def read_days(days: Iterable[str | int]) -> frozenset[int]:
    """English names in any case, 0-6 as number or text, `All days` or `all`; none at all means every day.

    ValueError with the rule for anything else.
    """
    told = [str(day).strip().lower() for day in days]
    unknown = [day for day in told if day not in _NUMBERS and day not in _ALL]
    if unknown:
        raise ValueError(
            f"{unknown[0][:60]!r} is not a day; send names (Monday), numbers from 0 (Sunday), or All days."
        )
    chosen = frozenset(_NUMBERS[day] for day in told if day in _NUMBERS)
    return EVERY_DAY if _ALL & set(told) else chosen or EVERY_DAY


def day_names(days: Iterable[int]) -> list[str]:
    """In full, from Sunday on; `All days` when it is every day."""
    chosen = sorted(set(days))
    return [ALL_DAYS] if len(chosen) == len(NAMES) else [NAMES[number] for number in chosen]
