"""E-mail backends: Django's for SMTP, which also tells whom the server refused, and one for when there is no server."""

import smtplib
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as DjangoBackend

NOT_SET_UP = "config.mail.NotSetUp"


class RememberingSMTP(smtplib.SMTP):
    """`sendmail` raises when the server refuses every address, and is silent when it refuses some."""

    refused: dict[str, tuple[int, bytes]]

    def sendmail(self, *arguments: Any, **options: Any) -> dict[str, tuple[int, bytes]]:
        self.refused = super().sendmail(*arguments, **options)
        return self.refused


class RememberingSMTPS(RememberingSMTP, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoBackend):
    @property
    def connection_class(self) -> type[RememberingSMTP]:
        return RememberingSMTPS if self.use_ssl else RememberingSMTP

    def refused(self) -> list[str]:
        """Addresses of the last message, while the connection is open."""
        return sorted(getattr(self.connection, "refused", {}))


class NotSetUp(BaseEmailBackend):
    """Production without EMAIL_HOST: whoever tries to send is told."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise ImproperlyConfigured("E-mail is not set up: set EMAIL_HOST. See .env.example.")
