"""A device that waits in its set-up assistant, on its page: for what, until when, and what it was told."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from commands.admin.converge_page import status_label
from commands.admin.display import state_label
from commands.apple.set_up import CARRIER, RELEASE
from commands.models import AppleEnrolment, CommandStatus, Converge
from commands.services.set_up.requests import release_device
from devices.models import Device
from tenants.actors import console_actor
from tenants.admin import display

TITLE = "Set-up assistant"
SENTENCES = [
    "The device goes on to its home screen, whether or not its blueprint has been applied.",
    "What is still to do is done while people use it.",
]
RELEASED = "{device} is told to go on; it does so at its next contact, which is asked for now."
REMINDED = "{device} has been told to go on before, and has not answered yet: it is woken once more."


def release(request: HttpRequest, device: Device) -> str:
    """What it came to, in words."""
    words = RELEASED if release_device(device=device, actor=console_actor(request)) else REMINDED
    return words.format(device=device)


def set_up_cards(device: Device, enrolments: list[AppleEnrolment]) -> list[tuple[str, list[tuple[str, Any]]]]:
    """None for a device that does not wait."""
    mine = (each for each in enrolments if each.channel == AppleEnrolment.Channel.DEVICE and each.is_enabled)
    row = next((each for each in mine if each.awaiting_configuration), None)
    return [(TITLE, _facts(device, row))] if row else []


def _facts(device: Device, row: AppleEnrolment) -> list[tuple[str, Any]]:
    converge = _converge(device)
    told = _last_release(device)
    until = row.enabled_at + dt.timedelta(seconds=settings.ADE_RELEASE_SECONDS) if row.enabled_at else None
    facts: list[tuple[str, Any]] = [("Waits since", display.moment(row.enabled_at))]
    if row.release_sent_at:
        facts.append(("Told to go on", display.moment(row.release_sent_at)))
    else:
        facts.append(("For", display.link(converge, "its converge") if converge else "its turn, in a few seconds"))
        facts += [("Converge", status_label(converge)), ("At most until", display.exact(until))] if converge else []
    if row.release_sent_at and told is not None:
        facts += [("Its answer", state_label(told.state)), ("Reason", told.reason)]
    return [(name, value) for name, value in facts if value not in ("", None)]


def _converge(device: Device) -> Converge | None:
    rows = Converge.objects.filter(device=device, status__in=Converge.OPEN, not_before__lte=timezone.now())
    return rows.defer("differences").order_by("not_before", "pk").first()


def _last_release(device: Device) -> CommandStatus | None:
    rows = CommandStatus.objects.filter(device=device, request__command=CARRIER)
    return rows.filter(request__command_args__has_key=RELEASE).order_by("-created_at").first()
