"""Who acts: every service that writes takes an Actor, and the audit log names it."""

import getpass
import socket
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest

from config.api.client import client_address
from tenants.models import AuditEvent

Kind = AuditEvent.ActorKind


@dataclass(frozen=True)
class Actor:
    kind: AuditEvent.ActorKind
    name: str  # what `created_by` shows: the caller id, the user name
    source: str = ""
    detail: str = ""  # the API token's prefix

    @property
    def label(self) -> str:
        return f"{self.name} ({self.detail})" if self.detail else self.name


SYSTEM = Actor(Kind.SYSTEM, "muster")


def console_actor(request: HttpRequest) -> Actor:
    user: User | AnonymousUser = request.user
    return Actor(Kind.CONSOLE, user.get_username(), client_address(request))


def command_line_actor() -> Actor:
    return Actor(Kind.COMMAND_LINE, getpass.getuser(), socket.gethostname()[:64])


def device_actor(device_id: object, source: str = "") -> Actor:
    return Actor(Kind.DEVICE, str(device_id), source)
