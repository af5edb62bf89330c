"""What devices, and anybody else, get from the device endpoints when something is wrong: never 401, never 500."""

import plistlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.ade import DepProfileFactory
from tests.factories.apple import CHECK_IN, CONNECT, identity_of, put, report
from tests.factories.fleet import placed
from tests.factories.tenants import TenantFactory

CALM = {200, 400, 403, 404, 405, 409, 410, 413}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
BODIES = {
    "nothing": b"",
    "NUL": b"\0",
    "no property list": b"garbage",
    "JSON": b'{"Status": "Idle"}',
    "half an XML": b"<?xml version='1.0'?><plist><dict><key>UDID</key>",
    "an array": plistlib.dumps([1]),
    "an empty dictionary": plistlib.dumps({}),
    "another character set": "<plist><dict/></plist>".encode("utf-16"),
    "half a binary list": plistlib.dumps({"UDID": "x"}, fmt=plistlib.FMT_BINARY)[:-5],
    "a false binary list": b"bplist00" + b"\xff" * 100,
}
MESSAGES: dict[str, dict[str, Any]] = {
    "an unknown type": {"MessageType": "Surprise"},
    "a type that is no text": {"MessageType": [1]},
    "no ids": {"MessageType": "TokenUpdate"},
    "ids that are no text": {"UDID": {"a": 1}, "Status": "Idle"},
    "an id with NUL": {"UDID": "a\0b", "Status": "Idle"},
    "a huge id": {"UDID": "x" * 100_000, "Status": "Idle"},
    "no status": {"UDID": "x"},
    "a status that is no text": {"UDID": "x", "Status": 7},
    "a user that is no text": {"UDID": "x", "UserID": [1], "Status": "Idle"},
    "a command's id that is no text": {"UDID": "x", "Status": "Acknowledged", "CommandUUID": [1]},
    "tokens that are no data": {"UDID": "x", "MessageType": "TokenUpdate", "Token": 1, "PushMagic": 2},
    "wild values": {"UDID": "x", "MessageType": "Authenticate", "SerialNumber": 2**64 - 1, "DeviceName": []},
}
SIGNED = ["Authenticate", "TokenUpdate", "CheckOut", "SetBootstrapToken", "GetBootstrapToken", "DeclarativeManagement"]


def paths(link: EnrolmentProfile) -> list[str]:
    nobody = uuid.UUID(int=1)
    page, scep = f"/mdm/enrol/{link.token}", f"/mdm/scep/{link.tenant_id}"
    return [
        CONNECT,
        CHECK_IN,
        "/mdm/",
        "/mdm/unknown",
        page,
        f"{page}/profile.mobileconfig",
        "/mdm/enrol/unknown/profile.mobileconfig",
        "/mdm/enrol/%00",
        "/mdm/ade/unknown",
        "/mdm/ade/%00",
        f"/mdm/ade/{DepProfileFactory(link.tenant).token}",
        "/mdm/enrol/%00/profile.mobileconfig",
        "/mdm/enrol/" + "x" * 3000,
        scep,
        f"{scep}?operation=GetCACert",
        f"{scep}?operation=PKIOperation",
        f"{scep}?operation=PKIOperation&message=AAAA",
        f"{scep}?operation=%00",
        f"/mdm/scep/{nobody}?operation=GetCACert",
        f"/mdm/scep/{nobody}?operation=PKIOperation&message=AAAA",
        "/mdm/scep/no-uuid",
    ]


def test_no_method_at_any_path_breaks_anything(link: EnrolmentProfile) -> None:
    client = Client(raise_request_exception=False)

    answers = {
        (method, path): client.generic(method, path, b"garbage").status_code
        for path in paths(link)
        for method in METHODS
    }

    assert {at: status for at, status in answers.items() if status not in CALM} == {}


def test_no_unsigned_body_at_any_path_breaks_anything(link: EnrolmentProfile) -> None:
    client = Client(raise_request_exception=False)

    answers = {
        (name, method, path): client.generic(method, path, body).status_code
        for path in paths(link)
        for method in ("PUT", "POST")
        for name, body in BODIES.items()
    }

    assert {at: status for at, status in answers.items() if status not in CALM} == {}


def test_a_signed_body_that_is_no_message_is_malformed(device: SimulatedAppleDevice) -> None:
    answers = {
        (path, name): put(identity_of(device), body, path=path).status_code
        for path in (CONNECT, CHECK_IN)
        for name, body in BODIES.items()
    }

    assert answers == dict.fromkeys(answers, 400)


