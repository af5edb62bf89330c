"""Simulated devices under declarative management, by the server's own word."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import time_machine

from commands.apple.declarations import Declaration, declaration_set
from commands.apple.declared import command_for, declaration_problems, replace_declarations
from commands.blueprints.os_updates import os_update_declarations
from commands.models import AppleDeclarations
from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_answers import answer_command
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_state_file import load_state, save_state
from tenants.models import Tenant
from tests.factories.fleet import enrol, ready_to_enrol, row_of

TEST = Declaration("org.example.test", "com.apple.configuration.management.test", {"Echo": "one"})
STRANGE = Declaration("org.example.strange", "com.apple.configuration.strange", {})
NEXT_MONTH: dict[str, Any] = {"target_os_version": "18.4", "target_local_datetime": "2026-12-01T20:00:00"}
TODAY = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)


@pytest.fixture
def link(tenant: Tenant) -> EnrolmentProfile:
    return ready_to_enrol(tenant)


@pytest.fixture
def device(link: EnrolmentProfile) -> SimulatedAppleDevice:
    return enrol(link, model="iPhone 15", os_version="18.1")


def declare(device: SimulatedAppleDevice, *configurations: Declaration) -> AppleDeclarations:
    """The server declares these; the device is told, and connects."""
    row = replace_declarations(row_of(device).pk, declaration_set(configurations))
    assert answer_command(command_for(row), device.hardware, device.state).status == "Acknowledged"
    assert device.connect().ending == "finished"
    row.refresh_from_db()
    return row


def enforce(device: SimulatedAppleDevice, **changes: str) -> AppleDeclarations:
    settings = {"os_update_settings": {**NEXT_MONTH, **changes}}
    return declare(device, *os_update_declarations(settings, row_of(device)))


def problems(device: SimulatedAppleDevice) -> list[tuple[str, str]]:
    return declaration_problems(row_of(device))


def asked(device: SimulatedAppleDevice, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The endpoints that the device asks from now on."""
    endpoints: list[str] = []
    check_in = device._check_in

    def noting(kind: str, fields: Any = None) -> bytes:
        endpoints.append((fields or {}).get("Endpoint", kind))
        return check_in(kind, fields)

    monkeypatch.setattr(device, "_check_in", noting)
    return endpoints


def test_a_device_fetches_its_set_and_reports(device: SimulatedAppleDevice) -> None:
    row = declare(device, TEST)

    assert device.state.declared.token == row.token == row.seen_token
    configurations = row.status["management.declarations"]["configurations"]
    assert [(entry["identifier"], entry["valid"], entry["active"]) for entry in configurations] == [
        (TEST.identifier, "valid", True)
    ]
    assert (problems(device), row_of(device).is_ddm_enabled) == ([], True)


def test_it_fetches_only_what_is_new(device: SimulatedAppleDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(device, TEST)
    endpoints = asked(device, monkeypatch)

    declare(device, TEST)
    assert endpoints == []
    declare(device, TEST, STRANGE)
    assert endpoints == [
        "declaration-items",
        "declaration/activation/org.muster.activation",
        "declaration/configuration/org.example.strange",
        "status",
    ]


def test_without_a_token_it_asks_for_it(device: SimulatedAppleDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(device, TEST)
    endpoints = asked(device, monkeypatch)

    answer_command({"RequestType": "DeclarativeManagement"}, device.hardware, device.state)
    device.connect()

    assert endpoints == ["tokens"]


def test_an_empty_set_takes_everything_back(device: SimulatedAppleDevice) -> None:
    declare(device, TEST)
    row = declare(device)

    assert device.state.declared.documents == []
    assert row.status["management.declarations"]["configurations"] == []


def test_what_its_system_does_not_know_is_refused_with_a_reason(device: SimulatedAppleDevice) -> None:
    declare(device, TEST, STRANGE)

    ((identifier, reason),) = problems(device)
    assert identifier == STRANGE.identifier
    assert "does not know “com.apple.configuration.strange”" in reason


def test_it_refuses_what_it_is_told_to(link: EnrolmentProfile, device: SimulatedAppleDevice) -> None:
    other = enrol(link, 2, model="iPhone 15")
    device.faults.refuses.add(TEST.type)
    for each in (device, other):
        declare(each, TEST)

    assert [identifier for identifier, _ in problems(device)] == [TEST.identifier]
    assert problems(other) == []


def test_deferrals_take_supervision(link: EnrolmentProfile) -> None:
    device = enrol(link, 3, model="iPhone 15", os_version="18.1", supervised=False)

    declare(device, Declaration("org.example.deferral", "com.apple.configuration.softwareupdate.settings", {}))

    assert "takes a supervised device" in problems(device)[0][1]


def test_an_enforced_update_waits_for_its_time(device: SimulatedAppleDevice) -> None:
    device.state.time_zone = "America/New_York"
    with time_machine.travel(TODAY, tick=False):
        enforce(device)
    assert row_of(device).os_version == "18.1"

    with time_machine.travel(dt.datetime(2026, 12, 2, 0, 59, tzinfo=dt.UTC), tick=False):
        device.connect()
        assert row_of(device).os_version == "18.1"
    with time_machine.travel(dt.datetime(2026, 12, 2, 1, 0, tzinfo=dt.UTC), tick=False):
        device.connect()
    assert (device.hardware.os.version, row_of(device).os_version) == ("18.4", "18.4")
    assert problems(device) == []


def test_an_update_that_fails_says_why(device: SimulatedAppleDevice) -> None:
    device.faults.update_fails = "not enough space"
    enforce(device, target_local_datetime="2026-01-01T00:00:00")
    device.connect()

    assert problems(device) == [("org.muster.blueprint.os-update", "The update failed: not enough space")]
    device.faults.update_fails = ""
    device.connect()
    assert (problems(device), row_of(device).os_version) == ([], "18.4")


def test_what_it_knows_survives_a_restart(device: SimulatedAppleDevice, tmp_path: Path) -> None:
    enforce(device, target_local_datetime="2026-01-01T00:00:00")
    device.connect()

    save_state(tmp_path / "device.json", udid=device.udid, state=device.state)
    state = load_state(tmp_path / "device.json", udid=device.udid)

    assert state is not None
    assert (state.declared, state.os_version) == (device.state.declared, "18.4")


def test_with_its_server_it_forgets_what_was_declared(device: SimulatedAppleDevice) -> None:
    declare(device, TEST)
    device.check_out()

    assert (device.state.declared.documents, device.state.declared.is_on) == ([], False)
