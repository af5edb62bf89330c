"""Simulated devices that defer, lose messages or are refused."""

from collections.abc import Callable

import httpx2
import pytest

from onboarding.simulation.apple_channel import EnrolmentFailed
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.onboarding.simulation.commands import configuration, run
from tests.onboarding.simulation.tiny_mdm_server import (
    TinyMdmServer,
    TinyReply,
    serve,
)

Make = Callable[..., SimulatedAppleDevice]


def test_a_locked_device_defers_what_needs_its_data_and_lets_others_pass(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    device.lock()
    install = server.enqueue("InstallProfile", Payload=configuration())
    profiles = server.enqueue("ProfileList")
    device.connect()
    assert server.last_report(install)["Status"] == "NotNow"
    assert server.last_report(profiles)["Status"] == "Acknowledged"


def test_a_device_whose_last_word_was_not_now_connects_when_unlocked(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    device.lock()
    install = server.enqueue("InstallProfile", Payload=configuration())
    device.connect()
    conversation = device.unlock()
    assert conversation is not None
    assert server.last_report(install)["Status"] == "Acknowledged"


def test_a_device_whose_last_word_was_another_waits_for_a_push(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    device.lock()
    server.enqueue("InstallProfile", Payload=configuration())
    server.enqueue("ProfileList")
    device.connect()
    assert device.unlock() is None


def test_a_device_without_a_passcode_protects_nothing(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.state.passcode_set = False
    device.lock()
    assert run(device, server, "InstallProfile", Payload=configuration())["Status"] == "Acknowledged"


def test_a_lost_reply_means_done_but_not_told(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.faults.lose_replies = 1
    server.enqueue("InstallProfile", Payload=configuration())
    assert device.connect().ending == "reply lost"
    assert [profile.identifier for profile in device.state.profiles] == ["test.enrol", "test.wifi"]
    assert [report["Status"] for report in server.reports] == ["Idle"]

    assert [executed.status for executed in device.connect().executed] == ["Acknowledged"]
    assert server.queue == []
    assert [profile.identifier for profile in device.state.profiles] == ["test.enrol", "test.wifi"]


def test_a_lost_request_never_reaches_the_server(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.faults.lose_requests = 1
    assert device.connect().ending == "request lost"
    assert server.reports == []


def test_a_lost_command_is_not_carried_out(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.faults.lose_commands = 1
    server.enqueue("DeviceLock")
    assert device.connect().ending == "command lost"
    assert not device.state.locked
    assert [executed.request_type for executed in device.connect().executed] == ["DeviceLock"]


def test_a_repeated_reply_arrives_twice(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.faults.repeat_replies = 1
    server.enqueue("DeviceLock")
    device.connect()
    assert [report["Status"] for report in server.reports] == ["Idle", "Acknowledged", "Acknowledged"]


def test_a_dead_device_takes_no_push(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.faults.dead = True
    assert not device.accepts_push({"mdm": server.check_ins[-1]["PushMagic"]})


def test_an_unreachable_server_is_no_reason_to_leave(make: Make) -> None:
    with serve(TinyMdmServer()) as base_url:
        server = TinyMdmServer(base_url)
    with httpx2.Client(trust_env=False) as http:
        device = make(http=http)
        with pytest.raises(EnrolmentFailed, match="no answer from") as failure:
            device.enrol(server.profile())
    assert failure.value.retryable


def test_401_removes_the_management(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    run(device, server, "InstallProfile", Payload=configuration())
    server.answers["Idle"] = TinyReply(401)
    conversation = device.connect()
    assert (conversation.ending, conversation.http_status) == ("unenrolled", 401)
    assert not device.is_enrolled
    assert device.state.profiles == []
    assert device.connect().ending == "not enrolled"


def test_403_naming_an_unrecognised_device_removes_the_management(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    body = b'{"code": "com.apple.unrecognized.device"}'
    server.answers["Idle"] = TinyReply(403, body, {"Content-Type": "application/json"})
    assert device.connect().ending == "unenrolled"


@pytest.mark.parametrize("status", [400, 403, 410, 500, 503])
def test_other_refusals_leave_the_device_enrolled(
    server: TinyMdmServer, device: SimulatedAppleDevice, status: int
) -> None:
    server.answers["Idle"] = TinyReply(status)
    conversation = device.connect()
    assert (conversation.ending, conversation.http_status) == ("refused", status)
    assert device.is_enrolled
