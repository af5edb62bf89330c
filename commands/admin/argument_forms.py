"""A form out of a command's own argument serializer: the serializer judges, the form only asks and shows.

Serializer fields become form fields by their kind. What has no field of its own is asked for as JSON, and arguments
that are files in base64 are asked for as files.
"""

import base64
from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from rest_framework import serializers
from rest_framework.fields import empty
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from commands.catalogue import Command
from tenants.admin.guide import FileField

FILES = {("INSTALL_PROFILE", "profile"): ".mobileconfig"}  # arguments that are the base64 of a file, and its suffix
YES_NO = [("", "–"), ("true", "yes"), ("false", "no")]
LONG_TEXT = 300  # characters; longer ones get several lines
Maker = Callable[[Any, dict[str, Any]], forms.Field]


class ArgumentsForm(forms.Form):
    """`arguments` are the validated ones after `is_valid()`."""

    arguments: dict[str, Any]

    def __init__(self, command: Command, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.command = command
        for name, field in command.Arguments().fields.items():
            self.fields[name] = form_field(command.name, name, field)

    @property
    def has_files(self) -> bool:
        return self.is_multipart()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        given = {name: _given(value) for name, value in data.items() if value not in (None, "", b"", [])}
        if not self.errors:
            self._judge(given)
        return data

    def _judge(self, arguments: dict[str, Any]) -> None:
        serializer = self.command.Arguments(data=arguments)
        if serializer.is_valid():
            self.arguments = dict(serializer.validated_data)
            return
        for name, errors in serializer.errors.items():
            self.add_error(name if name in self.fields else None, sentences(errors))


def form_field(command: str, name: str, field: "serializers.Field[Any, Any, Any, Any]") -> forms.Field:
    common: dict[str, Any] = {
        "required": field.required and not field.allow_null,
        "label": str(field.label or name),
        "help_text": str(field.help_text or ""),
        "initial": None if field.default is empty or callable(field.default) else field.default,
    }
    if (command, name) in FILES:
        suffix = FILES[command, name]
        told = {**common, "help_text": f"A {suffix} file", "initial": None}
        return FileField(**told, most=settings.API_MAX_BODY, accept=suffix)
    for kind, maker in MAKERS:
        if isinstance(field, kind):
            return maker(field, common)
    return forms.JSONField(**{**common, "help_text": f"{common['help_text']} (JSON)"}, widget=UnfoldAdminTextareaWidget)


def _boolean(field: Any, common: dict[str, Any]) -> forms.Field:
    """A box when it must be said; otherwise it can also be left open."""
    if common["required"]:
        return forms.BooleanField(**{**common, "required": False}, widget=UnfoldBooleanWidget)
    initial = "" if common["initial"] is None else str(common["initial"]).lower()
    return forms.ChoiceField(**{**common, "initial": initial}, choices=YES_NO, widget=UnfoldAdminSelectWidget)


def _choice(field: Any, common: dict[str, Any]) -> forms.Field:
    choices = [(str(value), str(label)) for value, label in field.choices.items()]
    return forms.ChoiceField(**common, choices=[("", "–"), *choices], widget=UnfoldAdminSelectWidget)


def _choices(field: Any, common: dict[str, Any]) -> forms.Field:
    choices = [(str(value), str(label)) for value, label in field.choices.items()]
    return forms.MultipleChoiceField(**common, choices=choices, widget=UnfoldAdminSelectMultipleWidget)


def _integer(field: Any, common: dict[str, Any]) -> forms.Field:
    return forms.IntegerField(
        **common, min_value=field.min_value, max_value=field.max_value, widget=UnfoldAdminIntegerFieldWidget
    )


def _number(field: Any, common: dict[str, Any]) -> forms.Field:
    return forms.FloatField(
        **common, min_value=field.min_value, max_value=field.max_value, widget=UnfoldAdminDecimalFieldWidget
    )


def _moment(field: Any, common: dict[str, Any]) -> forms.Field:
    return forms.SplitDateTimeField(**common, widget=UnfoldAdminSplitDateTimeWidget)


def _text(field: Any, common: dict[str, Any]) -> forms.Field:
    limit = getattr(field, "max_length", None)
    long = limit is None or limit > LONG_TEXT
    widget = UnfoldAdminTextareaWidget if long and type(field) is serializers.CharField else UnfoldAdminTextInputWidget
    return forms.CharField(**common, max_length=limit, strip=field.trim_whitespace, widget=widget)


def _plain(field: Any, common: dict[str, Any]) -> forms.Field:
    return forms.CharField(**common, widget=UnfoldAdminTextInputWidget)


MAKERS: tuple[tuple[type[Any] | tuple[type[Any], ...], Maker], ...] = (  # the first kind that fits
    (serializers.BooleanField, _boolean),
    (serializers.MultipleChoiceField, _choices),
    (serializers.ChoiceField, _choice),
    (serializers.IntegerField, _integer),
    ((serializers.FloatField, serializers.DecimalField), _number),
    (serializers.DateTimeField, _moment),
    (serializers.CharField, _text),
    ((serializers.UUIDField, serializers.DateField, serializers.TimeField, serializers.DurationField), _plain),
)


def _given(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def sentences(errors: Any) -> list[str]:
    """DRF's nested errors as sentences."""
    if isinstance(errors, dict):
        return [f"{key}: {text}" for key, value in errors.items() for text in sentences(value)]
    if isinstance(errors, list):
        return [text for value in errors for text in sentences(value)]
    return [str(errors)]
