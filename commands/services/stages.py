"""A request's `reason`: what stage it is at, in a sentence."""

import zoneinfo
from datetime import datetime

from django.db.models import Q

from commands.models import CommandRequest, CommandStatus, ScheduleSlot
from commands.models.status import State
from commands.services.cancellations import cancelled_by

REFUSED = Q(state=State.FAILURE, sent_at__isnull=True)
Phase = ScheduleSlot.Phase


def stage_of(request: CommandRequest) -> str:
    return " ".join(filter(None, (_progress(request), _refusals(request))))


def _progress(request: CommandRequest) -> str:
    if request.cancelled_at is not None:
        return f"{cancelled_by(request.cancelled_by)}."
    if request.schedule == CommandRequest.Schedule.IMMEDIATE:
        return ""
    slots = request.slots.filter(due_at__isnull=False)
    opened = slots.filter(phase__in=[Phase.OPENING, Phase.OPEN]).order_by("-closes_at").first()
    if opened is not None:
        return f"The window is open until {_spoken(opened.closes_at, opened.zone)}."
    coming = slots.filter(phase__in=[Phase.ANNOUNCING, Phase.WAITING]).order_by("opens_at").first()
    if coming is not None:
        return f"The next window opens at {_spoken(coming.opens_at, coming.zone)}."
    return "The schedule is over."


def _spoken(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(zoneinfo.ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def _refusals(request: CommandRequest) -> str:
    """How many devices cannot be given the command, and why the first of them."""
    rows = CommandStatus.objects.filter(request=request)
    refused = rows.filter(REFUSED)
    count = refused.count()
    immediate = request.schedule == CommandRequest.Schedule.IMMEDIATE
    if count:
        devices = f"{count} of {rows.count()} devices" if immediate else f"{count} device{'s' if count > 1 else ''}"
        return f"{devices} cannot be given the command: {refused.values_list('reason', flat=True)[0]}"
    return "No device matches." if immediate and not rows.exists() else ""
