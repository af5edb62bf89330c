"""Devices of other systems, versions and places."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_hardware import draw_hardware
from onboarding.simulation.apple_models import MODELS, UnknownModel, version_numbers
from onboarding.simulation.apple_state import LostMode
from tests.onboarding.simulation.commands import first_error, information, install, run
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer

Make = Callable[..., SimulatedAppleDevice]


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_model_enrols_and_tells_what_it_is(server: TinyMdmServer, enrolled: Make, model: str) -> None:
    device = enrolled(model=model)
    told = information(device, server, "ProductName", "OSVersion", "BuildVersion", "SerialNumber")
    assert told == {
        "ProductName": MODELS[model].product,
        "OSVersion": device.hardware.os.version,
        "BuildVersion": device.hardware.os.build,
        "SerialNumber": device.serial,
    }


def test_an_unknown_model_is_refused_with_the_known_ones(make: Make) -> None:
    with pytest.raises(UnknownModel, match="Apple TV 4K"):
        make(model="Newton")


def test_a_fleet_is_mixed() -> None:
    fleet = [draw_hardware(seed="muster", index=index) for index in range(100)]
    assert {hardware.os_family for hardware in fleet} == {"iOS", "iPadOS"}
    assert {version_numbers(hardware.os.version)[0] for hardware in fleet} == {16, 17, 18}
    assert len({hardware.time_zone for hardware in fleet}) > 3
    assert {hardware.is_supervised for hardware in fleet} == {True, False}


def test_version_and_time_zone_can_be_chosen(server: TinyMdmServer, enrolled: Make) -> None:
    device = enrolled(model="iPhone 13", os_version="15.8.3", time_zone="Pacific/Auckland")
    assert information(device, server, "OSVersion", "BuildVersion", "TimeZone") == {
        "OSVersion": "15.8.3",
        "BuildVersion": "19H386",
        "TimeZone": "Pacific/Auckland",
    }


def test_choosing_changes_no_identity() -> None:
    usual = draw_hardware(seed="muster", index=0)
    assert draw_hardware(seed="muster", index=0, os_version="15.8.3", time_zone="Etc/UTC").udid == usual.udid


@pytest.mark.parametrize(("older", "newer"), [("9.3.2", "12.0"), ("14.4.9", "14.5"), ("14", "14.0.1")])
def test_versions_compare_by_their_numbers(older: str, newer: str) -> None:
    assert version_numbers(older) < version_numbers(newer)


@pytest.mark.parametrize(
    ("model", "unknown"),
    [
        ("Apple TV 4K", ["DeviceLock", "ClearPasscode", "EnableLostMode", "ShutDownDevice"]),
        ("Mac mini", ["ClearPasscode", "EnableLostMode", "PlayLostModeSound"]),
    ],
)
def test_a_command_of_another_system_is_not_known(
    server: TinyMdmServer, enrolled: Make, model: str, unknown: list[str]
) -> None:
    device = enrolled(model=model)
    for request_type in unknown:
        assert first_error(run(device, server, request_type)) == ("MCMDMErrorDomain", 12021)


def test_a_command_newer_than_the_system_is_not_known(server: TinyMdmServer, enrolled: Make) -> None:
    device = enrolled(model="iPhone 6", os_version="9.3.5")
    assert first_error(run(device, server, "RestartDevice")) == ("MCMDMErrorDomain", 12021)
    assert run(device, server, "EnableLostMode", Message="Lost")["Status"] == "Acknowledged"
    assert first_error(run(device, server, "PlayLostModeSound")) == ("MCMDMErrorDomain", 12021)


def test_a_mac_restarts_without_supervision(server: TinyMdmServer, enrolled: Make) -> None:
    assert run(enrolled(model="Mac mini", supervised=False), server, "RestartDevice")["Status"] == "Acknowledged"


@pytest.mark.parametrize("model", ["Apple TV 4K", "Mac mini"])
def test_systems_without_a_passcode_never_put_off(server: TinyMdmServer, enrolled: Make, model: str) -> None:
    device = enrolled(model=model)
    device.lock()
    install(device, server, "test.any", {})
    assert "UnlockToken" not in server.check_ins[-1]


@pytest.mark.parametrize(
    ("model", "told", "silent"),
    [
        ("iPhone 15", {"BatteryLevel", "DeviceCapacity", "IMEI", "IsMDMLostModeEnabled", "TimeZone"}, {"HostName"}),
        ("iPad", {"BatteryLevel", "DeviceCapacity", "TimeZone"}, {"IMEI"}),
        ("Apple TV 4K", {"TimeZone"}, {"BatteryLevel", "DeviceCapacity", "IMEI", "IsMDMLostModeEnabled"}),
        ("Mac mini", {"DeviceCapacity", "HostName"}, {"BatteryLevel", "IMEI", "IsMDMLostModeEnabled", "TimeZone"}),
    ],
)
def test_each_system_has_its_own_facts(
    server: TinyMdmServer, enrolled: Make, model: str, told: set[str], silent: set[str]
) -> None:
    assert set(information(enrolled(model=model), server, *told, *silent)) == told


@pytest.mark.parametrize(
    ("model", "told", "silent"),
    [
        ("iPhone 15", {"HardwareEncryptionCaps", "PasscodePresent", "ManagementStatus"}, {"FirewallSettings"}),
        ("iPhone 6", {"HardwareEncryptionCaps", "PasscodePresent"}, {"ManagementStatus"}),
        ("Mac mini", {"FirewallSettings", "FDE_Enabled", "SecureBoot", "ManagementStatus"}, {"PasscodePresent"}),
    ],
)
def test_each_system_has_its_own_security(
    server: TinyMdmServer, enrolled: Make, model: str, told: set[str], silent: set[str]
) -> None:
    info = run(enrolled(model=model), server, "SecurityInfo")["SecurityInfo"]
    assert told <= set(info)
    assert not silent & set(info)


def test_what_the_server_changed_outlives_a_restart(server: TinyMdmServer, make: Make, tmp_path: Path) -> None:
    options = {"state_file": tmp_path / "device.json", "time_zone": "Europe/Berlin"}
    device = make(**options)
    device.enrol(server.profile())
    run(
        device,
        server,
        "Settings",
        Settings=[
            {"Item": "DeviceName", "DeviceName": "Till 7"},
            {"Item": "Wallpaper", "Image": b"\xff\xd8\xff", "Where": 3},
            {"Item": "OrganizationInfo", "OrganizationInfo": {"OrganizationName": "Muster GmbH"}},
            {"Item": "ApplicationConfiguration", "Identifier": "com.example.kiosk", "Configuration": {"logo": b"\0"}},
        ],
    )
    run(device, server, "EnableLostMode", Message="Lost")
    again = make(**options)
    assert again.state.name == "Till 7"
    assert again.state.home_screen_wallpaper == b"\xff\xd8\xff"
    assert again.state.organization_info == {"OrganizationName": "Muster GmbH"}
    assert again.state.lost_mode == LostMode("Lost", "", "")
    assert [app.identifier for app in again.state.apps] == [app.identifier for app in device.state.apps]
    assert (kiosk := again.state.app("com.example.kiosk"))
    assert list(kiosk.configuration) == ["logo"]


def test_a_file_of_an_older_release_is_read(server: TinyMdmServer, make: Make, tmp_path: Path) -> None:
    file = tmp_path / "device.json"
    device = make(state_file=file)
    device.enrol(server.profile())
    document = json.loads(file.read_text("utf-8"))
    old = ("format", "udid", "name", "battery_level", "is_supervised", "passcode_set", "locked", "powered_on")
    kept = {key: document[key] for key in (*old, "last_status", "times_erased", "profiles", "management")}
    app = {"identifier": "com.example.notes", "name": "Example Notes", "version": "4.2.1", "size": 48_234_496}
    file.write_text(json.dumps({**kept, "apps": [app]}), "utf-8")
    again = make(state_file=file)
    assert again.is_enrolled
    assert (again.state.lost_mode, again.state.bluetooth_enabled) == (None, True)
    assert [app.identifier for app in again.state.apps] == ["com.example.notes"]
