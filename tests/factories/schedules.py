"""Scheduled requests, and a clock that tests set."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import time_machine

from commands.models import CommandStatus
from commands.tasks import find_new_zones, time_out, turn_schedules, wake_lost_devices
from devices.models import Device, DeviceGroup
from tests.conftest import ApiClient

COMMANDS = "/api/commands/v0/commands/"
STATUS = "/api/commands/v0/status/"


def at(moment: str) -> time_machine.travel:
    """`2027-01-11T09:00Z`; the clock stands still there."""
    return time_machine.travel(dt.datetime.fromisoformat(moment), tick=False)


def beat() -> None:
    """What beat has workers do within a minute."""
    find_new_zones()
    turn_schedules()
    turn_schedules()  # windows that the first round planned
    time_out()
    wake_lost_devices()


def scheduled(
    api: ApiClient,
    *devices: Device,
    schedule: str = "WINDOW",
    command: str = "LOCK",
    groups: Sequence[DeviceGroup] = (),
    device_type: str = "all",
    **schedule_args: Any,
) -> uuid.UUID:
    """The id of the request."""
    body = {
        "command_type": "DYNAMIC",
        "devices": [str(device.pk) for device in devices],
        "groups": [str(group.pk) for group in groups],
        "device_type": device_type,
        "command": command,
        "schedule": schedule,
        "schedule_args": schedule_args,
    }
    answer = api.post(COMMANDS, body)
    assert answer.status_code == 201, answer.content
    return uuid.UUID(answer.json()["content"]["id"])


def states(request_id: uuid.UUID, device: Device | None = None) -> list[str]:
    """The states of a request's rows, by slot, without their common first word."""
    rows = CommandStatus.objects.filter(request_id=request_id)
    rows = rows.filter(device=device) if device else rows
    return [row.state.removeprefix("Command ") for row in rows.order_by("occurrence", "device")]


def stage(api: ApiClient, request_id: uuid.UUID) -> str:
    """What the request says of itself."""
    return str(api.get(f"{COMMANDS}{request_id}/").json()["content"]["reason"])
