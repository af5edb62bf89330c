"""Every kind of file in every slot, whole and damaged: a refusal that helps, and nothing changes."""

import base64
import random
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from tenants.models import ApnsCertificate, AuditEvent, DepToken, Tenant, VppToken
from tests.api.seed import DEP_TOKENS, VPP_TOKENS
from tests.conftest import ApiClient
from tests.factories.apns_certificates import certificate, push_certificate, upload, waiting_certificate
from tests.factories.apple_tokens import DepTokenFactory, dep_identity, dep_text, enveloped, form, p7m, smime, vpptoken
from tests.factories.asn1 import octets, oid, tlv
from tests.factories.pki import authority, key_pem, rsa_key

DER = serialization.Encoding.DER
Upload = Callable[[bytes], Any]
TITLES = {"APNs": "invalid APNs certificate: ", "DEP": "invalid DEP token: ", "VPP": "invalid VPP token: "}


@pytest.fixture
def slots(admin_api: ApiClient, tenant: Tenant) -> dict[str, Upload]:
    """What takes files, each with a record that waits for one."""
    apns = f"/api/tenant/v0/apnscertificates/{waiting_certificate(tenant).pk}/"
    dep = f"{DEP_TOKENS}{DepTokenFactory(tenant).pk}/"

    def to_apns(file: bytes) -> Any:
        sent = upload(file)
        return admin_api.put(apns, sent.body, content_type=sent.content_type)

    return {
        "APNs": to_apns,
        "DEP": lambda file: admin_api.put(dep, **form(file=file, token_name="Acme")),
        "VPP": lambda file: admin_api.post(VPP_TOKENS, **form(filename=file)),
    }


def stored() -> Any:
    rows = [list(model.objects.order_by("pk").values()) for model in (ApnsCertificate, DepToken, VppToken)]
    return rows, AuditEvent.objects.count()


def request_der() -> bytes:
    return x509.CertificateSigningRequestBuilder(x509.Name([])).sign(rsa_key("push"), hashes.SHA256()).public_bytes(DER)


def of_an_unknown_version(der: bytes, version: int) -> bytes:
    """The first INTEGER of either is its version."""
    at = der.index(b"\x02\x01")
    return der[: at + 2] + bytes([version]) + der[at + 3 :]


def with_a_topic_in_bits() -> bytes:
    """A subject whose user id is a BIT STRING; `cryptography` says TypeError when it is asked for."""
    name = x509.Name([x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"bits", _ASN1Type.BitString)])
    issuer = authority()
    now = certificate()
    builder = (
        x509.CertificateBuilder(issuer.certificate.subject, name, rsa_key("push").public_key(), 7)
        .not_valid_before(now.not_valid_before_utc)
        .not_valid_after(now.not_valid_after_utc)
    )
    made = builder.sign(issuer.key, hashes.SHA256()).public_bytes(DER)
    return made.replace(oid("2.5.4.45"), oid("2.5.4.3"))  # which may not be of bits


def under_another_cipher() -> bytes:
    """AES in the mode OFB, as openssl can be told to write it."""
    der = enveloped(dep_text(), dep_identity())
    return smime(der.replace(oid("2.16.840.1.101.3.4.1.2"), oid("2.16.840.1.101.3.4.1.3")))


