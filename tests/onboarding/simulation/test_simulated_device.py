"""A simulated device's life: enrolment, signatures, later check-ins, its file."""

import base64
import stat
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from onboarding.simulation.apple_channel import EnrolmentFailed, Refused
from onboarding.simulation.apple_cms import CipherName, DigestName
from onboarding.simulation.apple_der import octet_string, printable_string
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_hardware import draw_hardware
from onboarding.simulation.apple_state_file import StateError
from onboarding.simulation.identity import SignatureStyle
from onboarding.simulation.scep_client import ScepOptions
from tests.onboarding.simulation.commands import configuration, run
from tests.onboarding.simulation.tiny_mdm_server import (
    RECIPIENT_NONCE,
    TOPIC,
    TRANSACTION_ID,
    TinyMdmServer,
    TinyReply,
    serve,
    verify_with_openssl,
)

Make = Callable[..., SimulatedAppleDevice]


def test_same_seed_and_index_give_the_same_device() -> None:
    assert draw_hardware(seed="a", index=3) == draw_hardware(seed="a", index=3)
    assert draw_hardware(seed="a", index=3) != draw_hardware(seed="b", index=3)


def test_serials_and_udids_of_a_large_fleet_are_all_different() -> None:
    fleet = [draw_hardware(seed="muster", index=index) for index in range(5000)]
    assert len({hardware.serial for hardware in fleet}) == 5000
    assert len({hardware.udid for hardware in fleet}) == 5000


def test_enrols_with_a_signed_profile(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert device.is_enrolled
    assert [(request.message_type, request.subject) for request in server.scep_requests] == [
        ("19", "CN=device,O=Example")
    ]
    authenticate, token_update = server.check_ins
    assert (authenticate["MessageType"], token_update["MessageType"]) == ("Authenticate", "TokenUpdate")
    assert authenticate["UDID"] == token_update["UDID"] == device.udid
    assert authenticate["SerialNumber"] == device.serial
    assert authenticate["Topic"] == token_update["Topic"] == TOPIC
    assert token_update["Token"].hex() == device.push_token
    assert len(token_update["UnlockToken"]) == 1024
    assert device.accepts_push({"mdm": token_update["PushMagic"]})


def test_enrols_with_a_plain_profile_without_a_check_in_url(server: TinyMdmServer, make: Make) -> None:
    device = make()
    device.enrol(server.profile(signed=False, CheckInURL=None))
    assert device.is_enrolled
    assert [path for path, _body, _headers in server.requests][-2:] == ["/connect", "/connect"]


def test_enrols_over_real_http(server: TinyMdmServer, make: Make) -> None:
    with serve(server), httpx2.Client(trust_env=False) as http:
        device = make(http=http)
        device.enrol(http.get(f"{server.base_url}/profile.mobileconfig").content)
        server.enqueue("DeviceInformation", Queries=["UDID"])
        conversation = device.connect()
    assert [executed.status for executed in conversation.executed] == ["Acknowledged"]


@pytest.mark.parametrize("cipher", ["des", "3des", "aes128", "aes256"])
def test_scep_works_with_each_cipher(server: TinyMdmServer, make: Make, cipher: CipherName) -> None:
    server.openssl_judges = True
    device = make(scep_options=ScepOptions(cipher=cipher))
    device.enrol(server.profile())
    assert device.is_enrolled


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_scep_works_by_get_with_each_digest(server: TinyMdmServer, make: Make, digest: DigestName) -> None:
    server.openssl_judges = True
    device = make(scep_options=ScepOptions(method="GET", digest=digest))
    device.enrol(server.profile())
    assert server.scep_requests[0].method == "GET"
    assert device.is_enrolled


def test_scep_chooses_old_ways_for_a_server_without_capabilities(server: TinyMdmServer, make: Make) -> None:
    server.capabilities = ""
    device = make()
    device.enrol(server.profile())
    assert server.scep_requests[0].method == "GET"


def test_a_wrong_challenge_leaves_the_device_unenrolled(server: TinyMdmServer, make: Make) -> None:
    device = make()
    with pytest.raises(EnrolmentFailed, match="transaction not permitted") as failure:
        device.enrol(server.profile(challenge="guess"))
    assert not failure.value.retryable
    assert not device.is_enrolled
    assert server.check_ins == []


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        (RECIPIENT_NONCE, octet_string(b"another nonce..."), "nonce"),
        (TRANSACTION_ID, printable_string("ANOTHER"), "another transaction"),
    ],
)
def test_a_scep_answer_to_another_request_is_refused(
    server: TinyMdmServer, make: Make, attribute: bytes, value: bytes, message: str
) -> None:
    server.scep_answer_changes = {attribute: value}
    with pytest.raises(EnrolmentFailed, match=message):
        make().enrol(server.profile())


