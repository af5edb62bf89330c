"""The managed configuration that travels with an app's installation.

https://developer.apple.com/documentation/devicemanagement/installapplicationcommand (Configuration)
"""

import base64
from typing import Any

from rest_framework import serializers

from config.plist import PlistError, dumps, loads

LARGEST = 64 * 1024  # bytes of the property list


class AppConfig(serializers.CharField):
    """Base64 of a property list, kept as it came."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LARGEST * 4 // 3 + 4, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = "".join(super().to_internal_value(data).split())
        try:
            read_app_config(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None
        return text


def config_file(text: str | None) -> bytes | None:
    """The property list."""
    return base64.b64decode(text) if text else None


def read_app_config(text: str) -> dict[str, Any]:
    """The dictionary. ValueError says what is wrong. What the binary form can hold and XML cannot is refused too, as
    devices get XML."""
    try:
        document = loads(base64.b64decode(text, validate=True))
        dumps(document)
    except PlistError:
        raise ValueError("must be base64 of a property list (XML or binary).") from None
    except ValueError:
        raise ValueError("must be base64.") from None
    if not isinstance(document, dict):
        raise ValueError("must be base64 of a property list with a dictionary at its root.")
    return document
