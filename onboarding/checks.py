"""What `manage.py check` asks of this room."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from onboarding.apple.anchors import UnusableAnchors, anchors
from onboarding.apple.device_authorities import UnusableAuthorities, configured_authorities


def device_authorities_file(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        configured_authorities()
    except UnusableAuthorities as error:
        hint = "Correct the file, or unset ADE_DEVICE_CA_FILE; the issuer that comes with Muster counts all the same."
        return [Error(f"ADE_DEVICE_CA_FILE cannot be used: {error}.", hint=hint, id="onboarding.E001")]
    return []


def anchor_certificates(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        anchors(settings.DEP_ANCHOR_CERTIFICATES)
    except UnusableAnchors as error:
        hint = "Give certificates as PEM, or unset it if this server's certificate is from a public authority."
        return [Error(f"{error}.", hint=hint, id="onboarding.E002")]
    return []