def test_a_profile_changed_after_signing_is_refused(server: TinyMdmServer, make: Make) -> None:
    tampered = server.profile().replace(b"mdm.test/connect", b"mdm.evil/connect")
    with pytest.raises(EnrolmentFailed, match="signature is invalid"):
        make().enrol(tampered)
    assert server.requests == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Topic": "com.example"}, "topic"),
        ({"ServerURL": None}, "ServerURL"),
        ({"IdentityCertificateUUID": "nobody"}, "names no SCEP payload"),
        ({"PayloadType": "com.apple.wifi.managed"}, "one MDM payload"),
    ],
)
def test_an_incomplete_enrolment_profile_is_refused(
    server: TinyMdmServer, make: Make, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(EnrolmentFailed, match=message):
        make().enrol(server.profile(**changes))


def test_a_subject_no_certificate_can_have_is_refused(server: TinyMdmServer, make: Make) -> None:
    profile = server.profile(signed=False).replace(b"<string>O</string>", b"<string>C</string>")
    with pytest.raises(EnrolmentFailed, match="wrong type"):
        make().enrol(profile)


@pytest.mark.parametrize(("status", "retryable"), [(503, True), (403, False), (401, False)])
def test_a_refused_authenticate_ends_the_enrolment(
    server: TinyMdmServer, make: Make, status: int, retryable: bool
) -> None:
    server.answers["Authenticate"] = TinyReply(status)
    device = make()
    with pytest.raises(EnrolmentFailed, match=str(status)) as failure:
        device.enrol(server.profile())
    assert failure.value.retryable is retryable
    assert not device.is_enrolled


def test_enrolling_again_brings_fresh_push_and_unlock_secrets(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    server.challenges.add("second")
    device.enrol(server.profile(challenge="second"))
    first, second = (message for message in server.check_ins if message["MessageType"] == "TokenUpdate")
    assert all(first[key] != second[key] for key in ("Token", "PushMagic", "UnlockToken"))
    assert not device.accepts_push({"mdm": first["PushMagic"]})


@pytest.mark.parametrize("style", ["der", "der-sha1", "ber"])
def test_openssl_verifies_each_style_of_signature(server: TinyMdmServer, make: Make, style: SignatureStyle) -> None:
    device = make(signature_style=style)
    device.enrol(server.profile())
    device.connect()
    _path, body, headers = server.requests[-1]
    signature = base64.b64decode(headers["Mdm-Signature"])
    verify_with_openssl(signature, body)
    with pytest.raises(subprocess.CalledProcessError):
        verify_with_openssl(signature, body + b" ")


def test_the_style_of_real_devices_has_indefinite_lengths_and_no_signed_attributes(
    server: TinyMdmServer, make: Make
) -> None:
    device = make(signature_style="ber")
    device.enrol(server.profile())
    signature = base64.b64decode(server.requests[-1][2]["Mdm-Signature"])
    assert signature.startswith(
        bytes.fromhex("3080 0609 2a864886f70d010702 a080 3080 020101 310b3009 06052b0e03021a 0500")
    )
    text = subprocess.run(
        ["openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER"],
        input=signature,
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert "signedAttrs:\n          <ABSENT>" in text


def test_check_out_tells_the_server_and_forgets_it(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert device.check_out() is True
    assert server.check_ins[-1]["MessageType"] == "CheckOut"
    assert not device.is_enrolled


def test_without_check_out_when_removed_it_leaves_silently(server: TinyMdmServer, make: Make) -> None:
    device = make()
    device.enrol(server.profile(CheckOutWhenRemoved=False))
    assert device.check_out() is False
    assert not device.is_enrolled
    assert server.check_ins[-1]["MessageType"] == "TokenUpdate"


def test_renewal_is_signed_by_the_old_identity_and_keeps_the_push_secrets(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    assert device.state.management
    old = device.state.management.identity.certificate
    magic = device.state.management.push_magic
    device.renew_identity()
    request = server.scep_requests[-1]
    assert (request.message_type, request.signer) == ("17", old)
    assert device.state.management.identity.certificate != old
    assert [message["MessageType"] for message in server.check_ins[-2:]] == ["Authenticate", "TokenUpdate"]
    assert server.check_ins[-1]["PushMagic"] == magic


def test_a_refused_renewal_keeps_the_old_identity(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert device.state.management
    old = device.state.management.identity
    server.answers["Authenticate"] = TinyReply(503)
    with pytest.raises(Refused, match="503"):
        device.renew_identity()
    assert device.state.management.identity == old


def test_installing_the_enrolment_profile_again_renews_the_identity(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    assert device.state.management
    old = device.state.management.identity.certificate
    server.challenges.add("renewal")
    report = run(device, server, "InstallProfile", Payload=server.profile(challenge="renewal"))
    assert report["Status"] == "Acknowledged"
    assert server.scep_requests[-1].message_type == "19"
    assert device.state.management.identity.certificate != old


def test_bootstrap_token_comes_back_as_it_went(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert device.get_bootstrap_token() == b""
    device.set_bootstrap_token(b"bootstrap")
    assert device.get_bootstrap_token() == b"bootstrap"


def test_a_rotated_push_token_is_told_to_the_server(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    old = device.push_token
    device.rotate_push_token()
    assert device.push_token != old
    assert server.check_ins[-1]["Token"].hex() == device.push_token


def test_a_device_is_the_same_after_a_restart(server: TinyMdmServer, make: Make, tmp_path: Path) -> None:
    path = tmp_path / "fleet" / "device.json"
    device = make(state_file=path)
    device.enrol(server.profile())
    run(device, server, "InstallProfile", Payload=configuration())
    device.lock()

    restored = make(state_file=path)
    assert restored.state.management
    assert device.state.management
    assert replace(restored.state.management, identity=device.state.management.identity) == device.state.management
    assert replace(restored.state, management=None) == replace(device.state, management=None)
    assert run(restored, server, "RemoveProfile", Identifier="test.wifi")["Status"] == "NotNow"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["device.json"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"udid": "other", "format": 1}'])
def test_an_unreadable_state_file_is_named(make: Make, tmp_path: Path, content: str) -> None:
    path = tmp_path / "device.json"
    path.write_text(content)
    with pytest.raises(StateError, match=r"device\.json"):
        make(state_file=path)
