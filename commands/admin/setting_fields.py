"""One setting as an input of a form, by the kind of its serializer field: the serializer judges what is typed."""

import base64
import plistlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from django import forms
from rest_framework import serializers
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from commands.admin.argument_forms import LONG_TEXT, YES_NO
from commands.admin.schedule_form import Picker
from commands.blueprints.schema.fields import FreeObject, LocalMoment, ManagedConfig, Texts
from config.plist import PlistError, loads

ABSENT: Any = object()  # nothing was said
CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Kind:
    """How a value is asked for, shown in the form, and read from what was typed."""

    make: Callable[[Any, dict[str, Any]], forms.Field]
    show: Callable[[Any], Any] = str
    read: Callable[[str], Any] = str


def _choice(field: Any, common: dict[str, Any]) -> forms.Field:
    choices = [(str(value), str(label)) for value, label in field.choices.items()]
    return forms.ChoiceField(**common, choices=[("", "–"), *choices], widget=UnfoldAdminSelectWidget)


def _yes_no(field: Any, common: dict[str, Any]) -> forms.Field:
    return forms.ChoiceField(**common, choices=YES_NO, widget=UnfoldAdminSelectWidget)


def _number(field: Any, common: dict[str, Any]) -> forms.Field:
    limits = {"min": field.min_value, "max": field.max_value}
    told = {name: str(limit) for name, limit in limits.items() if limit is not None}
    return forms.CharField(**common, widget=UnfoldAdminIntegerFieldWidget(attrs={"type": "number", **told}))


def _lines(field: Any, common: dict[str, Any]) -> forms.Field:
    told = {**common, "help_text": f"{common['help_text']} One per line.".strip()}
    return forms.CharField(**told, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}))


def _text(field: Any, common: dict[str, Any]) -> forms.Field:
    limit = getattr(field, "max_length", None)
    long = (limit is None or limit > LONG_TEXT) and type(field) is serializers.CharField
    widget = UnfoldAdminTextareaWidget if long else UnfoldAdminTextInputWidget
    return forms.CharField(**common, strip=getattr(field, "trim_whitespace", True), widget=widget)


def _moment(field: Any, common: dict[str, Any]) -> forms.Field:
    widget = Picker("datetime-local")
    widget.attrs["step"] = "1"
    return forms.CharField(**common, widget=widget)


def _seconds(text: str) -> str:
    """Browsers leave seconds out that are none."""
    return f"{text}:00" if CLOCK.fullmatch(text) else text


def _block(hint: str) -> Callable[[Any, dict[str, Any]], forms.Field]:
    def make(field: Any, common: dict[str, Any]) -> forms.Field:
        told = {**common, "help_text": f"{common['help_text']} {hint}".strip()}
        return forms.CharField(**told, widget=UnfoldAdminTextareaWidget(attrs={"rows": 5, "class": "mu-mono"}))

    return make


def whole(text: str) -> Any:
    """The number, or the text if it is none: the serializer says what is wrong with that."""
    try:
        return int(text)
    except ValueError:
        return text


def _items(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _document(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _document_shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _config_shown(value: Any) -> str:
    """A property list as XML."""
    try:
        return plistlib.dumps(loads(base64.b64decode(str(value), validate=True))).decode()
    except (PlistError, ValueError, TypeError, OverflowError):
        return str(value)


def _config(text: str) -> str:
    """XML as base64; what is base64 already stays."""
    return base64.b64encode(text.encode()).decode() if text.lstrip().startswith("<") else text


KINDS: tuple[tuple[type[Any], Kind], ...] = (  # the first that fits
    (serializers.BooleanField, Kind(_yes_no, lambda value: str(value).lower(), lambda text: BOOLEANS.get(text, text))),
    (serializers.ChoiceField, Kind(_choice)),
    (serializers.IntegerField, Kind(_number, str, whole)),
    (Texts, Kind(_lines, lambda value: "\n".join(map(str, value)) if isinstance(value, list) else str(value), _items)),
    (LocalMoment, Kind(_moment, str, _seconds)),
    (ManagedConfig, Kind(_block("A property list as XML, with a dictionary at its root."), _config_shown, _config)),
    (FreeObject, Kind(_block("JSON."), _document_shown, _document)),
    (serializers.CharField, Kind(_text)),
    (serializers.UUIDField, Kind(_text)),
)
OTHER = Kind(_block("JSON."), _document_shown, _document)


def kind_of(field: Any) -> Kind:
    return next((kind for cls, kind in KINDS if isinstance(field, cls)), OTHER)


def secret_field(common: dict[str, Any], *, stored: bool) -> forms.Field:
    """What was typed is shown again after an error; what is stored never is."""
    hint = "One is stored; leave this empty to keep it." if stored else ""
    attrs = {"autocomplete": "new-password", "placeholder": "unchanged" if stored else ""}
    told = {**common, "initial": None, "help_text": f"{common['help_text']} {hint}".strip()}
    return forms.CharField(**told, strip=False, widget=UnfoldAdminPasswordWidget(attrs=attrs, render_value=True))
