"""What all groups of settings have in common: unknown keys are refused, faults carry their path."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.settings import api_settings

from commands.blueprints.schema.fields import OneOf

APPLY_POLICIES = ("ALWAYS APPLY", "PROVISION ONLY", "IGNORE")
DRIFT_POLICIES = ("IGNORE", "LOG ONLY", "MINOR", "MAJOR", "CRITICAL")
APPLY_HELP = (
    "ALWAYS APPLY: at every converge. PROVISION ONLY: when a device is added, or when a converge asks for it. "
    "IGNORE: left as it is on the device"
)
DRIFT_HELP = "How grave it is when a device differs in this"
OWN = api_settings.NON_FIELD_ERRORS_KEY

Fault = tuple[str, str]  # the path, and what is wrong there


class Settings(serializers.Serializer[Any]):
    """An object with these keys and no others."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError({OWN: [f"must be an object, not {kind_of(data)}."]})
        unknown = {str(key)[:60]: [self._unknown(str(key))] for key in data if key not in self.fields}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            known = error.detail if isinstance(error.detail, dict) else {}
            raise serializers.ValidationError({**known, **unknown}) from None
        if unknown:
            raise serializers.ValidationError(unknown)
        return dict(value)

    def _unknown(self, key: str) -> str:
        near = difflib.get_close_matches(key[:60], list(self.fields), n=1)
        return f"is not a known setting{f'; did you mean {near[0]}?' if near else '.'}"


class Group(Settings):
    """One group of settings, as `settings.<platform>.<key>`: an object, or a list of them."""

    title: ClassVar[str]  # for people
    reference: ClassVar[str] = ""  # the page that documents what it becomes
    is_list: ClassVar[bool] = False
    most: ClassVar[int] = 200  # entries of a list

    @classmethod
    def field(cls) -> serializers.BaseSerializer[Any]:
        if cls.is_list:
            return serializers.ListSerializer(child=cls(), required=False, allow_null=True, max_length=cls.most)
        return cls(required=False, allow_null=True)


class PolicyGroup(Group):
    """A group that says when it is applied."""

    apply_policy = OneOf(APPLY_POLICIES, default=APPLY_POLICIES[0], help_text=APPLY_HELP)
    drift_policy = OneOf(DRIFT_POLICIES, required=False, help_text=DRIFT_HELP)


class StrictPolicyGroup(PolicyGroup):
    """The contract wants these to say it."""

    apply_policy = OneOf(APPLY_POLICIES, help_text=APPLY_HELP)


class Policy(Settings):
    """An object inside a group that says by itself when it is applied."""

    apply_policy = OneOf(APPLY_POLICIES, default=APPLY_POLICIES[0], help_text=APPLY_HELP)
    drift_policy = OneOf(DRIFT_POLICIES, required=False, help_text=DRIFT_HELP)


class StrictPolicy(Policy):
    apply_policy = OneOf(APPLY_POLICIES, help_text=APPLY_HELP)


def kind_of(value: Any) -> str:
    """As JSON calls it."""
    names = {bool: "a boolean", str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), "that")


def faults_of(detail: Any, path: str) -> Iterator[Fault]:
    """The framework's errors with their whole paths."""
    if isinstance(detail, dict):
        for key, child in detail.items():
            step = "" if key == OWN else f"[{key}]" if isinstance(key, int) else f".{key}"
            yield from faults_of(child, f"{path}{step}")
    elif isinstance(detail, list):
        for index, child in enumerate(detail):
            nested = isinstance(child, dict | list)
            yield from faults_of(child, f"{path}[{index}]" if nested else path)
    else:
        yield path, str(detail)
