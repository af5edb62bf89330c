"""One command on its whole way: from the REST API to a simulated device and back."""

from typing import Any

from commands.models import CommandStatus
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_effects import Effects
from tests.conftest import ApiClient
from tests.factories.fleet import row_of


def send(api: ApiClient, device: SimulatedAppleDevice, command: str, **arguments: Any) -> CommandStatus:
    """The row that a caller's request makes for this device."""
    body = {
        "command_type": "DEVICE",
        "devices": [str(row_of(device).pk)],
        "command": command,
        "command_args": arguments,
        "schedule": "IMMEDIATE",
    }
    created = api.post("/api/commands/v0/commands/", body)
    assert created.status_code == 201, created.content
    return CommandStatus.objects.get(request=created.json()["content"]["id"])


def carry(api: ApiClient, device: SimulatedAppleDevice, command: str, **arguments: Any) -> tuple[str, str]:
    """State (without "Command") and reason after the device came for it."""
    row = send(api, device, command, **arguments)
    device.connect()
    row.refresh_from_db()
    return row.state.removeprefix("Command "), row.reason


def effects(device: SimulatedAppleDevice) -> Effects:
    """What the profiles on the device do to it just now."""
    return Effects(device.hardware, device.state)
