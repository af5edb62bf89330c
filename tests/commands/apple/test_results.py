"""What a report says, and what it cannot break."""

import datetime as dt
import plistlib
import uuid
from typing import Any

import pytest

from commands.catalogue.information import APP_KEYS, QUERIES
from commands.models import CommandResult
from commands.models.status import State
from devices.models import DeviceProfile, InstalledApp
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import handed, identity_of, put, report
from tests.factories.commands import queued
from tests.factories.fleet import row_of

WILD: list[Any] = [
    "",
    "x" * 100_000,
    "\ud7ff\U0001f4a9",
    2**63,
    -(2**63),
    2**64 - 1,
    1e308,
    float("nan"),
    float("inf"),
    True,
    b"\0\xff" * 50,
    dt.datetime(1970, 1, 1),  # noqa: DTZ001 - plistlib writes naive dates only
    [],
    [[["deep"]]],
    {},
    {"a": {"b": {"c": [1, {"d": b"e"}]}}},
]
PROFILE_KEYS = [
    "PayloadIdentifier", "PayloadUUID", "PayloadVersion", "PayloadDisplayName", "PayloadOrganization",
    "PayloadDescription", "PayloadRemovalDisallowed", "HasRemovalPasscode", "IsEncrypted", "IsManaged",
    "PayloadContent", "SignerCertificates",
]  # fmt: skip


@pytest.mark.parametrize("value", WILD, ids=lambda value: repr(value)[:30])
def test_wild_device_information_never_loses_the_result(device: SimulatedAppleDevice, value: Any) -> None:
    row = queued(row_of(device), "DEVICE_INFORMATION", state=State.INITIATED)

    response = report(device, "Acknowledged", row.pk, QueryResponses=dict.fromkeys(QUERIES, value))

    row.refresh_from_db()
    assert (response.status_code, row.state, row.step) == (200, State.IN_PROGRESS, 1)
    assert CommandResult.objects.filter(status=row).exists()


@pytest.mark.parametrize("value", WILD, ids=lambda value: repr(value)[:30])
@pytest.mark.parametrize(
    ("step", "key"),
    [(1, "InstalledApplicationList"), (2, "ProfileList"), (3, "SecurityInfo"), (4, "ManagedApplicationList")],
)
def test_wild_further_information_never_loses_the_result(
    device: SimulatedAppleDevice, step: int, key: str, value: Any
) -> None:
    row = queued(row_of(device), "DEVICE_INFORMATION", state=State.IN_PROGRESS, step=step)
    entry = dict.fromkeys([*PROFILE_KEYS, *APP_KEYS, "Identifier", "PasscodePresent"], value)
    entries = [entry, value, {"Identifier": "good", "BundleSize": value}]
    told: dict[str, Any] = {key: entries if step < 3 else {**entry, "FirewallSettings": entry}}

    response = report(device, "Acknowledged", f"{row.pk}.{step}", **told)

    row.refresh_from_db()
    assert response.status_code == 200
    assert (row.state, row.step) == ((State.IN_PROGRESS, step + 1) if step < 4 else (State.SUCCESS, 4))
    assert step != 1 or InstalledApp.objects.filter(identifier="good").exists()


@pytest.mark.parametrize("value", WILD, ids=lambda value: repr(value)[:30])
def test_a_wild_profile_list_never_loses_the_result(device: SimulatedAppleDevice, value: Any) -> None:
    row = queued(row_of(device), "LIST_INSTALLED_PROFILES", state=State.INITIATED)
    profiles = [dict.fromkeys(PROFILE_KEYS, value), {"PayloadIdentifier": "good", "PayloadVersion": value}, value]

    response = report(device, "Acknowledged", row.pk, ProfileList=profiles)

    row.refresh_from_db()
    assert (response.status_code, row.state) == (200, State.SUCCESS)
    assert DeviceProfile.objects.filter(identifier="good").exists()


@pytest.mark.parametrize("value", WILD, ids=lambda value: repr(value)[:30])
def test_a_wild_error_chain_never_loses_the_result(device: SimulatedAppleDevice, value: Any) -> None:
    row = queued(row_of(device), state=State.INITIATED)
    chain = [value, dict.fromkeys(("ErrorCode", "ErrorDomain", "USEnglishDescription"), value)]

    response = report(device, "Error", row.pk, ErrorChain=chain)

    row.refresh_from_db()
    assert (response.status_code, row.state) == (200, State.FAILURE)
    assert len(row.reason) <= 2000


