from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7

from tenants.crypto import ber, cms
from tests.factories.pki import authority, device, ec_device, needs_openssl, openssl

BODY = b"<plist>a profile</plist>\n"


@pytest.mark.parametrize("digest", list(cms.Digest))
def test_verifies_what_it_signs(digest: cms.Digest) -> None:
    message = cms.sign(BODY, certificate=device().certificate, key=device().key, digest=digest)
    signed = cms.verify_signed(message)
    assert (signed.content, signed.digest) == (BODY, digest)


def test_leaves_detached_content_out() -> None:
    message = cms.sign(BODY, certificate=device().certificate, key=device().key, detached=True)
    assert BODY not in message
    assert cms.verify_signed(message, content=BODY).content == BODY


def test_signs_with_an_elliptic_curve_key() -> None:
    message = cms.sign(BODY, certificate=ec_device().certificate, key=ec_device().key)
    assert cms.verify_signed(message).certificate == ec_device().certificate


def test_carries_further_attributes_and_the_chain() -> None:
    message = cms.sign(
        BODY,
        certificate=device().certificate,
        key=device().key,
        chain=[authority().certificate],
        attributes=[("1.2.3.4", ber.printable_string("told"))],
    )
    signed = cms.verify_signed(message)
    assert set(signed.certificates) == {device().der, authority().der}
    assert signed.signed_attributes["1.2.3.4"] == ber.printable_string("told")


def test_signs_nothing_at_all() -> None:
    assert cms.verify_signed(cms.sign(b"", certificate=device().certificate, key=device().key)).content == b""


def test_carries_nothing_but_certificates() -> None:
    message = cms.certificates_only([device().certificate])
    assert pkcs7.load_der_pkcs7_certificates(message) == [device().certificate]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_carries_certificates_in_the_given_order(order: list[int]) -> None:
    carried = [[device(), authority(), ec_device()][index] for index in order]
    message = cms.certificates_only([identity.certificate for identity in carried])
    positions = [message.index(identity.der) for identity in carried]
    assert positions == sorted(positions)


@needs_openssl
@pytest.mark.parametrize("digest", list(cms.Digest))
@pytest.mark.parametrize("detached", [True, False])
def test_openssl_verifies_what_it_signs(tmp_path: Path, digest: cms.Digest, detached: bool) -> None:
    signer = device() if digest is not cms.Digest.SHA384 else ec_device()
    authority().write(tmp_path, "ca")
    (tmp_path / "body").write_bytes(BODY)
    message = cms.sign(BODY, certificate=signer.certificate, key=signer.key, digest=digest, detached=detached)
    content = ["-content", "body"] if detached else []
    arguments = ["cms", "-verify", "-binary", "-inform", "DER", "-CAfile", "ca.pem", "-purpose", "any", *content]
    assert openssl(*arguments, folder=tmp_path, stdin=message) == BODY


@needs_openssl
def test_openssl_would_encode_it_the_same(tmp_path: Path) -> None:
    """Strict clients encode again what they parsed before they check it; so it must be DER to the letter."""
    message = cms.sign(
        BODY,
        certificate=device().certificate,
        key=device().key,
        chain=[authority().certificate],
        attributes=[("1.2.3.4", ber.printable_string("told")), ("1.2.3", ber.octet_string(b"x" * 200))],
    )
    for encoded in (message, cms.certificates_only([device().certificate])):
        assert openssl("cms", "-cmsout", "-inform", "DER", "-outform", "DER", folder=tmp_path, stdin=encoded) == encoded


@needs_openssl
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("options", [[], ["-noattr"], ["-stream", "-indef"], ["-nodetach"], ["-keyid"]])
def test_verifies_what_openssl_signs(tmp_path: Path, digest: str, options: list[str]) -> None:
    device().write(tmp_path, "device")
    message = openssl(
        *["cms", "-sign", "-binary", "-outform", "DER", "-signer", "device.pem", "-inkey", "device.key"],
        *["-md", digest, *options],
        folder=tmp_path,
        stdin=BODY,
    )
    assert cms.verify_signed(message, content=BODY).digest == digest


@needs_openssl
def test_verifies_what_openssl_signs_as_pkcs7(tmp_path: Path) -> None:
    device().write(tmp_path, "device")
    arguments = ["smime", "-sign", "-binary", "-outform", "DER", "-signer", "device.pem", "-inkey", "device.key"]
    message = openssl(*arguments, "-nodetach", folder=tmp_path, stdin=BODY)
    assert cms.verify_signed(message).content == BODY


@needs_openssl
def test_verifies_what_openssl_signs_with_an_elliptic_curve(tmp_path: Path) -> None:
    ec_device().write(tmp_path, "device")
    arguments = ["cms", "-sign", "-binary", "-outform", "DER", "-signer", "device.pem", "-inkey", "device.key"]
    message = openssl(*arguments, folder=tmp_path, stdin=BODY)
    assert cms.verify_signed(message, content=BODY).certificate == ec_device().certificate
