"""Devices of each of Apple's systems, from their enrolment to what they tell of themselves."""

from collections.abc import Callable

import pytest

from devices.models import Device, InstalledApp
from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.conftest import ApiClient
from tests.factories.fleet import enrol, row_of

Enrolled = Callable[[str], SimulatedAppleDevice]


@pytest.fixture
def enrolled(api: ApiClient, link: EnrolmentProfile) -> Enrolled:
    """Enrols a device of a model and has it answer DEVICE_INFORMATION."""

    def enrol_and_ask(model: str) -> SimulatedAppleDevice:
        device = enrol(link, model=model)
        asked = {"command_type": "DEVICE", "devices": [str(row_of(device).pk)], "schedule": "IMMEDIATE"}
        created = api.post("/api/commands/v0/commands/", {**asked, "command": "DEVICE_INFORMATION"})
        assert created.status_code == 201
        device.connect()
        return device

    return enrol_and_ask


@pytest.mark.parametrize(
    ("model", "os", "tells_zone"),
    [
        ("iPhone 15", Device.Os.IOS, True),
        ("iPhone 6", Device.Os.IOS, False),
        ("iPad", Device.Os.IPADOS, True),
        ("Apple TV 4K", Device.Os.TVOS, True),
        ("Mac mini", Device.Os.MACOS, False),
    ],
    ids=["iPhone", "old iPhone", "iPad", "Apple TV", "Mac"],
)
def test_a_device_of_each_system_tells_of_itself(
    enrolled: Enrolled, model: str, os: Device.Os, tells_zone: bool
) -> None:
    device = enrolled(model)

    row = row_of(device)
    assert (row.os, row.os_version) == (os, device.hardware.os.version)
    assert (row.name, row.serial, row.udid) == (device.state.name, device.serial, device.udid)
    assert row.time_zone == (device.state.time_zone if tells_zone else "")


@pytest.mark.parametrize(
    ("model", "told", "silent"),
    [("iPhone 15", "PasscodePresent", "FDE_Enabled"), ("Mac mini", "FDE_Enabled", "PasscodePresent")],
    ids=["iPhone", "Mac"],
)
def test_it_tells_of_its_security_and_its_apps(enrolled: Enrolled, model: str, told: str, silent: str) -> None:
    device = enrolled(model)

    security = row_of(device).security_info
    assert told in security
    assert silent not in security
    apps = set(InstalledApp.objects.filter(device=row_of(device)).values_list("identifier", flat=True))
    assert {app.identifier for app in device.state.apps if not app.is_system} <= apps
