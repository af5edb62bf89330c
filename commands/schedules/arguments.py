"""The `schedule_args` of the API: what is taken, what is stored of it, what is told back."""

import re
from datetime import datetime, time
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from commands.models.request import CommandRequest
from commands.schedules.days import day_names, read_days
from commands.schedules.plan import LATEST, read_schedule
from config.api.fields import OneOfField

IMMEDIATE = CommandRequest.Schedule.IMMEDIATE
MAX_NAME = 255
NEEDED = "WINDOW and RECURRING need it; send a date-time such as 2026-03-01T08:00:00Z."
_TIME_OF_DAY = re.compile(r"(?:\d{4}-\d\d-\d\d[T ])?(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")


class TimeOfDayField(serializers.CharField):
    """`HH:MM` or `HH:MM:SS`, or a whole date-time of which only that counts; read as `HH:MM:SS`."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        found = _TIME_OF_DAY.fullmatch(text)
        try:
            return time.fromisoformat(found[1] if found else "").isoformat("seconds")
        except ValueError:
            raise serializers.ValidationError(f"{text[:60]!r} is not a time of day; send HH:MM or HH:MM:SS.") from None


class DaysField(serializers.ListField):
    """Days in any of their forms, read as full English names or `All days`."""

    child = serializers.CharField()

    def to_internal_value(self, data: Any) -> list[str]:
        try:
            return day_names(read_days(super().to_internal_value(data)))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class ScheduleArgs(serializers.Serializer[Any]):
    """When a WINDOW or RECURRING command may run. Nulls and empty texts count as absent."""

    name = serializers.CharField(required=False, allow_null=True, max_length=MAX_NAME, help_text="A label for people")
    start_datetime = serializers.DateTimeField(required=False, allow_null=True, help_text="Not before this instant")
    end_datetime = serializers.DateTimeField(required=False, allow_null=True, help_text="Not after this instant")
    time_type = OneOfField(
        ["console", "device"],
        required=False,
        allow_null=True,
        help_text="Whose clock counts: the caller's (if absent) or each device's own",
    )
    window_start_time = serializers.CharField(
        required=False, allow_null=True, help_text="HH:MM or HH:MM:SS by that clock; if absent, of start_datetime"
    )
    window_end_time = serializers.CharField(
        required=False, allow_null=True, help_text="HH:MM or HH:MM:SS by that clock; if absent, of end_datetime"
    )
    days = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        allow_null=True,
        help_text="Names, numbers from 0 (Sunday), or `All days`, as if empty or absent. RECURRING only",
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        told = (
            {key: value for key, value in data.items() if value not in (None, "")} if isinstance(data, dict) else data
        )
        return dict(super().to_internal_value(told))


class ScheduledArgs(ScheduleArgs):
    """The rules of WINDOW and RECURRING."""

    start_datetime = serializers.DateTimeField(error_messages={"required": NEEDED})
    end_datetime = serializers.DateTimeField(error_messages={"required": NEEDED})
    window_start_time = TimeOfDayField(required=False)
    window_end_time = TimeOfDayField(required=False)
    days = DaysField(required=False)

    def validate_start_datetime(self, value: datetime) -> datetime:
        if value >= LATEST:
            raise serializers.ValidationError(f"It must be before {LATEST:%B %Y}.")
        return value

    def validate_end_datetime(self, value: datetime) -> datetime:
        if value <= timezone.now():
            raise serializers.ValidationError("It has passed already; send an instant in the future.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["end_datetime"] <= attrs["start_datetime"]:
            raise serializers.ValidationError({"end_datetime": "It must be later than start_datetime."})
        return attrs


def stored_arguments(schedule: str, given: dict[str, Any]) -> dict[str, Any]:
    """What is kept of the arguments that `ScheduleArgs` has read: only what was given, as JSON.

    ValidationError by key for a schedule that they do not suffice for; with IMMEDIATE they say nothing and need not.
    """
    told = _as_json(ScheduleArgs, given)
    if schedule == IMMEDIATE:
        return told
    checked = ScheduledArgs(data=told)
    checked.is_valid(raise_exception=True)
    return _as_json(ScheduledArgs, checked.validated_data)


def _as_json(shape: type[ScheduleArgs], values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shape(values).data.items() if value is not None}


def shown_arguments(schedule: str, schedule_args: dict[str, Any], time_zone: str) -> dict[str, Any]:
    """The stored arguments as the API tells them: with the window's times, the days and the kind of time filled in."""
    if schedule == IMMEDIATE or not schedule_args:
        return schedule_args
    opens, closes = read_schedule(schedule, schedule_args).window_in(time_zone)
    return {
        "time_type": "console",
        **schedule_args,
        "window_start_time": opens.isoformat("seconds"),
        "window_end_time": closes.isoformat("seconds"),
        "days": day_names(read_days(schedule_args.get("days", []))),
    }