def test_no_signed_message_breaks_anything(device: SimulatedAppleDevice) -> None:
    """As it is, and with the device's own UDID; the one that may enrol it anew comes last."""
    answers = {}
    for ids in ({}, {"UDID": device.udid}):
        for name, message in MESSAGES.items():
            body = plistlib.dumps({**message, **ids}, fmt=plistlib.FMT_BINARY)
            for path in (CONNECT, CHECK_IN):
                answers[name, path, *ids] = put(identity_of(device), body, path=path).status_code

    assert len(answers) == 4 * len(MESSAGES)
    assert {at: status for at, status in answers.items() if status not in CALM} == {}


def test_a_stranger_is_refused_with_403_or_400(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    told = {"UDID": device.udid, "Topic": "x", "Token": b"x", "PushMagic": "x"}
    strange = identity_of(other_device)

    answers = {kind: put(strange, {**told, "MessageType": kind}).status_code for kind in SIGNED}

    assert {kind: status for kind, status in answers.items() if status not in {400, 403}} == {}
    assert report(device).status_code == 200


@pytest.mark.parametrize("length", ["-1", "x", "99999999999999999999"])
def test_a_false_content_length_is_taken_calmly(link: EnrolmentProfile, length: str) -> None:
    client = Client(raise_request_exception=False)

    for method, path in (("PUT", CONNECT), ("POST", f"/mdm/scep/{link.tenant_id}?operation=PKIOperation")):
        assert client.generic(method, path, b"x", CONTENT_LENGTH=length).status_code in {400, 413}


# --- bombs --------------------------------------------------------------------------------------------------------


def test_a_huge_body_is_too_large(device: SimulatedAppleDevice) -> None:
    assert put(None, b"x" * (8 * 1024 * 1024 + 1)).status_code == 413


def test_a_huge_scep_message_is_too_large(link: EnrolmentProfile) -> None:
    response = Client().generic("POST", f"/mdm/scep/{link.tenant_id}?operation=PKIOperation", b"x" * 70_000)

    assert response.status_code == 413


ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(98, 110))
    + b"]><plist><dict><key>UDID</key><string>&m;</string></dict></plist>"
)
NESTED = b"<plist>" + b"<array>" * 100_000 + b"</array>" * 100_000 + b"</plist>"


def references(levels: int) -> bytes:
    """A binary list of arrays that hold the next one ten times: small to send, huge to unfold."""
    objects = [b"\xaa" + bytes([level + 1]) * 10 for level in range(levels)] + [b"\x51a"]
    offsets, content = [], b"bplist00"
    for each in objects:
        offsets.append(len(content))
        content += each
    table = b"".join(offset.to_bytes(2) for offset in offsets)
    sizes = b"\0" * 6 + b"\x02\x01" + len(objects).to_bytes(8) + b"\0" * 8 + len(content).to_bytes(8)
    return content + table + sizes


def test_a_property_list_bomb_is_defused(device: SimulatedAppleDevice) -> None:
    bombs = {"entities": ENTITIES, "depth": NESTED, "a": references(60), "b": references(14)}

    answers = {name: put(identity_of(device), bomb).status_code for name, bomb in bombs.items()}

    assert answers == dict.fromkeys(bombs, 400)


def test_the_bound_of_the_rest_apis_bodies_is_not_the_devices(device: SimulatedAppleDevice, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    assert report(device, Filler="x" * 100_000).status_code == 200


# --- when we are broken -------------------------------------------------------------------------------------------


@pytest.fixture
def no_database() -> Iterator[SimulatedAppleDevice]:
    """An enrolled device whose server has just lost its database."""
    device = placed(TenantFactory(name="Ours"))
    right = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    yield device
    connection.close()
    connection.settings_dict["HOST"] = right


@pytest.mark.django_db(transaction=True)
def test_without_a_database_every_device_is_told_to_come_later(no_database: SimulatedAppleDevice) -> None:
    device, tenant = identity_of(no_database), uuid.UUID(int=1)
    client = Client(raise_request_exception=False)

    answers: list[Any] = [
        put(device, {"UDID": no_database.udid, "Status": "Idle"}),
        put(device, {"UDID": no_database.udid, "Status": "Acknowledged", "CommandUUID": str(tenant)}),
        *(put(device, {"UDID": no_database.udid, "MessageType": kind}) for kind in SIGNED),
        client.get("/mdm/enrol/some-token"),
        client.get("/mdm/enrol/some-token/profile.mobileconfig"),
        client.get(f"/mdm/scep/{tenant}?operation=GetCACert"),
    ]

    assert {answer.status_code for answer in answers} == {503}
    assert {answer["Retry-After"] for answer in answers} == {"60"}
    assert not [answer for answer in answers if b"nowhere" in answer.content]
