"""The arguments by which a converge's commands find a blueprint's content: nobody else can give them."""

from typing import Any

import pytest

from commands.models import CommandRequest, CommandStatus
from devices.models import Device
from tests.commands.profiles import profile
from tests.conftest import ApiClient
from tests.factories.plans import brought_to, plan_again

OFFICE = {"wifi_network_id": "1f0e0d0c-0000-4000-8000-000000000001", "ssid": "Office", "password": "open sesame"}


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("INSTALL_PROFILE", {"profile": profile()}),
        ("REMOVE_PROFILE", {"profile_identifier": "com.example"}),
        ("UPDATE_DEVICE_CONFIG", {"device_alias_name": "Till"}),
        ("UNINSTALL", {"package_name": "com.example"}),
    ],
)
def test_a_caller_cannot_name_a_part_of_a_blueprint(
    api: ApiClient, device: Device, command: str, arguments: dict[str, Any]
) -> None:
    version = brought_to(device, {"wifi_networks": [OFFICE]})
    internal = {
        "blueprint_version": str(version.pk),
        "blueprint_part": f"wifi:{OFFICE['wifi_network_id']}",
        "blueprint_provision": True,
        "instead": ["x"],
        "unless_profile": {"identifier": "x"},
        "device_configured": True,
    }
    body = {
        "command_type": "DEVICE",
        "devices": [str(device.pk)],
        "command": command,
        "command_args": {**arguments, **internal},
        "schedule": "IMMEDIATE",
    }

    answer = api.post("/api/commands/v0/commands/", body)

    assert answer.status_code == 201
    assert set(CommandRequest.objects.get().all_arguments()) == set(arguments)


def test_without_what_it_takes_itself_a_command_is_refused(
    api: ApiClient, device: Device, other_device: Device
) -> None:
    version = brought_to(device, {"wifi_networks": [OFFICE]})
    part = plan_again(device, version, reapply=True).steps[0].args
    for command in ("INSTALL_PROFILE", "UPDATE_DEVICE_CONFIG"):
        body = {
            "command_type": "DEVICE",
            "devices": [str(device.pk)],
            "command": command,
            "command_args": part,
            "schedule": "IMMEDIATE",
        }

        assert api.post("/api/commands/v0/commands/", body).status_code == 400

    assert not CommandStatus.objects.exists()
    assert not other_device.profiles.exists()
