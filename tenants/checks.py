"""What `manage.py check` asks of this room; the vendor certificate and the mail server with `--deploy` only."""

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from tenants.clients import mail
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


def mail_server(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not mail.is_set_up():
        told = "There is no mail server: nobody is written to before a certificate or a token expires."
        return [Warning(told, hint="Set EMAIL_HOST.", id="tenants.W001")]
    try:
        validate_email(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
    except ValidationError:
        hint = "Set EMAIL_FROM to an address that may send, such as Muster <mdm@example.org>."
        return [Error(f"{settings.DEFAULT_FROM_EMAIL!r} cannot send e-mail.", hint=hint, id="tenants.E003")]
    return []
