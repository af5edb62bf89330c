"""The time zone that a device reports with its information."""

from typing import Any

import pytest

from commands.models.status import State
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.zones import zone_names
from tests.factories.apple import report
from tests.factories.commands import queued
from tests.factories.fleet import row_of


def tell(device: SimulatedAppleDevice, **answers: Any) -> str:
    """What the server keeps as the device's zone after this answer to DeviceInformation."""
    row = queued(row_of(device), "DEVICE_INFORMATION", state=State.INITIATED)
    assert report(device, "Acknowledged", row.pk, QueryResponses=answers).status_code == 200
    return row_of(device).time_zone


def test_the_zone_is_kept_for_the_device_that_told_it(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    assert tell(device, TimeZone="Europe/Berlin") == "Europe/Berlin"
    assert row_of(other_device).time_zone == ""


def test_the_zone_moves_with_the_device(device: SimulatedAppleDevice) -> None:
    tell(device, TimeZone="Europe/Berlin")

    assert tell(device, TimeZone="America/New_York") == "America/New_York"


@pytest.mark.parametrize("zone", ["Mars/Base", "", "europe/berlin", "../etc/passwd", 1, ["Asia/Tokyo"]], ids=str)
def test_what_is_no_zone_changes_nothing(device: SimulatedAppleDevice, zone: Any) -> None:
    tell(device, TimeZone="Europe/Berlin")

    assert tell(device, TimeZone=zone, DeviceName="Room 7") == "Europe/Berlin"
    assert row_of(device).name == "Room 7"


def test_an_answer_without_a_zone_leaves_it(device: SimulatedAppleDevice) -> None:
    tell(device, TimeZone="Europe/Berlin")

    assert tell(device, DeviceName="Room 7") == "Europe/Berlin"


def test_a_device_that_answers_by_itself_tells_its_zone(device: SimulatedAppleDevice) -> None:
    queued(row_of(device), "DEVICE_INFORMATION")

    device.connect()

    assert row_of(device).time_zone in zone_names()
