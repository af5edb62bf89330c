"""Installations on devices that really carry them out: what becomes of the command when something happens meanwhile."""

import base64
import plistlib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as now
from django.utils import timezone
from pytest_django import Settings

from apps_domain.models import DeviceApp
from commands.models import CommandStatus
from commands.models.status import State
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_installs import InstallFault
from onboarding.simulation.apple_state import App
from tenants.models import Tenant
from tests.api.seed import APPS
from tests.conftest import ApiClient
from tests.factories.carriage import send
from tests.factories.fleet import placed, row_of
from tests.factories.ipas import build, upload_form

BUNDLE = "org.example.kiosk"
CONFIG = {"server": "till.example.org", "lanes": 3}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: Settings) -> None:
    own = {**now.STORAGES["apps"], "OPTIONS": {"location": tmp_path / "apps"}}
    settings.STORAGES = {**now.STORAGES, "apps": own}


def uploaded(api: ApiClient, number: int = 142, **info: Any) -> str:
    """The version's id."""
    return str(api.post(APPS, **upload_form(build(number, **info))).json()["content"]["version_id"])


def comes(device: SimulatedAppleDevice, times: int = 1) -> list[str]:
    """The device comes each time when the server wants to look. What it was asked."""
    asked: list[str] = []
    for _ in range(times):
        CommandStatus.objects.filter(device=row_of(device), state=State.IN_PROGRESS).update(not_before=timezone.now())
        asked += [step.request_type for step in device.connect().executed]
    return asked


def told(row: CommandStatus) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state.removeprefix("Command "), row.reason


@pytest.mark.parametrize(
    ("fault", "supervised", "end"),
    [
        ("user rejects", True, ("Failure", "The user refused the app.")),
        ("user rejects", False, ("Failure", "The user refused the app.")),
        ("never agrees", False, ("In Progress", "The app is not installed yet: the user has not agreed to it yet.")),
        ("never agrees", True, ("Success", "")),
        ("download fails", True, ("Failure", "The device could not install the app.")),
        ("wrong hash", True, ("Failure", "The device could not install the app.")),
        ("no space", True, ("Failure", "The device could not install the app.")),
        ("stuck", True, ("In Progress", "The device is installing the app (Installing).")),
    ],
)
def test_what_went_wrong_on_the_device_is_told(
    api: ApiClient, tenant: Tenant, fault: InstallFault, supervised: bool, end: tuple[str, str]
) -> None:
    device = placed(tenant, supervised=supervised, model="iPhone 15", os_version="18.1")
    device.installer.fault = fault
    row = send(api, device, "INSTALL", app_version=uploaded(api))

    comes(device, 6)

    assert told(row) == end
    assert DeviceApp.objects.exists() == (end[0] == "Success")


def test_an_update_succeeds_when_the_new_version_is_there(
    api: ApiClient, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    send(api, device, "INSTALL", app_version=uploaded(api))
    comes(device, 4)
    newer = uploaded(api, 150, CFBundleShortVersionString="1.5")
    row = send(api, device, "INSTALL", app_version=newer)

    comes(device, 2)
    assert told(row) == ("In Progress", "The device is installing the app (Updating).")
    comes(device, 1)

    assert told(row) == ("Success", "")
    app = DeviceApp.objects.get()
    assert (str(app.app_version_id), app.version) == (newer, "1.5")
    assert other_device.state.app(BUNDLE) is None


def test_a_configuration_reaches_the_app_and_is_told(api: ApiClient, device: SimulatedAppleDevice) -> None:
    text = base64.b64encode(plistlib.dumps(CONFIG)).decode()
    row = send(api, device, "INSTALL", app_version=uploaded(api), base64_app_config=text)

    comes(device, 4)

    app = device.state.app(BUNDLE)
    assert app is not None
    assert app.configuration == CONFIG
    listed = api.get(f"/api/v2/devices/{row_of(device).pk}/device-apps/").json()["results"]
    assert [each["base64_app_config"] for each in listed] == [text]
    assert text not in str(row.request.command_args)


def test_an_answer_that_was_lost_is_no_failure(api: ApiClient, device: SimulatedAppleDevice) -> None:
    """The device is told again, and says that the app is on its list already."""
    row = send(api, device, "INSTALL", app_version=uploaded(api))
    device.faults.lose_replies = 1
    device.installer.fault = "stuck"
    comes(device)
    assert device.state.installation(BUNDLE) is not None

    asked = comes(device)
    assert asked == ["InstallApplication"]
    assert told(row)[0] == "In Progress"
    device.installer.fault = ""
    comes(device, 3)

    assert told(row) == ("Success", "")


def test_a_locked_device_installs_when_it_is_unlocked(api: ApiClient, device: SimulatedAppleDevice) -> None:
    device.lock()
    row = send(api, device, "INSTALL", app_version=uploaded(api))
    comes(device)
    assert told(row)[0] == "Initiated"

    device.unlock()
    comes(device, 3)

    assert told(row) == ("Success", "")


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        ("", ("Success", "")),
        (
            "user rejects",
            (
                "Failure",
                "The user refused to let this server manage the app that is on the device already.",
            ),
        ),
    ],
)
def test_an_app_that_its_user_installed_is_taken_over(
    api: ApiClient, tenant: Tenant, fault: InstallFault, end: tuple[str, str]
) -> None:
    device = placed(tenant, supervised=False, model="iPhone 15", os_version="18.1")
    device.state.apps.append(App(BUNDLE, "Kiosk", "1.0", 4_000_000))
    device.installer.fault = fault
    row = send(api, device, "INSTALL", app_version=uploaded(api))

    comes(device, 5)

    assert told(row) == end


def test_what_was_installed_can_be_uninstalled(api: ApiClient, device: SimulatedAppleDevice) -> None:
    send(api, device, "INSTALL", app_version=uploaded(api))
    comes(device, 4)

    row = send(api, device, "UNINSTALL", package_name=BUNDLE)
    comes(device)

    assert told(row) == ("Success", "")
    assert device.state.app(BUNDLE) is None
    assert not DeviceApp.objects.exists()


def test_an_erased_device_is_asked_for_nothing_more(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "INSTALL", app_version=uploaded(api))
    comes(device)
    send(api, device, "WIPE")
    comes(device)

    assert device.state.installations == []
    assert told(row) == ("Failure", "The device was erased.")
