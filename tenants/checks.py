"""What `manage.py check` asks of this room; the vendor certificate with `--deploy` only."""

from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from tenants.crypto.push_requests import UnusableVendor
from tenants.sealing import key_ids
from tenants.services.push_requests import configured_vendor


def vendor_certificate(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        configured_vendor()
    except UnusableVendor as error:
        hint = "Correct MDM_VENDOR_CERTIFICATE_FILE and MDM_VENDOR_KEY_FILE, or unset both."
        return [Error(f"The MDM vendor certificate cannot be used: {error}.", hint=hint, id="tenants.E001")]
    return []


def encryption_keys(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        key_ids()
    except ImproperlyConfigured as error:  # its text names no key
        hint = "Correct ENCRYPTION_KEYS; without the right keys no stored secret can be opened."
        return [Error(str(error), hint=hint, id="tenants.E002")]
    return []
