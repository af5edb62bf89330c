"""Simulated devices that refuse, put off, fall silent, or lose what the server gave them."""

import asyncio

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.fleet import Behaviour, Fleet
from tests.onboarding.simulation.commands import configuration, first_error, run
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer

NAME = {"Item": "DeviceName", "DeviceName": "Till 3"}
ZONE = {"Item": "TimeZone", "TimeZone": "Asia/Kolkata"}


def test_it_refuses_profiles_with_a_kind_of_payload(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.faults.refuses.add("com.apple.wifi.managed")

    report = run(device, server, "InstallProfile", Payload=configuration())
    assert first_error(report) == ("MCInstallationErrorDomain", 4001)
    assert "com.apple.wifi.managed" in report["ErrorChain"][1]["USEnglishDescription"]

    other = configuration("test.other", PayloadContent=[])
    assert run(device, server, "InstallProfile", Payload=other)["Status"] == "Acknowledged"


def test_it_refuses_one_setting_and_takes_the_others(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.faults.refuses.add("DeviceName")
    name = device.state.name

    report = run(device, server, "Settings", Settings=[NAME, ZONE])

    assert [(item["Item"], item["Status"]) for item in report["Settings"]] == [
        ("DeviceName", "Error"),
        ("TimeZone", "Acknowledged"),
    ]
    assert (device.state.name, device.state.time_zone) == (name, "Asia/Kolkata")


def test_it_refuses_a_command(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.faults.refuses.add("RemoveProfile")

    assert first_error(run(device, server, "RemoveProfile", Identifier="x")) == ("MCMDMErrorDomain", 12021)


def test_it_puts_off_so_many_commands(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.faults.put_off = 2
    install = server.enqueue("InstallProfile", Payload=configuration())

    told = []
    for _ in range(3):
        told.append((run(device, server, "ProfileList")["Status"], server.last_report(install)["Status"]))

    assert told == [("Acknowledged", "NotNow"), ("Acknowledged", "NotNow"), ("Acknowledged", "Acknowledged")]


def test_it_falls_silent_with_a_command_in_its_hands(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.faults.dies_after = 1
    server.enqueue("ProfileList")
    server.enqueue("InstallProfile", Payload=configuration())
    reports = len(server.reports)

    conversation = device.connect()

    assert (conversation.ending, [step.request_type for step in conversation.executed]) == ("dead", ["ProfileList"])
    assert len(server.reports) == reports + 2  # the first word and one report
    assert device.state.management
    assert not device.accepts_push({"mdm": device.state.management.push_magic})


def test_its_user_removes_a_profile_of_the_servers(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    run(device, server, "InstallProfile", Payload=configuration("test.wifi"))
    assert "test.wifi" in device.state.removable()

    device.remove_profile_by_hand("test.wifi")

    listed = run(device, server, "ProfileList")["ProfileList"]
    assert "test.wifi" not in [profile["PayloadIdentifier"] for profile in listed]


def fleet(server: TinyMdmServer, device: SimulatedAppleDevice, behaviour: Behaviour) -> list[str]:
    """What a fleet of this device says when each connects once."""
    lines: list[str] = []
    one = Fleet([device], profile=server.profile, say=lines.append, behaviour=behaviour)
    asyncio.run(one.run(asyncio.Event(), once=True))
    return lines


def test_a_fleet_may_refuse_and_die(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    fleet(server, device, Behaviour(refusals=1.0, dying=1.0))

    assert len(device.faults.refuses) == 1
    assert device.faults.dies_after is not None


def test_users_of_a_fleet_may_meddle(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    managed = device.state.removable()

    lines = fleet(server, device, Behaviour(meddling=1.0))

    assert len(device.state.removable()) == len(managed) - 1
    assert any("its user removes" in line for line in lines)
