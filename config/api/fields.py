"""Input fields for query strings: comma-separated lists, times as people write them, numbers in text."""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from rest_framework import serializers

MAX_ITEMS = 1000
_LOST_PLUS = re.compile(r"(T[\d:.]+) (\d\d:?\d\d)$")  # "+05:30" whose plus sign was read as a space


class OneOfField(serializers.ChoiceField):
    """A choice whose error names the choices."""

    def to_internal_value(self, data: Any) -> Any:
        known = self.choice_strings_to_values
        if isinstance(data, str) and data in known:
            return known[data]
        raise serializers.ValidationError(f"{str(data)[:60]!r} is not one of {', '.join(known)}.")


class CsvField(serializers.Field[list[Any], str, Any, Any]):
    """`a,b,c` as a list; empty items are skipped."""

    def __init__(self, convert: Callable[[str], Any] = str, **kwargs: Any) -> None:
        self.convert = convert
        super().__init__(**kwargs)

    def to_internal_value(self, data: str) -> list[Any]:
        items = [item.strip() for item in str(data).split(",") if item.strip()]
        if len(items) > MAX_ITEMS:
            raise serializers.ValidationError(f"at most {MAX_ITEMS} values.")
        return [self._converted(item) for item in items]

    def _converted(self, item: str) -> Any:
        if "\0" in item:
            raise serializers.ValidationError("a NUL character is not allowed.")
        try:
            return self.convert(item)
        except ValueError:
            raise serializers.ValidationError(f"{item[:60]!r} is not valid.") from None


class CsvUUIDField(CsvField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(uuid.UUID, **kwargs)


class CsvChoiceField(CsvField):
    """A list out of `choices`; `aliases` maps further spellings to them."""

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        self.choices = {choice.lower(): choice for choice in choices}
        super().__init__(self._choice, **kwargs)

    def _choice(self, item: str) -> str:
        if item.lower() not in self.choices:
            allowed = ", ".join(self.choices.values())
            raise serializers.ValidationError(f"{item[:60]!r} is not one of {allowed}.")
        return self.choices[item.lower()]


class MomentField(serializers.Field[dt.datetime, str, Any, Any]):
    """A date (midnight UTC) or a date-time (UTC when it names no zone), aware."""

    def to_internal_value(self, data: str) -> dt.datetime:
        text = _LOST_PLUS.sub(r"\1+\2", str(data).strip())
        try:
            moment = parse_datetime(text) or _midnight(text)
            return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        except (ValueError, OverflowError):  # the latter for an offset that leads out of the calendar
            told = f"{text[:60]!r} is not a date or date-time (2023-08-30T00:00:00.000Z)."
            raise serializers.ValidationError(told) from None


def _midnight(text: str) -> dt.datetime:
    day = parse_date(text)
    if day is None:
        raise ValueError(text)
    return dt.datetime.combine(day, dt.time())


def parse_id(text: str) -> uuid.UUID | None:
    """An id from a path or a body; None when it cannot be one."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None