def many_recipients() -> bytes:
    recipient = tlv(0x30, b"\x02\x01\x00", b"\x30\x00", b"\x30\x00", octets(b""))
    body = tlv(0x30, b"\x02\x01\x00", tlv(0x31, recipient * 15_000))
    return tlv(0x30, oid("1.2.840.113549.1.7.3"), tlv(0xA0, body))


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "certificate": (lambda: push_certificate().encode(), "APNs"),
    "certificate, DER": (lambda: certificate().public_bytes(DER), "APNs"),
    "DEP token": (p7m, "DEP"),
    "VPP token": (vpptoken, "VPP"),
    "VPP token, byte order mark": (lambda: b"\xef\xbb\xbf" + vpptoken(), "VPP"),
    "private key": (lambda: key_pem(rsa_key("push")).encode(), ""),
    "certificate of version 4": (lambda: of_an_unknown_version(certificate().public_bytes(DER), 3), ""),
    "request of version 2": (lambda: of_an_unknown_version(request_der(), 1), ""),
    "certificate with a name of bits": (with_a_topic_in_bits, ""),
    "DEP token under another cipher": (under_another_cipher, ""),
    "DEP token for 15,000": (many_recipients, ""),
    "an object identifier without end": (lambda: tlv(0x30, b"\x06\x83\x01\x00\x00" + b"\x81" * 65_536), ""),
    "a number without end": (lambda: tlv(0x30, tlv(0x02, b"\x7f" * 60_000)), ""),
    "marks of PEM": (lambda: b"-----BEGIN CERTIFICATE-----\n" * 2000, ""),
    "empty lines": (lambda: b"A:" + b"\r\n" * 30_000, ""),
    "UTF-16": (lambda: vpptoken().decode().encode("utf-16"), ""),
}


@pytest.mark.parametrize("slot", TITLES)
def test_only_the_right_slot_takes_a_file(slots: dict[str, Upload], slot: str) -> None:
    before, wrong, statuses = stored(), {}, {}
    for name, (make, right) in FILES.items():
        if right == slot:
            continue
        response = slots[slot](make())
        statuses[name], message = response.status_code, response.json()["message"]
        if not message.startswith(TITLES[slot]) or len(message) >= 400 or stored() != before:
            wrong[name] = message

    assert wrong == {}
    assert statuses == dict.fromkeys(statuses, 400)


@pytest.mark.parametrize("name", [name for name, (_, right) in FILES.items() if right])
def test_the_right_slot_takes_a_file(slots: dict[str, Upload], name: str) -> None:
    make, right = FILES[name]

    assert slots[right](make()).status_code in {200, 201}


def test_a_cipher_that_is_not_supported_is_not_called_damage(slots: dict[str, Upload]) -> None:
    assert "encrypted in a way that is not supported" in slots["DEP"](under_another_cipher()).json()["message"]


@pytest.mark.parametrize("slot", TITLES)
def test_damaged_files_are_refused(slots: dict[str, Upload], slot: str) -> None:
    """Cut at every hundredth byte, and changed at random places (the same ones in each run)."""
    chosen = random.Random(26)
    files = [make() for make in (p7m, vpptoken, request_der, lambda: certificate(topic=None).public_bytes(DER))]
    cut = [file[:end] for file in files for end in range(0, len(file), 100)]
    changed = [_changed(chosen, file) for file in files for _ in range(5)]

    statuses = {slots[slot](file).status_code for file in (*cut, *changed)}

    assert 400 in statuses
    assert statuses <= {200, 201, 400}  # a change may have met what nobody reads


def _changed(chosen: random.Random, file: bytes) -> bytes:
    copy = bytearray(file)
    copy[chosen.randrange(len(copy))] = chosen.randrange(256)
    return bytes(copy)


@pytest.mark.parametrize("text", ["two\nlines", "\x1b[31m", "a\x7f"], ids=repr)
def test_a_token_with_control_characters_is_refused(slots: dict[str, Upload], text: str) -> None:
    """They would end up in headers and logs."""
    assert "orgName" in slots["VPP"](vpptoken(orgName=text)).json()["message"]
    assert "consumer_key" in slots["DEP"](p7m(consumer_key=text)).json()["message"]


def test_a_token_stored_with_a_byte_order_mark_is_known_without(slots: dict[str, Upload]) -> None:
    assert slots["VPP"](b"\xef\xbb\xbf" + vpptoken()).status_code == 201

    assert "stored already" in slots["VPP"](vpptoken()).json()["message"]
    assert bytes(VppToken.objects.get().token) == base64.b64encode(base64.b64decode(vpptoken()))
