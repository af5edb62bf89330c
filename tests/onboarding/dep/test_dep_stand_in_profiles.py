"""Profiles at the stand-in: defined, refused, given to devices and taken from them; what becomes of devices."""

from typing import Any

import pytest

from onboarding.simulation.dep import MdmServer
from tests.factories.dep import Caller

PROFILE: dict[str, Any] = {"profile_name": "Ours", "url": "https://mdm.example/mdm/ade/x", "is_supervised": True}


@pytest.fixture
def profile(opened: Caller) -> str:
    """The uuid of a profile; the server has the devices A, B and C."""
    uuid = opened.post("/profile", PROFILE)[1]["profile_uuid"]
    assert isinstance(uuid, str)
    return uuid


@pytest.fixture
def devices(mdm_server: MdmServer) -> list[str]:
    mdm_server.add("A", "B", "C")
    return ["A", "B", "C"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"profile_name": ""}, "CONFIG_NAME_REQUIRED"),
        ({"profile_name": "n" * 126}, "CONFIG_NAME_INVALID"),
        ({"profile_name": "line\nbreak"}, "CONFIG_NAME_INVALID"),
        ({"url": ""}, "CONFIG_URL_REQUIRED"),
        ({"url": "mdm.example"}, "CONFIG_URL_INVALID"),
        ({"department": "d" * 126}, "DEPARTMENT_INVALID"),
        ({"support_phone_number": "1" * 51}, "SUPPORT_PHONE_INVALID"),
        ({"support_email_address": "nobody"}, "SUPPORT_EMAIL_INVALID"),
        ({"org_magic": "m" * 257}, "MAGIC_INVALID"),
        ({"is_mdm_removable": False, "is_supervised": False}, "FLAGS_INVALID"),
        ({"is_mandatory": "yes"}, "FLAGS_INVALID"),
        ({"language": "English"}, "LOCALE_INVALID"),
        ({"region": "us"}, "LOCALE_INVALID"),
        ({"skip_setup_items": "Siri"}, "MALFORMED_REQUEST_BODY"),
    ],
)
def test_refuses_a_profile_by_apples_words(opened: Caller, changes: dict[str, Any], code: str) -> None:
    assert opened.post("/profile", {**PROFILE, **changes})[:2] == (400, code)


def test_a_profile_can_be_read_again(opened: Caller, profile: str) -> None:
    assert opened.ask("GET", f"/profile?profile_uuid={profile}")[1] == {"profile_uuid": profile, **PROFILE}
    assert opened.ask("GET", "/profile?profile_uuid=another")[:2] == (404, "NOT_FOUND")
    assert opened.ask("GET", "/profile")[:2] == (400, "PROFILE_UUID_REQUIRED")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_gives_a_profile_to_each_device_by_itself(
    opened: Caller, profile: str, devices: list[str], mdm_server: MdmServer, method: str
) -> None:
    mdm_server.tell_result("FAILED", "B", times=1)
    body = {"profile_uuid": profile, "devices": [*devices, "FOREIGN"]}

    first = opened.ask(method, "/profile/devices", body)[1]
    second = opened.ask(method, "/profile/devices", body)[1]

    assert first["devices"] == {"A": "SUCCESS", "B": "FAILED", "C": "SUCCESS", "FOREIGN": "NOT_ACCESSIBLE"}
    assert second["devices"]["B"] == "SUCCESS"
    assert mdm_server.devices["A"].profile_uuid == profile


def test_says_that_a_device_is_throttled_as_the_version_has_it(
    opened: Caller, profile: str, devices: list[str], mdm_server: MdmServer
) -> None:
    mdm_server.tell_result("THROTTLED", "A")
    body = {"profile_uuid": profile, "devices": ["A"]}

    told = {version: opened.post("/profile/devices", body, version=version)[1] for version in ("8", "9", "10")}

    assert [each["devices"]["A"] for each in told.values()] == ["FAILED", "THROTTLED", "THROTTLED"]
    assert [each.get("retry_after_seconds") for each in told.values()] == [None, None, 600]


def test_a_profile_that_nobody_defined_is_given_to_nobody(opened: Caller, devices: list[str]) -> None:
    answer = opened.post("/profile/devices", {"profile_uuid": "made up", "devices": devices})

    assert answer[:2] == (404, "NOT_FOUND")


def test_takes_a_profile_away(opened: Caller, profile: str, devices: list[str], mdm_server: MdmServer) -> None:
    opened.post("/profile/devices", {"profile_uuid": profile, "devices": ["A"]})

    told = opened.ask("DELETE", "/profile/devices", {"devices": ["A", "B"]})[1]

    assert told["devices"] == {"A": "SUCCESS", "B": "NOT_ACCESSIBLE"}
    assert (mdm_server.devices["A"].profile_uuid, mdm_server.devices["A"].profile_status) == ("", "removed")


def test_what_became_of_a_profile_is_in_the_next_sync(opened: Caller, devices: list[str]) -> None:
    cursor = opened.post("/server/devices", {})[1]["cursor"]
    told = opened.post("/profile", {**PROFILE, "devices": ["A"]})[1]

    assert told["devices"] == {"A": "SUCCESS"}
    [word] = opened.post("/devices/sync", {"cursor": cursor})[1]["devices"]
    assert (word["op_type"], word["profile_status"]) == ("modified", "assigned")
    assert word["profile_uuid"] == told["profile_uuid"]


def test_a_device_is_disowned_for_good(opened: Caller, devices: list[str], mdm_server: MdmServer) -> None:
    told = opened.post("/devices/disown", {"devices": ["A", "FOREIGN"]})[1]

    assert told["devices"] == {"A": "SUCCESS", "FOREIGN": "NOT_ACCESSIBLE"}
    assert list(mdm_server.devices) == ["B", "C"]


def test_takes_no_more_than_a_thousand_devices_at_once(opened: Caller, profile: str) -> None:
    body = {"profile_uuid": profile, "devices": [f"S{number}" for number in range(1001)]}

    assert opened.post("/profile/devices", body)[0] == 400
    assert opened.post("/profile/devices", {"profile_uuid": profile})[:2] == (400, "DEVICE_ID_REQUIRED")


def test_a_device_is_told_its_profile_and_that_is_noted(
    opened: Caller, profile: str, devices: list[str], mdm_server: MdmServer
) -> None:
    opened.post("/profile/devices", {"profile_uuid": profile, "devices": ["A"]})

    assert opened.ask("GET", "/devices/A/profile")[1] == {"profile_uuid": profile, **PROFILE}
    assert opened.ask("GET", "/devices/B/profile")[0] == 404
    assert opened.ask("GET", "/devices/FOREIGN/profile")[0] == 404
    assert (mdm_server.devices["A"].profile_status, mdm_server.log[-1].kind) == ("pushed", "modified")
