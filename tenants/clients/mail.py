"""Hands one message to the mail server, with a time-out (EMAIL_TIMEOUT) on every step."""

import contextlib
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from config.mail import NOT_SET_UP

OF_THIS_MESSAGE = (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, ValueError)  # ValueError: an unfit header


class MailNotSent(Exception):
    """Nobody got it. `server_away`: another message would not get through now either."""

    def __init__(self, reason: str, *, server_away: bool) -> None:
        self.reason = reason
        self.server_away = server_away
        super().__init__(reason)


def is_set_up() -> bool:
    return settings.EMAIL_BACKEND != NOT_SET_UP


def send(message: EmailMessage) -> list[str]:
    """The addresses that the server refused while it took others."""
    backend = get_connection()
    try:
        backend.open()
        backend.send_messages([message])
        return backend.refused() if hasattr(backend, "refused") else []
    except OF_THIS_MESSAGE as error:
        raise MailNotSent(_told(error), server_away=False) from error
    except OSError as error:  # the rest of smtplib's too
        raise MailNotSent(_told(error), server_away=True) from error
    finally:
        with contextlib.suppress(OSError):  # what it took, it took
            backend.close()


def _told(error: Exception) -> str:
    words = error.smtp_error if isinstance(error, smtplib.SMTPResponseException) else str(error)
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    code = f"{error.smtp_code} " if isinstance(error, smtplib.SMTPResponseException) else ""
    return f"{type(error).__name__}: {code}{' '.join(text.split())}"[:200]
