"""What `manage.py check --deploy` asks of this room."""

from typing import Any

from django.core.checks import CheckMessage, Error

from tenants.crypto.push_requests import UnusableVendor
from tenants.services.push_requests import configured_vendor


def vendor_certificate(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        configured_vendor()
    except UnusableVendor as error:
        hint = "Correct MDM_VENDOR_CERTIFICATE_FILE and MDM_VENDOR_KEY_FILE, or unset both."
        return [Error(f"The MDM vendor certificate cannot be used: {error}.", hint=hint, id="tenants.E001")]
    return []
