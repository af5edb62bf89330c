"""Forms made of argument serializers of every kind."""

from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from rest_framework import serializers

from commands.admin.argument_forms import ArgumentsForm
from commands.catalogue import CATALOGUE
from commands.catalogue.base import Command


class Everything(Command):
    name = "EVERYTHING"

    class Arguments(serializers.Serializer[Any]):
        text = serializers.CharField(max_length=20)
        words = serializers.CharField(required=False)
        kind = serializers.ChoiceField(["a", "b"])
        kinds = serializers.MultipleChoiceField(choices=["x", "y"], required=False)
        level = serializers.IntegerField(min_value=0, max_value=255, required=False)
        ratio = serializers.FloatField(min_value=0, max_value=1, required=False)
        state = serializers.BooleanField()
        hint = serializers.BooleanField(required=False)
        at = serializers.DateTimeField(required=False)
        app = serializers.UUIDField(required=False)
        tags = serializers.ListField(child=serializers.CharField(max_length=3), required=False)
        extra = serializers.DictField(required=False)


GOOD = {"text": "hi", "kind": "a"}


def filled(**values: Any) -> ArgumentsForm:
    data: MultiValueDict[str, Any] = MultiValueDict()
    for name, value in {**GOOD, **values}.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return ArgumentsForm(Everything(), data)


def test_every_kind_of_field_has_its_form_field() -> None:
    kinds = {name: type(field).__name__ for name, field in ArgumentsForm(Everything()).fields.items()}

    assert kinds == {
        "text": "CharField",
        "words": "CharField",
        "kind": "ChoiceField",
        "kinds": "MultipleChoiceField",
        "level": "IntegerField",
        "ratio": "FloatField",
        "state": "BooleanField",
        "hint": "ChoiceField",
        "at": "SplitDateTimeField",
        "app": "CharField",
        "tags": "JSONField",
        "extra": "JSONField",
    }


def test_ranges_and_lengths_are_the_serializers() -> None:
    fields = ArgumentsForm(Everything()).fields
    level, text = fields["level"], fields["text"]

    assert isinstance(level, forms.IntegerField)
    assert isinstance(text, forms.CharField)
    assert (level.min_value, level.max_value, text.max_length, fields["words"].required) == (0, 255, 20, False)


def test_what_is_left_empty_is_not_sent() -> None:
    form = filled(words="", level="", hint="")

    assert form.is_valid(), form.errors
    assert form.arguments == {"text": "hi", "kind": "a", "state": False}


def test_values_arrive_as_the_serializer_wants_them() -> None:
    form = filled(kinds=["x"], level="0", ratio="0.5", state="on", hint="false", tags='["a", "b"]', extra='{"k": 1}')

    assert form.is_valid(), form.errors
    more = {"kinds": ["x"], "level": 0, "ratio": 0.5, "state": True, "hint": False}
    assert form.arguments == {"text": "hi", "kind": "a", **more, "tags": ["a", "b"], "extra": {"k": 1}}


def test_errors_stand_at_their_fields() -> None:
    assert list(filled(level="300").errors) == ["level"]
    assert list(filled(tags="no json").errors) == ["tags"]
    assert filled(tags='["long word"]').errors["tags"] == ["0: Ensure this field has no more than 3 characters."]
    assert list(filled(app="no uuid").errors) == ["app"]


def test_every_command_of_the_catalogue_has_a_form() -> None:
    for command in CATALOGUE.values():
        assert ArgumentsForm(command).as_p() is not None
