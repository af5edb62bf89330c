"""How a simulated device is lost and found."""

from collections.abc import Callable

import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_state import LostMode
from tests.onboarding.simulation.commands import first_error, information, run
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer

Make = Callable[..., SimulatedAppleDevice]


def test_lost_mode_shows_its_texts_and_is_told(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert information(device, server, "IsMDMLostModeEnabled") == {"IsMDMLostModeEnabled": False}
    report = run(device, server, "EnableLostMode", Message="Lost", PhoneNumber="+49 30 1", Footnote="Muster")
    assert report["Status"] == "Acknowledged"
    assert device.state.lost_mode == LostMode("Lost", "+49 30 1", "Muster")
    assert information(device, server, "IsMDMLostModeEnabled") == {"IsMDMLostModeEnabled": True}


def test_lost_mode_takes_new_texts(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    run(device, server, "EnableLostMode", Message="Lost")
    run(device, server, "EnableLostMode", PhoneNumber="110")
    assert device.state.lost_mode == LostMode("", "110", "")


@pytest.mark.parametrize("texts", [{}, {"Footnote": "Muster"}, {"Message": ""}], ids=["none", "footnote", "empty"])
def test_lost_mode_needs_a_message_or_a_number(
    server: TinyMdmServer, device: SimulatedAppleDevice, texts: dict[str, str]
) -> None:
    assert first_error(run(device, server, "EnableLostMode", **texts)) == ("MCMDMErrorDomain", 12066)
    assert device.state.lost_mode is None


def test_a_text_that_is_none_is_a_format_error(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert run(device, server, "EnableLostMode", Message=7)["Status"] == "CommandFormatError"


def test_nobody_unlocks_a_lost_device(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    run(device, server, "EnableLostMode", Message="Lost")
    device.unlock()
    assert device.state.locked
    run(device, server, "DisableLostMode")
    assert device.state.locked
    device.unlock()
    assert not device.state.locked


def test_lost_mode_is_entered_and_left_while_locked(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.lock()
    for request_type in ("EnableLostMode", "PlayLostModeSound", "DeviceLocation", "DisableLostMode"):
        assert run(device, server, request_type, Message="Lost")["Status"] == "Acknowledged"


def test_disabling_what_is_not_enabled_is_fine(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert run(device, server, "DisableLostMode")["Status"] == "Acknowledged"


@pytest.mark.parametrize("request_type", ["PlayLostModeSound", "DeviceLocation"])
def test_sound_and_location_are_for_lost_devices(
    server: TinyMdmServer, device: SimulatedAppleDevice, request_type: str
) -> None:
    report = run(device, server, request_type)
    assert first_error(report) == ("MCMDMErrorDomain", 12067)
    assert report["ErrorChain"][0]["USEnglishDescription"] == "The device is not in MDM Lost Mode."


def test_each_sound_is_counted(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    run(device, server, "EnableLostMode", Message="Lost")
    for _ in range(2):
        assert run(device, server, "PlayLostModeSound")["Status"] == "Acknowledged"
    assert device.state.lost_mode_sounds == 2


def test_a_lost_device_tells_where_it_is(server: TinyMdmServer, make: Make) -> None:
    device = make(time_zone="Europe/Berlin")
    device.enrol(server.profile())
    run(device, server, "EnableLostMode", Message="Lost")
    report = run(device, server, "DeviceLocation")
    assert (round(report["Latitude"]), round(report["Longitude"])) == (53, 13)
    assert report["Timestamp"].endswith("+00:00")


def test_a_lost_device_may_not_know_where_it_is(server: TinyMdmServer, make: Make) -> None:
    device = make(time_zone="Etc/UTC")
    device.enrol(server.profile())
    run(device, server, "EnableLostMode", Message="Lost")
    assert first_error(run(device, server, "DeviceLocation")) == ("MCMDMErrorDomain", 12068)


def test_a_lost_device_does_not_show_the_message_of_a_lock(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    run(device, server, "EnableLostMode", Message="Lost")
    assert run(device, server, "DeviceLock", Message="Locked")["MessageResult"] == "DeviceInLostMode"


def test_erasure_ends_lost_mode(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    run(device, server, "EnableLostMode", Message="Lost")
    run(device, server, "EraseDevice")
    assert device.state.lost_mode is None


@pytest.mark.parametrize("request_type", ["EnableLostMode", "DisableLostMode", "PlayLostModeSound", "DeviceLocation"])
def test_an_unsupervised_device_does_not_know_lost_mode(server: TinyMdmServer, make: Make, request_type: str) -> None:
    device = make(supervised=False)
    device.enrol(server.profile())
    report = run(device, server, request_type, Message="Lost")
    assert first_error(report) == ("MCMDMErrorDomain", 12021)
    assert report["ErrorChain"][0]["USEnglishDescription"] == f"“{request_type}” is not a valid request type."
    assert device.state.lost_mode is None
