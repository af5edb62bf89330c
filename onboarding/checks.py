"""What `manage.py check` asks of this room."""

from typing import Any

from django.core.checks import CheckMessage, Error

from onboarding.apple.device_authorities import UnusableAuthorities, configured_authorities


def device_authorities_file(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        configured_authorities()
    except UnusableAuthorities as error:
        hint = "Correct the file, or unset ADE_DEVICE_CA_FILE; the issuer that comes with Muster counts all the same."
        return [Error(f"ADE_DEVICE_CA_FILE cannot be used: {error}.", hint=hint, id="onboarding.E001")]
    return []
