"""What an Apple device is known not to do fails with the reason, is counted, and is delivered to nobody."""

from typing import Any

import pytest

from commands.models import CommandStatus
from commands.models.status import State
from commands.services.refusals import SUPERVISED_ONLY
from devices.models import Device
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import DeviceFactory
from tests.factories.fleet import placed, row_of

COMMANDS = "/api/commands/v0/commands/"


def zone_set(api: ApiClient, *devices: Device) -> Any:
    """SET_TIMEZONE: supervised, iOS and tvOS from 14.0, not on Macs."""
    body = {"command_type": "DEVICE", "devices": [str(device.pk) for device in devices], "command": "SET_TIMEZONE"}
    return api.post(COMMANDS, {**body, "command_args": {"timezone_string": "Europe/Berlin"}}).json()["content"]


def outcome(device: Device) -> tuple[str, str]:
    row = CommandStatus.objects.get(device=device)
    return row.state, row.reason


@pytest.mark.parametrize(
    ("os", "version", "supervised", "reason"),
    [
        ("iOS", "14", True, ""),
        ("iOS", "14.0", True, ""),
        ("iOS", "14.0.1", True, ""),
        ("iOS", "26.1", True, ""),
        ("iPadOS", "18.2", True, ""),
        ("tvOS", "14.0", True, ""),
        ("iOS", "", True, ""),
        ("", "", None, ""),
        ("iOS", "unheard of", None, ""),
        ("iOS", "99999999999.1", None, ""),
        ("iOS", "13.7", True, "The command needs iOS 14.0 or later; the device has 13.7."),
        ("iOS", "9.3.6", True, "The command needs iOS 14.0 or later; the device has 9.3.6."),
        ("iOS", "18.0", False, SUPERVISED_ONLY),
        ("macOS", "15.1", True, "The command does not exist on macOS."),
    ],
)
def test_what_it_is_known_to_lack(
    api: ApiClient, tenant: Tenant, os: str, version: str, supervised: bool | None, reason: str
) -> None:
    device = DeviceFactory(tenant=tenant, os=os, os_version=version, is_supervised=supervised)
    zone_set(api, device)

    assert outcome(device) == (State.FAILURE if reason else State.QUEUED, reason)


def test_it_shows_in_the_stats_and_the_request_and_is_delivered_to_nobody(
    api: ApiClient, other_api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    new, old = placed(tenant, 1, os="iOS", os_version="18.0"), placed(tenant, 2, os="iOS", os_version="12.5.7")
    request = zone_set(api, row_of(new), row_of(old))

    stats = api.get(f"{COMMANDS}{request['id']}/stats/").json()["content"]["status"]
    assert stats == [{"state": "Command Failure", "total": 1}, {"state": "Command Queued", "total": 1}]
    assert api.get(f"{COMMANDS}{request['id']}/").json()["content"]["reason"] == (
        "1 of 2 devices cannot be given the command: The command needs iOS 14.0 or later; the device has 12.5.7."
    )
    assert ([each.request_type for each in new.connect().executed], old.connect().executed) == (["Settings"], ())
    assert other_api.get(f"{COMMANDS}{request['id']}/stats/").status_code == 404
