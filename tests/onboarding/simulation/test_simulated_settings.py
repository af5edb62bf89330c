"""What a simulated device makes of the Settings command."""

from collections.abc import Callable
from typing import Any

import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_effects import RESTRICTIONS
from tests.onboarding.simulation.commands import information, install, run
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer

Make = Callable[..., SimulatedAppleDevice]

PNG = b"\x89PNG\r\n\x1a\n and so on"
JPEG = b"\xff\xd8\xff and so on"
ORGANISATION = {"OrganizationName": "Muster GmbH", "OrganizationPhone": "+49 30 1"}


def _set(device: SimulatedAppleDevice, server: TinyMdmServer, *items: Any) -> list[dict[str, Any]]:
    """The answers to the items; the command as a whole is always acknowledged."""
    report = run(device, server, "Settings", Settings=list(items))
    assert report["Status"] == "Acknowledged"
    answers: list[dict[str, Any]] = report["Settings"]
    return answers


def _error(answer: dict[str, Any]) -> tuple[str, int]:
    assert answer["Status"] == "Error"
    error = answer["ErrorChain"][0]
    return error["ErrorDomain"], error["ErrorCode"]


def test_settings_are_set_and_told(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    answers = _set(
        device,
        server,
        {"Item": "DeviceName", "DeviceName": "Till 7"},
        {"Item": "TimeZone", "TimeZone": "Asia/Tokyo"},
        {"Item": "OrganizationInfo", "OrganizationInfo": ORGANISATION},
        {"Item": "MDMOptions", "MDMOptions": {"ActivationLockAllowedWhileSupervised": True}},
    )
    assert [(answer["Item"], answer["Status"]) for answer in answers] == [
        ("DeviceName", "Acknowledged"),
        ("TimeZone", "Acknowledged"),
        ("OrganizationInfo", "Acknowledged"),
        ("MDMOptions", "Acknowledged"),
    ]
    assert information(device, server, "DeviceName", "TimeZone", "OrganizationInfo", "MDMOptions") == {
        "DeviceName": "Till 7",
        "TimeZone": "Asia/Tokyo",
        "OrganizationInfo": ORGANISATION,
        "MDMOptions": {"ActivationLockAllowedWhileSupervised": True},
    }


def test_organisation_info_without_its_dictionary_is_removed(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    _set(device, server, {"Item": "OrganizationInfo", "OrganizationInfo": ORGANISATION})
    assert device.state.organization_info == ORGANISATION
    _set(device, server, {"Item": "OrganizationInfo"})
    assert device.state.organization_info == {}


def test_bluetooth_is_switched(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    for enabled in (False, True):
        _set(device, server, {"Item": "Bluetooth", "Enabled": enabled})
        assert device.state.bluetooth_enabled is enabled


def test_roaming_settings_depend_on_each_other(server: TinyMdmServer, make: Make) -> None:
    device = make(model="iPhone 15")
    device.enrol(server.profile())
    _set(device, server, {"Item": "DataRoaming", "Enabled": True}, {"Item": "PersonalHotspot", "Enabled": True})
    told = information(device, server, "DataRoamingEnabled", "VoiceRoamingEnabled", "PersonalHotspotEnabled")
    assert set(told.values()) == {True}
    _set(device, server, {"Item": "VoiceRoaming", "Enabled": False})
    assert not device.state.data_roaming


def test_a_device_without_cellular_knows_no_roaming(server: TinyMdmServer, make: Make) -> None:
    device = make(model="iPad")
    device.enrol(server.profile())
    (answer,) = _set(device, server, {"Item": "DataRoaming", "Enabled": True})
    assert _error(answer) == ("MCSettingsErrorDomain", 28000)


def test_the_first_wallpaper_goes_everywhere_the_next_where_it_should(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    _set(device, server, {"Item": "Wallpaper", "Image": PNG, "Where": 1})
    assert (device.state.lock_screen_wallpaper, device.state.home_screen_wallpaper) == (PNG, PNG)
    _set(device, server, {"Item": "Wallpaper", "Image": JPEG, "Where": 2})
    assert (device.state.lock_screen_wallpaper, device.state.home_screen_wallpaper) == (PNG, JPEG)


def test_before_ios_16_a_wallpaper_goes_where_it_should(server: TinyMdmServer, make: Make) -> None:
    device = make(model="iPhone 6")
    device.enrol(server.profile())
    _set(device, server, {"Item": "Wallpaper", "Image": PNG, "Where": 2})
    assert (device.state.lock_screen_wallpaper, device.state.home_screen_wallpaper) == (b"", PNG)
    _set(device, server, {"Item": "Wallpaper", "Image": JPEG, "Where": 3})
    assert (device.state.lock_screen_wallpaper, device.state.home_screen_wallpaper) == (JPEG, JPEG)


def test_a_wallpaper_that_is_no_image_is_an_error(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    (answer,) = _set(device, server, {"Item": "Wallpaper", "Image": b"GIF89a", "Where": 3})
    assert _error(answer) == ("MCSettingsErrorDomain", 28001)
    assert device.state.home_screen_wallpaper == b""


@pytest.mark.parametrize(
    "item",
    [
        {"Item": "DeviceName"},
        {"Item": "DeviceName", "DeviceName": 7},
        {"Item": "Bluetooth", "enabled": True},
        {"Item": "Bluetooth", "Enabled": 1},
        {"Item": "TimeZone"},
        {"Item": "Wallpaper", "Image": PNG},
        {"Item": "Wallpaper", "Image": PNG, "Where": 4},
        {"Item": "Wallpaper", "Image": PNG, "Where": True},
        {"Item": "OrganizationInfo", "OrganizationInfo": {"OrganizationPhone": "1"}},
        {"Item": 7},
        {"DeviceName": "nameless"},
        "DeviceName",
    ],
    ids=str,
)
def test_an_incomplete_item_is_a_format_error_of_its_own(
    server: TinyMdmServer, device: SimulatedAppleDevice, item: Any
) -> None:
    answers = _set(device, server, item, {"Item": "DeviceName", "DeviceName": "Till 8"})
    assert [answer["Status"] for answer in answers] == ["CommandFormatError", "Acknowledged"]
    assert "ErrorChain" not in answers[0]
    assert device.state.name == "Till 8"


def test_an_unknown_item_is_an_error_of_its_own(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    answers = _set(device, server, {"Item": "Smell"}, {"Item": "DeviceName", "DeviceName": "Till 9"})
    assert _error(answers[0]) == ("MCSettingsErrorDomain", 28000)
    assert answers[1]["Status"] == "Acknowledged"


def test_settings_without_items_is_a_format_error(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert run(device, server, "Settings")["Status"] == "CommandFormatError"


@pytest.mark.parametrize(
    "item",
    [
        {"Item": "DeviceName", "DeviceName": "Till 7"},
        {"Item": "Wallpaper", "Image": PNG, "Where": 3},
        {"Item": "Bluetooth", "Enabled": False},
        {"Item": "TimeZone", "TimeZone": "Asia/Tokyo"},
    ],
    ids=lambda item: str(item["Item"]),
)
def test_an_unsupervised_device_refuses(server: TinyMdmServer, make: Make, item: dict[str, Any]) -> None:
    device = make(supervised=False)
    device.enrol(server.profile())
    name, zone = device.state.name, device.state.time_zone
    answers = _set(device, server, item, {"Item": "OrganizationInfo", "OrganizationInfo": ORGANISATION})
    assert _error(answers[0]) == ("MCChaperoneErrorDomain", 29000)
    assert answers[1]["Status"] == "Acknowledged"
    assert (device.state.name, device.state.time_zone, device.state.bluetooth_enabled) == (name, zone, True)


def test_an_older_device_does_not_know_the_time_zone(server: TinyMdmServer, make: Make) -> None:
    device = make(model="iPhone 7", os_version="13.7")
    device.enrol(server.profile())
    (answer,) = _set(device, server, {"Item": "TimeZone", "TimeZone": "Asia/Tokyo"})
    assert _error(answer) == ("MCSettingsErrorDomain", 28000)
    assert information(device, server, "TimeZone") == {}


def test_a_mac_has_settings_of_its_own_and_needs_no_supervision(server: TinyMdmServer, make: Make) -> None:
    device = make(model="Mac mini", supervised=False)
    device.enrol(server.profile())
    answers = _set(
        device,
        server,
        {"Item": "DeviceName", "DeviceName": "Mac 7"},
        {"Item": "HostName", "HostName": "mac-7"},
        {"Item": "Bluetooth", "Enabled": False},
        {"Item": "TimeZone", "TimeZone": "Asia/Tokyo"},
        {"Item": "Wallpaper", "Image": PNG, "Where": 3},
    )
    assert [answer["Status"] for answer in answers] == ["Acknowledged"] * 3 + ["Error"] * 2
    assert information(device, server, "DeviceName", "HostName") == {"DeviceName": "Mac 7", "HostName": "mac-7"}


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_time_zone_that_is_none_is_an_error(server: TinyMdmServer, device: SimulatedAppleDevice, zone: str) -> None:
    before = device.state.time_zone
    (answer,) = _set(device, server, {"Item": "TimeZone", "TimeZone": zone})
    assert answer["Status"] == "Error"
    assert device.state.time_zone == before


def test_forced_automatic_time_keeps_the_time_zone(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    install(device, server, "test.clock", {"PayloadType": RESTRICTIONS, "forceAutomaticDateAndTime": True})
    (answer,) = _set(device, server, {"Item": "TimeZone", "TimeZone": "Asia/Tokyo"})
    assert answer["Status"] == "Error"
    run(device, server, "RemoveProfile", Identifier="test.clock")
    (answer,) = _set(device, server, {"Item": "TimeZone", "TimeZone": "Asia/Tokyo"})
    assert answer["Status"] == "Acknowledged"


def test_a_managed_app_is_configured(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    item = {"Item": "ApplicationConfiguration", "Identifier": "com.example.kiosk", "Configuration": {"till": 7}}
    answers = _set(device, server, item, {**item, "Identifier": "com.example.notes"})
    assert answers[0] == {
        "Item": "ApplicationConfiguration",
        "Identifier": "com.example.kiosk",
        "Status": "Acknowledged",
    }
    assert _error(answers[1]) == ("MCMDMErrorDomain", 12029)
    managed = run(device, server, "ManagedApplicationList")["ManagedApplicationList"]
    assert managed["com.example.kiosk"]["HasConfiguration"] is True


def test_a_locked_device_puts_settings_off(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.lock()
    report = run(device, server, "Settings", Settings=[{"Item": "DeviceName", "DeviceName": "Till 7"}])
    assert report["Status"] == "NotNow"
    assert "Settings" not in report
