"""Kinds of values in settings. Strict: no number is a text, and no text or number is a boolean."""

import base64
import binascii
import datetime as dt
import re
import uuid
from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from commands.apple.custom_settings import IMAGES, MAX_IMAGE
from commands.apple.profile_files import read_encoded_profile
from commands.apple.profiles import BLUEPRINT_PREFIX, PREFIX
from commands.catalogue.app_config import AppConfig
from commands.catalogue.fields import PACKAGE
from config.api.fields import OneOfField
from tenants.zones import zone_names

OS_VERSION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}")
OS_BUILD = re.compile(r"[0-9]{1,3}[A-Z][0-9A-Za-z]{1,12}")
ADAM_ID = re.compile(r"[1-9][0-9]{0,18}")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
PLACEHOLDERS = ("serial", "alias", "model")


class OneOf(OneOfField):
    """One of a few texts."""

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        super().__init__(choices=list(choices), **kwargs)


class Flag(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("must be true or false.")
        return data


class Whole(serializers.IntegerField):
    """A whole number from `least` to `most`."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(min_value=least, max_value=most, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int) or not self.least <= data <= self.most:
            raise serializers.ValidationError(f"must be a whole number from {self.least} to {self.most}.")
        return data


class Text(serializers.CharField):
    """A text, 255 characters at most unless told otherwise."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 255)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("must be a text.")
        return self.read(super().to_internal_value(data))

    def read(self, text: str) -> str:
        """ValidationError if it is not what the field holds."""
        return text


class Id(serializers.UUIDField):
    """An id, as text."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return str(uuid.UUID(data))
        except (ValueError, TypeError, AttributeError):
            raise serializers.ValidationError("must be an id such as 3e41fd18-d53d-4673-a10a-23089cbb6b73.") from None


class AppId(Text):
    """Ours, or the one that Apple's store or the app's maker gave."""

    def read(self, text: str) -> str:
        if ADAM_ID.fullmatch(text) or PACKAGE.fullmatch(text):
            return text
        raise serializers.ValidationError("must be an app's id, its Apple ID (digits) or its bundle identifier.")


class BundleId(Text):
    """A bundle identifier or package name."""

    def read(self, text: str) -> str:
        if not PACKAGE.fullmatch(text):
            raise serializers.ValidationError("must be a bundle identifier such as com.example.app.")
        return text


class Address(Text):
    """An http or https URL."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 2048)
        super().__init__(**kwargs)

    def read(self, text: str) -> str:
        if not re.fullmatch(r"(?i)https?://[^\s/]\S*", text):
            raise serializers.ValidationError("must be an address that begins with http:// or https://.")
        return text


class Zone(Text):
    """A zone of the IANA time zone database."""

    def read(self, text: str) -> str:
        if text not in zone_names():
            raise serializers.ValidationError(f"{text[:60]!r} is not a time zone such as Europe/Berlin.")
        return text


class OsVersion(Text):
    def read(self, text: str) -> str:
        if not OS_VERSION.fullmatch(text):
            raise serializers.ValidationError("must be a version such as 26.1 or 26.1.2.")
        return text


class OsBuild(Text):
    def read(self, text: str) -> str:
        if not OS_BUILD.fullmatch(text):
            raise serializers.ValidationError("must be a build such as 23B85.")
        return text


class LocalMoment(Text):
    """A date and time without an offset."""

    def read(self, text: str) -> str:
        try:
            moment = dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - the device's own time
        except ValueError:
            raise serializers.ValidationError("must be a local date and time such as 2026-12-01T20:00:00.") from None
        return moment.isoformat()


class NameTemplate(Text):
    """A name with `{serial}`, `{alias}` or `{model}` in it."""

    def read(self, text: str) -> str:
        unknown = [name for name in PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]
        if unknown or set("{}") & set(PLACEHOLDER.sub("", text)):
            raise serializers.ValidationError("may hold {serial}, {alias} and {model}, and no other braces.")
        return text


class Image(Text):
    """Base64 of a picture."""

    def __init__(self, *, kinds: tuple[bytes, ...] = IMAGES, told: str = "a PNG or JPEG", **kwargs: Any) -> None:
        self.kinds, self.told = kinds, told
        super().__init__(max_length=None, **kwargs)

    def read(self, text: str) -> str:
        try:
            image = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise serializers.ValidationError("must be base64.") from None
        if not image.startswith(self.kinds) or len(image) > MAX_IMAGE:
            raise serializers.ValidationError(f"must be base64 of {self.told} of at most {MAX_IMAGE} bytes.")
        return base64.b64encode(image).decode()


class Profile(Text):
    """Base64 of a configuration profile, under an identifier that the server's own profiles do not have.

    It would take the place of one of them, at each converge anew.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=None, **kwargs)

    def read(self, text: str) -> str:
        try:
            data, profile = read_encoded_profile(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None
        if profile["PayloadIdentifier"].startswith((PREFIX, BLUEPRINT_PREFIX)):
            raise serializers.ValidationError(
                "has the identifier of a profile that this server makes itself; give it another PayloadIdentifier."
            )
        return base64.b64encode(data).decode()


class ManagedConfig(AppConfig):
    """Base64 of a property list."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("must be a text.")
        return super().to_internal_value(data)


class Texts(serializers.ListField):
    """A list of texts, none twice."""

    def __init__(self, child: Text | None = None, *, most: int = 500, **kwargs: Any) -> None:
        super().__init__(child=child or Text(), max_length=most, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list):
            raise serializers.ValidationError("must be a list of texts.")
        return list(dict.fromkeys(super().to_internal_value(data)))


class FreeObject(serializers.DictField):
    """An object whose keys are another's to judge."""

    def to_internal_value(self, data: Any) -> dict[Any, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("must be an object.")
        return data
