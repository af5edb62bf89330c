"""When a command is to be given: now, in a window, or again and again. The API's own rules judge it.

Beginning and end are asked for by the clock of a tenant's time zone, so one form may mean an instant per tenant.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextInputWidget,
)

from commands.admin.argument_forms import sentences
from commands.models import CommandRequest
from commands.schedules.arguments import ScheduleArgs, stored_arguments
from commands.schedules.clock import first_reached
from commands.schedules.days import NAMES
from commands.schedules.plan import read_schedule

PREFIX = "when"
Schedule = CommandRequest.Schedule
WHEN = [
    (Schedule.IMMEDIATE.value, "Now"),
    (Schedule.WINDOW.value, "Once, in a window"),
    (Schedule.RECURRING.value, "Again and again"),
]
CLOCKS = [("console", "One clock per tenant"), ("device", "Each device's own clock")]
MOST_ZONES = 4  # named in one sentence
YEARS = range(1970, 9999)
CLOCK_FORMAT = "Write it like 2026-03-01T08:00, without a time zone."
MOMENTS = ("start_datetime", "end_datetime")
NO_WINDOW = "No window falls between beginning (or now) and end. Choose other times or days, or a later end."


def _whose_clock(zones: list[str]) -> str:
    if len(zones) == 1:
        return f"Time zone {zones[0]}, which is the tenant's."
    named = ", ".join(zones[:MOST_ZONES]) + (" …" if len(zones) > MOST_ZONES else "")
    return f"In the time zone of each tenant: {named}."


class Picker(forms.TextInput):
    """The browser's own picker of dates and times."""

    def __init__(self, kind: str) -> None:
        self.input_type = kind
        super().__init__(attrs={"class": " ".join(INPUT_CLASSES)})


class ClockField(forms.CharField):
    """`2026-03-01T08:00` as a clock shows it, naive."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        try:
            shown = datetime.fromisoformat(text) if text else None
        except ValueError:
            raise forms.ValidationError(CLOCK_FORMAT) from None
        if shown is not None and (shown.tzinfo is not None or shown.year not in YEARS):
            raise forms.ValidationError(CLOCK_FORMAT)
        return shown


class ScheduleForm(forms.Form):
    """Its fields bear the names of the API's `schedule_args`. Posted without any, it means now."""

    use_required_attribute = False

    schedule = forms.ChoiceField(
        choices=WHEN,
        required=False,
        initial=Schedule.IMMEDIATE,
        label="Schedule",
        widget=UnfoldAdminRadioSelectWidget(),
    )
    name = forms.CharField(
        required=False,
        label="Name of the schedule",
        help_text="For people; it may stay empty.",
        widget=UnfoldAdminTextInputWidget(),
    )
    start_datetime = ClockField(required=False, label="Begins", widget=Picker("datetime-local"))
    end_datetime = ClockField(required=False, label="Ends", widget=Picker("datetime-local"))
    window_start_time = forms.CharField(required=False, label="Each day from", widget=Picker("time"))
    window_end_time = forms.CharField(required=False, label="Each day until", widget=Picker("time"))
    days = forms.MultipleChoiceField(
        required=False,
        choices=[(name, name) for name in NAMES],
        label="On these days",
        help_text="None means every day. A window over midnight belongs to the day on which it opens.",
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )
    time_type = forms.ChoiceField(
        required=False,
        choices=CLOCKS,
        initial="console",
        label="Whose clock counts for the daily times",
        widget=UnfoldAdminRadioSelectWidget(),
    )

    def __init__(self, zones: list[str], data: Any = None) -> None:
        """`zones`: of the tenants it is for, in which it is judged."""
        super().__init__(data, prefix=PREFIX)
        self.zones = zones
        one_clock = f"One clock for all: {zones[0]}" if len(zones) == 1 else CLOCKS[0][1]
        self.fields["time_type"].choices = [("console", one_clock), CLOCKS[1]]  # type: ignore[attr-defined]
        for name in MOMENTS:
            self.fields[name].help_text = _whose_clock(zones)
        self.fields["window_end_time"].help_text = (
            "May lie on the next day. Without times, a single window reaches from beginning to end, and one that comes "
            "again takes its times from theirs."
        )

    @property
    def schedule_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name != "schedule"]

    def clean_schedule(self) -> str:
        return self.cleaned_data["schedule"] or Schedule.IMMEDIATE.value

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors or not self.is_scheduled:
            return data
        for name in MOMENTS:
            if data[name] is None:
                self.add_error(name, "This field is required.")
        for zone in self.zones:
            if not self.errors:
                self._judge(zone)
        return data

    @property
    def is_scheduled(self) -> bool:
        """Of a form that was found valid so far."""
        return self.cleaned_data.get("schedule") not in (None, Schedule.IMMEDIATE.value)

    def arguments(self, zone: str) -> dict[str, Any]:
        """The `schedule_args` to store for a tenant in this zone; empty for now."""
        if not self.is_scheduled:
            return {}
        kind, clock = self.cleaned_data["schedule"], ZoneInfo(zone)
        unasked = ("schedule", "days") if kind == Schedule.WINDOW else ("schedule",)
        data = {name: value for name, value in self.cleaned_data.items() if name not in unasked}
        moments = {name: first_reached(data[name], clock).isoformat() for name in MOMENTS}
        told = ScheduleArgs(data={**data, **moments})
        told.is_valid(raise_exception=True)
        return stored_arguments(kind, told.validated_data)

    def _judge(self, zone: str) -> None:
        try:
            stored = self.arguments(zone)
        except ValidationError as error:
            detail = error.detail if isinstance(error.detail, dict) else {"": error.detail}
            for name, errors in detail.items():
                self.add_error(name if name in self.fields else None, sentences(errors))
            return
        plan = read_schedule(self.cleaned_data["schedule"], stored)
        if not plan.in_device_time and plan.next_slot(zone, now=timezone.now()) is None:
            self.add_error(None, NO_WINDOW)
