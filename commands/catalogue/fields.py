"""Kinds of arguments that several commands share. Tolerant where the published types are odd, strict in values."""

import re
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from tenants.zones import zone_names

PACKAGE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
LOCALE = re.compile(r"([a-zA-Z]{2,3})(?:[_-]([a-zA-Z]{4}))?[_-]([a-zA-Z]{2})")


class PackageName(serializers.CharField):
    """An Android package or an Apple bundle identifier."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "The app's package name; on Apple devices its bundle identifier")
        super().__init__(max_length=255, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not PACKAGE.fullmatch(text):
            raise serializers.ValidationError("must be a package name such as com.example.app.")
        return text


class NumberText(serializers.IntegerField):
    """A number whose published type is string; taken as either, kept as string."""

    def run_validation(self, data: Any = empty) -> Any:
        value = super().run_validation(data)
        return str(value) if isinstance(value, int) else value


class FlagText(serializers.BooleanField):
    """A boolean whose published type is string; taken as either, kept as `true` or `false`."""

    def run_validation(self, data: Any = empty) -> Any:
        value = super().run_validation(data)
        return str(value).lower() if isinstance(value, bool) else value


class ScreenOffTimeout(serializers.IntegerField):
    """Milliseconds within a range, or -1 for never."""

    NEVER, LEAST, MOST = -1, 5_000, 1_800_000

    def to_internal_value(self, data: Any) -> int:
        value = super().to_internal_value(data)
        if value != self.NEVER and not self.LEAST <= value <= self.MOST:
            raise serializers.ValidationError("must be -1 (never) or from 5000 to 1800000 milliseconds.")
        return value


class TimeZoneName(serializers.CharField):
    """A zone of the IANA time zone database."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text not in zone_names():
            raise serializers.ValidationError(f"{text[:60]!r} is not a time zone such as Europe/Berlin.")
        return text


class Locale(serializers.CharField):
    """`xx_yy` with an optional script, `xx_Zzzz_yy`; written as `en_US`, `zh_Hans_CN`."""

    def to_internal_value(self, data: Any) -> str:
        match = LOCALE.fullmatch(super().to_internal_value(data))
        if match is None:
            raise serializers.ValidationError("must be a language and a country as in en_US, or zh_Hans_CN.")
        language, script, country = match.groups()
        return "_".join(filter(None, (language.lower(), script and script.title(), country.upper())))


class AccessPoints(serializers.JSONField):
    """Any object or list that is not empty: the published API gives it no inner shape."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if not isinstance(value, dict | list) or not value:
            raise serializers.ValidationError("must be an object or a list, and not empty.")
        return value
