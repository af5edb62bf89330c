from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tenants.crypto import ber, cms
from tenants.crypto.algorithms import MGF1, RSA_OAEP
from tests.factories.asn1 import indefinite, integer, octets, oid, pieces, raw_content, raw_parts, tlv
from tests.factories.cms_messages import DATA
from tests.factories.pki import Identity, authority, device, ec_device, identity, needs_openssl, openssl, rsa_key

BODY = b"a certificate signing request, say; " * 9
ENVELOPED_DATA = "1.2.840.113549.1.7.3"
OPENSSL_NAMES = {
    cms.Cipher.DES: "des-cbc",
    cms.Cipher.TRIPLE_DES: "des3",
    cms.Cipher.AES_128: "aes-128-cbc",
    cms.Cipher.AES_192: "aes-192-cbc",
    cms.Cipher.AES_256: "aes-256-cbc",
}
every_cipher = pytest.mark.parametrize("cipher", list(cms.Cipher), ids=lambda cipher: cipher.name)


def opened(message: bytes, recipient: Identity) -> bytes:
    return cms.decrypt_enveloped(message, certificate=recipient.certificate, key=recipient.key)


def encrypted(cipher: cms.Cipher = cms.Cipher.AES_128, content: bytes = BODY) -> bytes:
    return cms.encrypt_enveloped(content, certificate=device().certificate, cipher=cipher)


def envelope(recipients: list[bytes], *, key: bytes = b"k" * 16, streamed: bool = True) -> bytes:
    """An AES-128 envelope around BODY, by default in pieces of indefinite length as streaming clients send it."""
    wrap = indefinite if streamed else tlv
    iv = os.urandom(16)
    encryptor = Cipher(AES(key), modes.CBC(iv)).encryptor()
    pad = 16 - len(BODY) % 16
    text = encryptor.update(BODY + bytes([pad]) * pad)
    algorithm = tlv(0x30, oid("2.16.840.1.101.3.4.1.2"), octets(iv))
    content = pieces(text, tag=0xA0) if streamed else tlv(0x80, text)
    body = wrap(0x30, integer(0), tlv(0x31, *recipients), wrap(0x30, oid(DATA), algorithm, content))
    return wrap(0x30, oid(ENVELOPED_DATA), wrap(0xA0, body))


def recipient(to: Identity, *, algorithm: bytes | None = None, wrapped: bytes, by_key: bool = False) -> bytes:
    if by_key:
        extension = to.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        who = tlv(0x80, extension.value.digest)
    else:
        who = tlv(0x30, to.certificate.issuer.public_bytes(), integer(to.certificate.serial_number))
    return tlv(
        0x30,
        integer(2 if by_key else 0),
        who,
        algorithm or tlv(0x30, oid("1.2.840.113549.1.1.1"), b"\x05\x00"),
        octets(wrapped),
    )


def wrap_key(to: Identity, key: bytes = b"k" * 16) -> bytes:
    wrapped: bytes = to.key.public_key().encrypt(key, padding.PKCS1v15())
    return wrapped


@every_cipher
@pytest.mark.parametrize("size", [0, 1, 7, 8, 15, 16, 17, 5000])
def test_opens_what_it_closed(cipher: cms.Cipher, size: int) -> None:
    message = encrypted(cipher, b"x" * size)
    result = cms.open_enveloped(message, certificate=device().certificate, key=device().key)
    assert result == cms.Opened(b"x" * size, cipher)


@needs_openssl
@every_cipher
def test_openssl_opens_what_it_closed(tmp_path: Path, cipher: cms.Cipher) -> None:
    device().write(tmp_path, "device")
    for tool in ("cms", "smime"):
        arguments = [tool, "-decrypt", "-binary", "-inform", "DER", "-inkey", "device.key", "-recip", "device.pem"]
        providers = ["-provider", "legacy", "-provider", "default"]
        assert openssl(*arguments, *providers, folder=tmp_path, stdin=encrypted(cipher)) == BODY


@needs_openssl
@every_cipher
@pytest.mark.parametrize("options", [[], ["-stream", "-indef"], ["-keyid"]])
def test_opens_what_openssl_closed(tmp_path: Path, cipher: cms.Cipher, options: list[str]) -> None:
    device().write(tmp_path, "device")
    arguments = ["cms", "-encrypt", "-binary", "-outform", "DER", f"-{OPENSSL_NAMES[cipher]}", *options]
    providers = ["-provider", "legacy", "-provider", "default"]
    message = openssl(*arguments, *providers, "device.pem", folder=tmp_path, stdin=BODY)
    result = cms.open_enveloped(message, certificate=device().certificate, key=device().key)
    assert result == cms.Opened(BODY, cipher)


