"""SignedData in all the forms seen from devices, and in wrong ones. Each field of Form changes one thing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from tests.factories.asn1 import indefinite, octets, oid, pieces, raw_content, raw_parts, tlv
from tests.factories.pki import Identity, serial_as_der

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
DIGEST_OIDS = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
RSA_NAMES = {
    "rsaEncryption": "1.2.840.113549.1.1.1",
    "sha1WithRSA": "1.2.840.113549.1.1.5",
    "sha256WithRSA": "1.2.840.113549.1.1.11",
}
ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"


@dataclass(frozen=True)
class Form:
    digest: str = "sha256"
    digest_oid: str | None = None  # where it differs from the digest really used
    algorithm: str = "rsaEncryption"
    null_parameters: bool = True
    signed_attributes: bool = True
    attributes: tuple[tuple[str, bytes], ...] = ()
    content_type_attribute: str | None = DATA
    claimed_digest: bytes | None = None
    sort_attributes: bool = True
    content_type: str = DATA
    embed: bytes | None = None
    by_key_identifier: bool = False
    indefinite: bool = False
    indefinite_attributes: bool = False
    signers: int = 1
    certificates: tuple[bytes, ...] | None = None
    crls: bool = False
    unsigned_attributes: bool = False
    algorithm_oid: str | None = None
    indefinite_values: bool = False


def signed_message(signer: Identity, content: bytes, form: Form) -> bytes:
    """A SignedData over `content`, which is detached unless the form embeds something."""
    wrap = indefinite if form.indefinite else tlv
    info = _signer_info(signer, content, form)
    string = pieces if form.indefinite else octets
    embedded = b"" if form.embed is None else wrap(0xA0, string(form.embed))
    certificates = (signer.der,) if form.certificates is None else form.certificates
    body = wrap(
        0x30,
        b"\x02\x01\x01",
        wrap(0x31, _digest_algorithm(form)),
        wrap(0x30, oid(form.content_type), embedded),
        wrap(0xA0, *certificates) if certificates else b"",
        tlv(0xA1) if form.crls else b"",
        wrap(0x31, info * form.signers),
    )
    return wrap(0x30, oid(SIGNED_DATA), wrap(0xA0, body))


def _signer_info(signer: Identity, content: bytes, form: Form) -> bytes:
    attributes = _attributes(content, form) if form.signed_attributes else []
    signed = tlv(0x31, *attributes) if attributes else content
    carried = b""
    if attributes:
        carried = indefinite(0xA0, *attributes) if form.indefinite_attributes else tlv(0xA0, *attributes)
    return tlv(
        0x30,
        b"\x02\x01\x01",
        _signer_identifier(signer, form),
        _digest_algorithm(form),
        carried,
        _signature_algorithm(signer, form),
        octets(_signature(signer, signed, form)),
        tlv(0xA1, tlv(0x30, oid("1.2.3.4"), tlv(0x31, octets(b"x")))) if form.unsigned_attributes else b"",
    )


def _signer_identifier(signer: Identity, form: Form) -> bytes:
    if form.by_key_identifier:
        return tlv(0x80, hashlib.sha1(raw_key_bits(signer)).digest())
    return tlv(0x30, signer.certificate.issuer.public_bytes(), serial_as_der(signer.certificate))


def raw_key_bits(signer: Identity) -> bytes:
    """What a subjectKeyIdentifier is the SHA-1 of: the public key without its count of unused bits."""
    key_info = raw_parts(raw_parts(signer.der)[0])[6]
    return raw_content(raw_parts(key_info)[1])[1:]


def _digest_algorithm(form: Form) -> bytes:
    name = form.digest_oid or DIGEST_OIDS[form.digest]
    return tlv(0x30, oid(name), b"\x05\x00" if form.null_parameters else b"")


def _signature_algorithm(signer: Identity, form: Form) -> bytes:
    if form.algorithm_oid:
        return tlv(0x30, oid(form.algorithm_oid))
    if isinstance(signer.key, ec.EllipticCurvePrivateKey):
        return tlv(0x30, oid(ECDSA_WITH_SHA256))
    return tlv(0x30, oid(RSA_NAMES[form.algorithm]), b"\x05\x00" if form.null_parameters else b"")


def _attributes(content: bytes, form: Form) -> list[bytes]:
    claimed = form.claimed_digest if form.claimed_digest is not None else hashlib.new(form.digest, content).digest()
    values = [(MESSAGE_DIGEST, octets(claimed)), *form.attributes]
    if form.content_type_attribute:
        values.insert(0, (CONTENT_TYPE, oid(form.content_type_attribute)))
    wrap = indefinite if form.indefinite_values else tlv
    encoded = [wrap(0x30, oid(kind), tlv(0x31, value)) for kind, value in values]
    return sorted(encoded) if form.sort_attributes else sorted(encoded, reverse=True)


def _signature(signer: Identity, signed: bytes, form: Form) -> bytes:
    digest = getattr(hashes, form.digest.upper())()
    if isinstance(signer.key, ec.EllipticCurvePrivateKey):
        return signer.key.sign(signed, ec.ECDSA(digest))
    signature: bytes = signer.key.sign(signed, padding.PKCS1v15(), digest)
    return signature
