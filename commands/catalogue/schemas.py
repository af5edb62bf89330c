"""What a command takes, as JSON schema in OpenAPI 3.0's words: read off its argument serializer."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from commands.catalogue.base import Command
from commands.catalogue.examples import example_arguments
from commands.catalogue.fields import (
    LOCALE,
    PACKAGE,
    FlagText,
    Locale,
    NumberText,
    PackageName,
    ScreenOffTimeout,
)
from commands.catalogue.shapes import SHAPES

Schema = dict[str, Any]
Field = Any  # a field of any serializer: DRF's stubs give it four parameters

FORMATS = {"profile": "byte"}  # of arguments whose kind of field does not tell


def arguments_schema(command: Command) -> Schema:
    """The object `command_args`. Unknown keys are ignored, so it is open."""
    fields = command.Arguments().fields
    schema: Schema = {"type": "object", "properties": {}}
    for name, field in fields.items():
        schema["properties"][name] = _argument(command, name, field)
    required = [name for name, field in fields.items() if field.required]
    return {**schema, "required": required} if required else schema


def _argument(command: Command, name: str, field: Field) -> Schema:
    schema = {**field_schema(field), **SHAPES.get((command.name, name), {})}
    if name in FORMATS:
        schema["format"] = FORMATS[name]
    if name in command.secret_arguments:
        schema["writeOnly"] = True
        if schema.get("type") == "string":
            schema.setdefault("format", "password")
    examples = example_arguments(command)
    return {**schema, "example": examples[name]} if name in examples else schema


def field_schema(field: Field) -> Schema:
    schema = next((maker(field) for kind, maker in MAKERS if isinstance(field, kind)), {})
    if field.help_text:
        schema["description"] = str(field.help_text)
    if field.default is not empty and not callable(field.default):
        schema["default"] = field.default
    return schema


def _number(field: Field) -> Schema:
    limits = {"minimum": field.min_value, "maximum": field.max_value}
    kind = "integer" if isinstance(field, serializers.IntegerField) else "number"
    return {"type": kind, **_given(limits)}


def _number_text(field: Field) -> Schema:
    """Published as a string; a number does as well."""
    return {"oneOf": [{"type": "string", "pattern": r"^\d+$"}, _number(field)]}


def _flag_text(field: Field) -> Schema:
    return {"oneOf": [{"type": "string", "enum": ["true", "false"]}, {"type": "boolean"}]}


def _screen_off_timeout(field: Field) -> Schema:
    range_ = {"type": "integer", "minimum": ScreenOffTimeout.LEAST, "maximum": ScreenOffTimeout.MOST}
    return {"oneOf": [range_, {"type": "integer", "enum": [ScreenOffTimeout.NEVER]}]}


def _choice(field: Field) -> Schema:
    return {"type": "string", "enum": list(field.choices)}


def _text(field: Field) -> Schema:
    limits = {"minLength": None if field.allow_blank else 1, "maxLength": field.max_length}
    return {"type": "string", **_given(limits)}


def _pattern(pattern: str) -> Callable[[Field], Schema]:
    return lambda field: {**_text(field), "pattern": f"^{pattern.strip('^$')}$"}


def _format(name: str) -> Callable[[Field], Schema]:
    return lambda field: {"type": "string", "format": name}


def _link(field: Field) -> Schema:
    return {**_text(field), "format": "uri"}


def _list(field: Field) -> Schema:
    limits = {"minItems": field.min_length, "maxItems": field.max_length}
    return {"type": "array", "items": field_schema(field.child), **_given(limits)}


def _nested(field: Field) -> Schema:
    inner = {name: field_schema(child) for name, child in field.fields.items()}
    required = [name for name, child in field.fields.items() if child.required]
    return {"type": "object", "properties": inner, **({"required": required} if required else {})}


def _given(limits: Schema) -> Schema:
    return {key: value for key, value in limits.items() if value is not None}


MAKERS: tuple[tuple[type[Any], Callable[[Field], Schema]], ...] = (  # the first kind that fits; none: any JSON
    (NumberText, _number_text),
    (FlagText, _flag_text),
    (ScreenOffTimeout, _screen_off_timeout),
    (PackageName, _pattern(PACKAGE.pattern)),
    (Locale, _pattern(LOCALE.pattern)),
    (serializers.BooleanField, lambda field: {"type": "boolean"}),
    (serializers.ChoiceField, _choice),
    (serializers.IntegerField, _number),
    (serializers.FloatField, _number),
    (serializers.UUIDField, _format("uuid")),
    (serializers.DateTimeField, _format("date-time")),
    (serializers.IPAddressField, _format("ipv4")),
    (serializers.URLField, _link),
    (serializers.CharField, _text),
    (serializers.DictField, lambda field: {"type": "object"}),
    (serializers.ListField, _list),
    (serializers.Serializer, _nested),
)