@needs_openssl
@pytest.mark.parametrize(
    "options", [["rsa_oaep_md:sha1"], ["rsa_oaep_md:sha256"], ["rsa_oaep_md:sha256", "rsa_mgf1_md:sha1"]]
)
def test_opens_oaep_of_openssl(tmp_path: Path, options: list[str]) -> None:
    device().write(tmp_path, "device")
    settings = [word for option in ["rsa_padding_mode:oaep", *options] for word in ("-keyopt", option)]
    arguments = ["cms", "-encrypt", "-binary", "-outform", "DER", "-aes128", "-recip", "device.pem", *settings]
    assert opened(openssl(*arguments, folder=tmp_path, stdin=BODY), device()) == BODY


def test_opens_what_cryptography_closed() -> None:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(BODY).add_recipient(device().certificate)
    message = builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    assert opened(message, device()) == BODY


def test_cryptography_opens_what_it_closed() -> None:
    message = encrypted(cms.Cipher.AES_256)
    assert pkcs7.pkcs7_decrypt_der(message, device().certificate, device().key, []) == BODY


@pytest.mark.parametrize("streamed", [True, False])
def test_opens_both_encodings(streamed: bool) -> None:
    assert opened(envelope([recipient(device(), wrapped=wrap_key(device()))], streamed=streamed), device()) == BODY


@pytest.mark.parametrize("by_key", [True, False])
def test_finds_itself_among_several_recipients(by_key: bool) -> None:
    others = [tlv(0xA1, integer(3)), recipient(authority(), wrapped=wrap_key(authority()))]
    ours = recipient(device(), wrapped=wrap_key(device()), by_key=by_key)
    assert opened(envelope([*others, ours]), device()) == BODY
    assert opened(envelope([*others, ours]), authority()) == BODY


def test_opens_oaep_with_parameters_left_out() -> None:
    wrapped = (
        device().key.public_key().encrypt(b"k" * 16, padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None))
    )
    assert (
        opened(envelope([recipient(device(), algorithm=tlv(0x30, oid(RSA_OAEP)), wrapped=wrapped)]), device()) == BODY
    )


def test_refuses_unknown_oaep_parameters() -> None:
    label = tlv(0xA2, tlv(0x30, oid("1.2.840.113549.1.1.9"), octets(b"label")))
    odd_mask = tlv(0xA1, tlv(0x30, oid("1.2.3"), tlv(0x30, oid(MGF1))))
    for parameter in (label, odd_mask):
        algorithm = tlv(0x30, oid(RSA_OAEP), tlv(0x30, parameter))
        with pytest.raises(cms.UnsupportedAlgorithmError):
            opened(envelope([recipient(device(), algorithm=algorithm, wrapped=b"x" * 256)]), device())


def test_refuses_an_envelope_for_someone_else() -> None:
    with pytest.raises(cms.CmsError, match="not for this certificate"):
        opened(encrypted(), authority())


def test_refuses_an_unknown_cipher() -> None:
    message = encrypted().replace(ber.oid(cms.Cipher.AES_128.oid), ber.oid("2.16.840.1.101.3.4.1.6"))
    with pytest.raises(cms.UnsupportedAlgorithmError):
        opened(message, device())


def test_refuses_what_is_no_envelope() -> None:
    with pytest.raises(cms.CmsError, match="not EnvelopedData"):
        opened(cms.sign(BODY, certificate=device().certificate, key=device().key), device())


def test_cannot_close_an_envelope_for_an_elliptic_curve_key() -> None:
    with pytest.raises(cms.UnsupportedAlgorithmError):
        cms.encrypt_enveloped(BODY, certificate=ec_device().certificate, cipher=cms.Cipher.AES_128)


@pytest.mark.parametrize(
    "wrapped",
    [
        wrap_key(device(), b"z" * 16),  # another key: the padding comes out wrong
        wrap_key(device(), b"k" * 5),  # a key of another length
        b"\x01" * 256,  # no padding at all
        b"\xff" * 256,  # larger than the modulus
        b"short",
    ],
)
def test_all_failures_of_decryption_look_the_same(wrapped: bytes) -> None:
    with pytest.raises(cms.CmsError) as caught:
        opened(envelope([recipient(device(), wrapped=wrapped)]), device())
    assert (type(caught.value), str(caught.value)) == (cms.CmsError, "the content cannot be decrypted")


@pytest.mark.parametrize("last", [b"\0", b"\x11", b"\xff"])
def test_wrong_padding_looks_like_a_wrong_key(last: bytes) -> None:
    message = encrypted()
    fields = raw_parts(raw_parts(raw_content(raw_parts(message)[1]))[2])
    text = bytearray(raw_content(fields[2]))
    text[-17] ^= 0x80 | last[0] & 0x0F  # spoils the last octet of the plain text: never a length of padding
    message = message[: -len(text)] + bytes(text)
    with pytest.raises(cms.CmsError, match="^the content cannot be decrypted$"):
        opened(message, device())


def test_the_holder_of_another_key_with_the_same_certificate_name_reads_nothing() -> None:
    stranger = identity("Device", issuer=authority(), key=rsa_key("stranger"))
    with pytest.raises(cms.CmsError):
        opened(encrypted(), stranger)
