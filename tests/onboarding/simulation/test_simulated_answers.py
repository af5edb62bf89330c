"""What a simulated device answers to commands."""

from collections.abc import Callable

import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.onboarding.simulation.commands import configuration, first_error, profile, run
from tests.onboarding.simulation.tiny_mdm_server import (
    TinyMdmServer,
    sign_profile,
)

Make = Callable[..., SimulatedAppleDevice]


def test_device_information_answers_what_was_asked_and_it_knows(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    report = run(device, server, "DeviceInformation", Queries=["UDID", "SerialNumber", "OSVersion", "ShoeSize"])
    assert report["Status"] == "Acknowledged"
    assert report["QueryResponses"] == {
        "UDID": device.udid,
        "SerialNumber": device.serial,
        "OSVersion": device.hardware.os.version,
    }


@pytest.mark.parametrize("signed", [False, True])
def test_installed_profile_is_listed_without_its_secrets(
    server: TinyMdmServer, device: SimulatedAppleDevice, signed: bool
) -> None:
    data = sign_profile(configuration()) if signed else configuration()
    assert run(device, server, "InstallProfile", Payload=data)["Status"] == "Acknowledged"
    (entry,) = run(device, server, "ProfileList", ManagedOnly=True)["ProfileList"]
    assert entry["PayloadIdentifier"] == "test.wifi"
    assert len(entry["SignerCertificates"]) == (1 if signed else 0)
    assert "Password" not in entry["PayloadContent"][0]


def test_a_profile_with_a_known_identifier_replaces_the_old_one(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    run(device, server, "InstallProfile", Payload=configuration())
    run(device, server, "InstallProfile", Payload=configuration(PayloadDisplayName="New"))
    (entry,) = run(device, server, "ProfileList", ManagedOnly=True)["ProfileList"]
    assert entry["PayloadDisplayName"] == "New"


def test_profile_list_without_managed_only_has_the_users_profiles_too(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    device.install_profile_by_hand(configuration("test.own"))
    everything = run(device, server, "ProfileList")["ProfileList"]
    assert [entry["PayloadIdentifier"] for entry in everything] == ["test.enrol", "test.own"]
    assert run(device, server, "ProfileList", ManagedOnly=True)["ProfileList"] == []


@pytest.mark.parametrize(
    ("payload", "cause"),
    [
        (b"no plist", 1000),
        (configuration(PayloadType="Other"), 1000),
        (configuration(PayloadUUID=None), 1002),
        (configuration(PayloadContent="text"), 1003),
        (sign_profile(configuration()).replace(b"Wi-Fi", b"Ci-Fi"), 1004),
        (profile("twins", {"PayloadUUID": "same"}, {"PayloadUUID": "same"}), 1007),
        (profile("twins", {"PayloadIdentifier": "same"}, {"PayloadIdentifier": "same"}), 1008),
    ],
)
def test_a_bad_profile_is_an_error_with_its_cause(
    server: TinyMdmServer, device: SimulatedAppleDevice, payload: bytes, cause: int
) -> None:
    report = run(device, server, "InstallProfile", Payload=payload)
    assert first_error(report) == ("MCInstallationErrorDomain", 4001)
    assert report["ErrorChain"][1]["ErrorCode"] == cause


def test_remove_profile_removes_a_known_one_once(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    run(device, server, "InstallProfile", Payload=configuration())
    assert run(device, server, "RemoveProfile", Identifier="test.wifi")["Status"] == "Acknowledged"
    report = run(device, server, "RemoveProfile", Identifier="test.wifi")
    assert first_error(report) == ("MCMDMErrorDomain", 12075)
    assert report["ErrorChain"][0]["USEnglishDescription"] == "The profile “test.wifi” is not installed."


def test_only_a_supervised_device_lets_go_of_the_users_own_profile(server: TinyMdmServer, make: Make) -> None:
    device = make(supervised=False)
    device.enrol(server.profile())
    device.install_profile_by_hand(configuration("test.own"))
    report = run(device, server, "RemoveProfile", Identifier="test.own")
    assert first_error(report) == ("MCMDMErrorDomain", 12013)
    device.state.is_supervised = True
    assert run(device, server, "RemoveProfile", Identifier="test.own")["Status"] == "Acknowledged"


def test_removing_the_enrolment_profile_unenrols(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    run(device, server, "InstallProfile", Payload=configuration())
    assert run(device, server, "RemoveProfile", Identifier="test.enrol")["Status"] == "Acknowledged"
    assert server.check_ins[-1]["MessageType"] == "CheckOut"
    assert not device.is_enrolled
    assert device.state.profiles == []


def test_device_lock_locks_and_tells_of_its_message(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert "MessageResult" not in run(device, server, "DeviceLock")
    assert device.state.locked
    assert run(device, server, "DeviceLock", Message="Lost")["MessageResult"] == "Success"


def test_clear_passcode_needs_the_right_unlock_token(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.lock()
    report = run(device, server, "ClearPasscode", UnlockToken=b"guess")
    assert first_error(report) == ("MCPasscodeErrorDomain", 5013)
    token = server.check_ins[-1]["UnlockToken"]
    assert run(device, server, "ClearPasscode", UnlockToken=token)["Status"] == "Acknowledged"
    assert not device.state.passcode_set
    assert not device.state.locked


@pytest.mark.parametrize("request_type", ["RestartDevice", "ShutDownDevice"])
def test_restart_and_shut_down_need_supervision(server: TinyMdmServer, make: Make, request_type: str) -> None:
    device = make(supervised=False)
    device.enrol(server.profile())
    assert first_error(run(device, server, request_type)) == ("MCMDMErrorDomain", 12021)


def test_a_restarted_device_is_protected_until_unlocked(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert run(device, server, "RestartDevice")["Status"] == "Acknowledged"
    assert run(device, server, "InstallProfile", Payload=configuration())["Status"] == "NotNow"


def test_a_shut_down_device_is_silent_until_powered_on(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    magic = {"mdm": server.check_ins[-1]["PushMagic"]}
    assert run(device, server, "ShutDownDevice")["Status"] == "Acknowledged"
    assert not device.accepts_push(magic)
    assert device.connect().ending == "powered off"
    device.power_on()
    assert device.accepts_push(magic)


def test_erase_forgets_everything(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    run(device, server, "InstallProfile", Payload=configuration())
    server.enqueue("EraseDevice")
    server.enqueue("DeviceLock")
    conversation = device.connect()
    assert [executed.request_type for executed in conversation.executed] == ["EraseDevice"]
    assert conversation.ending == "erased"
    assert not device.is_enrolled
    assert device.state.profiles == []
    assert all(app.is_system for app in device.state.apps)


def test_certificate_list_has_the_identity(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    (entry,) = run(device, server, "CertificateList")["CertificateList"]
    assert (entry["CommonName"], entry["IsIdentity"]) == ("device", True)


def test_an_unknown_command_is_an_error(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert first_error(run(device, server, "MakeCoffee")) == ("MCMDMErrorDomain", 12021)


@pytest.mark.parametrize("request_type", ["InstallProfile", "RemoveProfile", "ClearPasscode", "DeviceInformation"])
def test_a_command_without_its_argument_is_a_format_error(
    server: TinyMdmServer, device: SimulatedAppleDevice, request_type: str
) -> None:
    assert run(device, server, request_type)["Status"] == "CommandFormatError"


def test_a_command_without_a_request_type_is_a_format_error(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    server.queue.append({"CommandUUID": "broken"})
    device.connect()
    assert server.last_report("broken")["Status"] == "CommandFormatError"


def test_follows_commands_until_there_are_none(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    sent = [server.enqueue(request_type) for request_type in ("SecurityInfo", "ProfileList", "CertificateList")]
    conversation = device.connect()
    assert [executed.command_uuid for executed in conversation.executed] == sent
    assert conversation.ending == "finished"
    assert server.queue == []
