"""Who speaks: the Mdm-Signature in its true and false forms, at the endpoint; the pin; a proxy's header."""

import base64
import plistlib
import urllib.parse

import pytest
import time_machine
from pytest_django import Settings

from devices.models import Heartbeat
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.identity import SignatureStyle
from tests.factories import pki
from tests.factories.apple import handed, identity_of, put, report
from tests.factories.cms_messages import Form, signed_message
from tests.factories.commands import queued
from tests.factories.fleet import row_of

TRUE_FORMS = {
    "as devices sign: BER, SHA-1, the body itself": Form(digest="sha1", signed_attributes=False, indefinite=True),
    "BER with signed attributes": Form(indefinite=True, indefinite_attributes=True),
    "DER with SHA-1": Form(digest="sha1", algorithm="sha1WithRSA"),
    "DER with SHA-256": Form(),
    "named sha256WithRSAEncryption": Form(algorithm="sha256WithRSA"),
    "without NULL parameters": Form(null_parameters=False),
    "with the body embedded": Form(embed=b"BODY"),
}
FALSE_FORMS = {
    "no signer": Form(signers=0),
    "two signers": Form(signers=2),
    "no certificate": Form(certificates=()),
    "another digest claimed": Form(claimed_digest=b"\0" * 32),
    "no content type among the attributes": Form(content_type_attribute=None),
    "an unknown digest": Form(digest_oid="1.2.840.113549.2.5"),
    "another body embedded": Form(embed=b"another"),
}


def idle(device: SimulatedAppleDevice) -> bytes:
    return plistlib.dumps({"UDID": device.udid, "Status": "Idle"})


def signature(device: SimulatedAppleDevice, body: bytes, form: Form) -> str:
    known = identity_of(device)
    form = Form(**{**vars(form), "embed": body}) if form.embed == b"BODY" else form
    return base64.b64encode(signed_message(pki.Identity(known.certificate, known.key), body, form)).decode()


@pytest.mark.parametrize("form", TRUE_FORMS.values(), ids=TRUE_FORMS.keys())
def test_accepts_every_true_form_of_a_signature(device: SimulatedAppleDevice, form: Form) -> None:
    body = idle(device)

    response = put(None, body, signature=signature(device, body, form))

    assert response.status_code == 200, response.content


@pytest.mark.parametrize("style", ["der", "der-sha1", "ber"])
def test_accepts_the_simulated_devices_own_signatures(device: SimulatedAppleDevice, style: SignatureStyle) -> None:
    assert put(identity_of(device), idle(device), style=style).status_code == 200


@pytest.mark.parametrize("form", FALSE_FORMS.values(), ids=FALSE_FORMS.keys())
def test_refuses_every_false_form_of_a_signature(device: SimulatedAppleDevice, form: Form) -> None:
    body = idle(device)
    queued(row_of(device))

    response = put(None, body, signature=signature(device, body, form))

    assert response.status_code == 400
    assert b"CommandUUID" not in response.content


@pytest.mark.parametrize("form", [Form(), Form(digest="sha1", signed_attributes=False, indefinite=True)])
def test_a_captured_signature_does_not_cover_another_body(device: SimulatedAppleDevice, form: Form) -> None:
    captured = signature(device, idle(device), form)

    response = put(None, idle(device) + b"\n", signature=captured)

    assert response.status_code == 400


DEEP = base64.b64encode(b"\x30\x80" * 3000).decode()


@pytest.mark.parametrize("text", ["", "!!!", "AAAA", "é" * 4, "A" * 20_000, DEEP])
def test_refuses_garbage_for_a_signature(device: SimulatedAppleDevice, text: str) -> None:
    assert put(None, idle(device), signature=text).status_code == 400


def test_refuses_a_message_without_a_signature(device: SimulatedAppleDevice) -> None:
    assert put(None, idle(device)).status_code == 400


def test_refuses_a_certificate_of_a_foreign_authority(device: SimulatedAppleDevice) -> None:
    body = idle(device)
    message = signed_message(pki.device(), body, Form())

    response = put(None, body, signature=base64.b64encode(message).decode())

    assert response.status_code == 403


def test_refuses_a_forged_certificate_with_the_same_names(device: SimulatedAppleDevice) -> None:
    known = identity_of(device).certificate
    forged = pki.identity("Muster device identity", key=pki.rsa_key("forger"))
    body = idle(device)
    message = signed_message(pki.Identity(forged.certificate, forged.key), body, Form())

    response = put(None, body, signature=base64.b64encode(message).decode())

    assert forged.certificate != known
    assert response.status_code == 403


def test_an_expired_identity_still_speaks_for_its_enrolment(device: SimulatedAppleDevice) -> None:
    with time_machine.travel(identity_of(device).certificate.not_valid_after_utc.replace(year=2050), tick=False):
        assert put(identity_of(device), idle(device)).status_code == 200


def test_a_device_cannot_speak_in_the_name_of_another_tenants_device(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    row = queued(row_of(device))

    response = put(identity_of(other_device), idle(device))

    row.refresh_from_db()
    assert response.status_code == 403
    assert row.sent_at is None


def test_a_device_gets_only_its_own_commands(device: SimulatedAppleDevice, other_device: SimulatedAppleDevice) -> None:
    queued(row_of(device))

    assert handed(report(other_device)) is None


def test_a_refused_message_is_no_sign_of_life(device: SimulatedAppleDevice, other_device: SimulatedAppleDevice) -> None:
    before = Heartbeat.objects.get(device=row_of(device)).last_seen

    put(identity_of(other_device), idle(device))

    assert Heartbeat.objects.get(device=row_of(device)).last_seen == before


def pem(device: SimulatedAppleDevice) -> str:
    return identity_of(device).certificate_pem


def test_a_proxys_header_counts_for_nothing_by_default(device: SimulatedAppleDevice) -> None:
    response = put(None, idle(device), HTTP_X_CLIENT_CERT=urllib.parse.quote(pem(device)))

    assert response.status_code == 400


def test_a_proxys_header_counts_for_nothing_from_another_address(
    device: SimulatedAppleDevice, settings: Settings
) -> None:
    settings.MDM_CERTIFICATE_HEADER, settings.TRUSTED_PROXIES = "X-Client-Cert", ["10.0.0.1"]

    response = put(None, idle(device), HTTP_X_CLIENT_CERT=urllib.parse.quote(pem(device)), REMOTE_ADDR="10.0.0.2")

    assert response.status_code == 400


@pytest.mark.parametrize("write", [urllib.parse.quote, lambda text: text.replace("\n", " ")])
def test_a_listed_proxys_header_names_the_device(
    device: SimulatedAppleDevice, settings: Settings, write: object
) -> None:
    settings.MDM_CERTIFICATE_HEADER, settings.TRUSTED_PROXIES = "X-Client-Cert", ["10.0.0.1"]
    assert callable(write)

    response = put(None, idle(device), HTTP_X_CLIENT_CERT=write(pem(device)), REMOTE_ADDR="10.0.0.1")

    assert response.status_code == 200


@pytest.mark.parametrize("text", ["", "no certificate", "%FF%00", "MIIB"])
def test_a_listed_proxys_malformed_header_is_refused(
    device: SimulatedAppleDevice, settings: Settings, text: str
) -> None:
    settings.MDM_CERTIFICATE_HEADER, settings.TRUSTED_PROXIES = "X-Client-Cert", ["10.0.0.1"]

    response = put(None, idle(device), HTTP_X_CLIENT_CERT=text, REMOTE_ADDR="10.0.0.1")

    assert response.status_code == 400