def test_wrong_types_in_the_envelope_lose_nothing(device: SimulatedAppleDevice) -> None:
    for name in ("QueryResponses", "ProfileList", "ErrorChain"):
        row = queued(row_of(device), "DEVICE_INFORMATION", state=State.INITIATED)
        wrong: dict[str, Any] = {name: 7}
        assert report(device, "Acknowledged", row.pk, **wrong).status_code == 200
        row.refresh_from_db()
        assert row.state == State.IN_PROGRESS
        row.delete()


def test_nul_characters_reach_neither_columns_nor_the_result(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), "DEVICE_INFORMATION", state=State.INITIATED)
    answers = {"DeviceName": "Room\0 7", "OSVersion": "18\0"}
    body = plistlib.dumps(
        {"UDID": device.udid, "Status": "Acknowledged", "CommandUUID": str(row.pk), "QueryResponses": answers},
        fmt=plistlib.FMT_BINARY,
    )

    assert put(identity_of(device), body).status_code == 200
    assert row_of(device).name == "Room 7"
    assert CommandResult.objects.get(status=row).payload["QueryResponses"]["OSVersion"] == "18"


def test_one_odd_value_does_not_cost_the_others(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), "DEVICE_INFORMATION", state=State.INITIATED)

    report(
        device,
        "Acknowledged",
        row.pk,
        QueryResponses={"DeviceCapacity": float("nan"), "BatteryLevel": "full", "DeviceName": "Room 7"},
    )

    assert (row_of(device).name, row_of(device).battery_level) == ("Room 7", None)


def test_the_whole_error_chain_is_kept_and_told_in_english(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), state=State.INITIATED)
    chain = [
        {"ErrorCode": 4001, "ErrorDomain": "MCInstallationErrorDomain", "USEnglishDescription": "It failed."},
        {"ErrorCode": 1009, "ErrorDomain": "MCProfileErrorDomain", "LocalizedDescription": "Kaputt."},
    ]

    report(device, "Error", row.pk, ErrorChain=chain)

    row.refresh_from_db()
    assert row.reason == "It failed. (MCInstallationErrorDomain 4001); Kaputt. (MCProfileErrorDomain 1009)"
    assert CommandResult.objects.get(status=row).payload["ErrorChain"] == chain


def test_an_error_without_a_chain_is_a_failure_all_the_same(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), state=State.INITIATED)

    report(device, "Error", row.pk)

    row.refresh_from_db()
    assert row.state == State.FAILURE
    assert row.reason


def test_a_command_format_error_is_a_failure_that_says_so(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), state=State.INITIATED)

    report(device, "CommandFormatError", row.pk)

    row.refresh_from_db()
    assert row.state == State.FAILURE
    assert "CommandFormatError" in row.reason


def test_an_upper_case_command_uuid_is_the_same_one(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), state=State.INITIATED)

    report(device, "Acknowledged", str(row.pk).upper())

    row.refresh_from_db()
    assert row.state == State.SUCCESS


@pytest.mark.parametrize("command", [uuid.UUID(int=7), "no uuid", "", "\N{DEVANAGARI DIGIT ONE}" * 32])
def test_an_unknown_command_uuid_is_taken_calmly(device: SimulatedAppleDevice, command: object) -> None:
    assert report(device, "Acknowledged", command).status_code == 200


def test_a_result_is_bound_to_the_reporting_device(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    row = queued(row_of(device), "DEVICE_INFORMATION", state=State.INITIATED)

    response = report(other_device, "Acknowledged", row.pk, QueryResponses={"DeviceName": "Stolen"})

    row.refresh_from_db()
    assert (response.status_code, row.state) == (200, State.INITIATED)
    assert {row_of(device).name, row_of(other_device).name}.isdisjoint({"Stolen"})


@pytest.mark.parametrize("status", ["", "Maybe", 7, [], {}])
def test_an_unknown_status_is_refused_as_malformed(device: SimulatedAppleDevice, status: Any) -> None:
    body = plistlib.dumps({"UDID": device.udid, "Status": status})

    assert put(identity_of(device), body).status_code == 400


def test_the_answer_of_a_command_that_only_says_yes_is_not_kept(device: SimulatedAppleDevice) -> None:
    handed(report(device))
    row = queued(row_of(device), "LOCK", state=State.INITIATED)

    report(device, "Acknowledged", row.pk, MessageResult="Success")

    assert not CommandResult.objects.exists()


def test_megabytes_of_a_result_are_taken(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), "LIST_INSTALLED_PROFILES", state=State.INITIATED)

    response = report(device, "Acknowledged", row.pk, Filler=["an application's name"] * 100_000)

    row.refresh_from_db()
    assert (response.status_code, row.state) == (200, State.SUCCESS)
