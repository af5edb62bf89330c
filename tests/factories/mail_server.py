"""A real mail server on this machine that keeps what it takes, and can be told to misbehave."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from pytest_django import Settings


@dataclass(frozen=True)
class Mail:
    sender: str
    addresses: list[str]
    message: EmailMessage
    login: str
    encrypted: bool

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def html(self) -> str:
        part = self.message.get_body(("html",))
        assert part is not None
        return str(part.get_content())


@dataclass
class MailServer:
    """Misbehaves as told.

    `refuses`: addresses answered with 550, or with the end of the connection (`hangs_up`). `answer`: instead of taking
    a message. `before_answer`: what to do when a message has come, and what to answer (empty: as ever).
    """

    mails: list[Mail] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    hangs_up: bool = False
    answer: str = ""
    before_answer: Callable[[], str] = str
    port: int = 0

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if address in mail.addresses]

    async def handle_RCPT(
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            if self.hangs_up and server.transport is not None:
                server.transport.close()
            return "550 5.1.1 Nobody of this name here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:
        if answer := self.before_answer() or self.answer:
            return answer
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        login = session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else ""
        self.mails.append(
            Mail(str(envelope.mail_from), list(envelope.rcpt_tos), message, login, session.ssl is not None)
        )
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_mail_server(settings: Settings, **options: Any) -> Iterator[MailServer]:
    """One that the settings name."""
    server = MailServer(port=free_port())
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **options)
    controller.start()
    settings.EMAIL_BACKEND = "config.mail.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 5
    settings.DEFAULT_FROM_EMAIL = "Muster <muster@here.example>"
    try:
        yield server
    finally:
        controller.stop()


def with_login(context: ssl.SSLContext) -> dict[str, Any]:
    """For a server that wants STARTTLS and `muster` with the password `planted-mail-password`."""

    def judge(server: Server, session: Session, envelope: Envelope, mechanism: str, auth_data: Any) -> AuthResult:
        good = auth_data == LoginPassword(b"muster", b"planted-mail-password")
        return AuthResult(success=good, handled=False, auth_data=auth_data)

    return {"tls_context": context, "require_starttls": True, "authenticator": judge, "auth_required": True}
