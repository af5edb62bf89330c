"""CMS SignedData with one signer: verifying and building. Source: RFC 5652, section 5."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tenants.crypto import ber
from tenants.crypto.algorithms import (
    CONTENT_TYPE,
    DATA,
    DIGEST_OIDS,
    MESSAGE_DIGEST,
    SIGNED_DATA,
    SIGNING_TIME,
    CmsError,
    Digest,
    PrivateKey,
    digest_named,
    identifier,
    make_signature,
    signature_holds,
)
from tenants.crypto.certificates import load_certificate, outline, outline_of

MAX_CERTIFICATES = 32

_FIELD_0, _FIELD_1 = 0xA0, 0xA1
_KEY_IDENTIFIERS = (0x80, 0xA0)
_MESSAGE_DIGEST_OID = ber.oid(MESSAGE_DIGEST)


@dataclass(frozen=True)
class Signed:
    """A message whose signature holds. Says who signed what, not whether that signer is to be trusted."""

    content: bytes
    certificate_der: bytes
    certificate_sha256: bytes
    certificates: tuple[bytes, ...]  # all that came along, DER, the signer's included
    signed_attributes: Mapping[str, bytes]  # dotted type -> the value's encoding; empty when the body itself is signed
    digest: Digest

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The signer's certificate; CmsError when it is no proper X.509."""
        return load_certificate(self.certificate_der)


@dataclass(frozen=True)
class _Message:
    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    signers: list[ber.Node]


def verify_signed(message: bytes, *, content: bytes | None = None) -> Signed:
    """Check the one signature of a SignedData message, BER or DER; CmsError when it does not hold.

    `content` is the body of a detached signature; when the message embeds one too, both must be equal. The signer's
    certificate must be in the message. Trust is the caller's question: see `issued_by`.
    """
    try:
        parsed = _read_message(message)
        if content is None:
            content = parsed.content
        elif parsed.content is not None and parsed.content != content:
            raise CmsError("the embedded content differs from the given content")
        if content is None:
            raise CmsError("the message has no content and none was given")
        if len(parsed.signers) != 1:
            raise CmsError(f"the message has {len(parsed.signers)} signers instead of one")
        return _verify_signer(parsed, parsed.signers[0], content)
    except ber.BerError as error:
        raise CmsError(f"the message is malformed: {error}") from error


def _read_message(message: bytes) -> _Message:
    outer = ber.parse(message).elements(2)
    if outer[0].oid() != SIGNED_DATA:
        raise CmsError("the message is not SignedData")
    fields = outer[1].elements(1, _FIELD_0)[0].elements(4)
    encapsulated = fields[2].elements(1)
    content = None
    if len(encapsulated) > 1:
        content = encapsulated[1].elements(1, _FIELD_0)[0].expect(0x04, 0x24).octets()
    certificates: tuple[bytes, ...] = ()
    for field in fields[3:-1]:
        if field.tag == _FIELD_0:
            certificates = tuple([entry.raw for entry in field.children if entry.tag == ber.SEQUENCE])
    if len(certificates) > MAX_CERTIFICATES:
        raise CmsError("the message carries too many certificates")
    return _Message(encapsulated[0].oid(), content, certificates, fields[-1].elements(0, ber.SET))


def _verify_signer(message: _Message, signer: ber.Node, content: bytes) -> Signed:
    fields = signer.elements(5)
    certificate = _signers_certificate(fields[1], message.certificates)
    digest = digest_named(fields[2].elements(1)[0].oid())
    attributes = fields[3] if fields[3].tag == _FIELD_0 else None
    rest = fields[3 if attributes is None else 4 :]
    if len(rest) < 2:
        raise ber.BerError("the signer lacks a field")
    algorithm, signature = rest[0].elements(1)[0].oid(), rest[1].expect(0x04, 0x24).octets()
    if attributes is None:
        values: dict[str, bytes] = {}
        candidates: Iterable[bytes] = _body_forms(message, content)
    else:
        values = _attribute_values(attributes)
        _check_attributes(values, message.content_type, hashlib.new(digest, content).digest())
        candidates = _attribute_forms(attributes)
    key = outline(certificate).public_key
    for signed in candidates:
        # The digest is the one named beside the signer, as other verifiers have it: some name another in `algorithm`.
        if signature_holds(key, signature, signed, algorithm=algorithm, digest=digest):
            return Signed(
                content=content,
                certificate_der=certificate,
                certificate_sha256=hashlib.sha256(certificate).digest(),
                certificates=message.certificates,
                signed_attributes=values,
                digest=digest,
            )
    raise CmsError("the signature does not match")


def _signers_certificate(identity: ber.Node, certificates: Sequence[bytes]) -> bytes:
    if identity.tag in _KEY_IDENTIFIERS:
        wanted = identity.octets()
        for der in certificates:
            if outline(der).key_identifier == wanted:
                return der
    else:
        parts = identity.elements(2)
        issuer, serial = parts[0].raw, parts[1].expect(ber.INTEGER).body
        for der in certificates:
            candidate = outline(der)
            if candidate.serial == serial and candidate.issuer == issuer:
                return der
    raise CmsError("the signer's certificate is not in the message")


def _attribute_values(attributes: ber.Node) -> dict[str, bytes]:
    values: dict[str, bytes] = {}
    for attribute in attributes.children:
        kind, held = attribute.elements(2)[:2]
        name, entries = kind.oid(), held.elements(1, ber.SET)
        if name in values or len(entries) != 1:
            raise CmsError(f"signed attribute {name} has more than one value")
        values[name] = entries[0].raw
    return values


def _check_attributes(values: Mapping[str, bytes], content_type: str, digest: bytes) -> None:
    if CONTENT_TYPE not in values or MESSAGE_DIGEST not in values:
        raise CmsError("the signed attributes lack content type or message digest")
    if ber.parse(values[CONTENT_TYPE]).oid() != content_type:
        raise CmsError("the signed content type is not that of the message")
    claimed = ber.parse(values[MESSAGE_DIGEST]).expect(0x04, 0x24).octets()
    if not hmac.compare_digest(claimed, digest):
        raise CmsError("the content is not what was signed")


def _attribute_forms(attributes: ber.Node) -> Iterable[bytes]:
    """The encodings a signer may have signed: the attributes as sent, made DER in their order, made DER and sorted."""
    tried: set[bytes] = set()
    if not attributes.indefinite:
        tried.add(sent := b"\x31" + attributes.raw[1:])
        yield sent
    items = [attribute.definite() for attribute in attributes.children]
    for form in (ber.tlv(ber.SET, b"".join(items)), ber.set_of(items)):
        if form not in tried:
            tried.add(form)
            yield form


def _body_forms(message: _Message, content: bytes) -> Iterable[bytes]:
    # The signed attributes of one message must not pass as the body of another that has none.
    if message.content_type != DATA or (content[:1] == b"\x31" and _MESSAGE_DIGEST_OID in content):
        raise CmsError("a message of this kind must have signed attributes")
    return (content,)


def sign(
    content: bytes,
    *,
    certificate: x509.Certificate,
    key: PrivateKey,
    chain: Sequence[x509.Certificate] = (),
    detached: bool = False,
    digest: Digest = Digest.SHA256,
    attributes: Iterable[tuple[str, bytes]] = (),
    signing_time: datetime | None = None,
) -> bytes:
    """SignedData (DER) with signed attributes. `attributes` are further ones: dotted type and the value in DER."""
    values = [
        (CONTENT_TYPE, ber.oid(DATA)),
        (SIGNING_TIME, ber.time(signing_time or datetime.now(UTC))),
        (MESSAGE_DIGEST, ber.octet_string(hashlib.new(digest, content).digest())),
        *attributes,
    ]
    signed = ber.set_of([ber.sequence(ber.oid(name), ber.set_of([value])) for name, value in values])
    algorithm, signature = make_signature(key, signed, digest)
    signer = ber.sequence(
        ber.integer(1),
        issuer_and_serial(certificate),
        identifier(DIGEST_OIDS[digest]),
        b"\xa0" + signed[1:],
        algorithm,
        ber.octet_string(signature),
    )
    encapsulated = ber.oid(DATA) if detached else ber.oid(DATA) + ber.context(0, ber.octet_string(content))
    carried = sorted(_ders([certificate, *chain]))
    return _message([identifier(DIGEST_OIDS[digest])], encapsulated, carried, [signer])


def certificates_only(certificates: Iterable[x509.Certificate]) -> bytes:
    """A SignedData that signs nothing and only carries certificates ("degenerate PKCS#7").

    They keep the given order, though DER would sort them: clients take the first for the one meant for them.
    """
    return _message([], ber.oid(DATA), _ders(certificates), [])


def issuer_and_serial(certificate: x509.Certificate) -> bytes:
    known = outline_of(certificate)
    return ber.sequence(known.issuer, ber.tlv(ber.INTEGER, known.serial))


def _ders(certificates: Iterable[x509.Certificate]) -> list[bytes]:
    return [certificate.public_bytes(Encoding.DER) for certificate in certificates]


def _message(digests: list[bytes], encapsulated: bytes, certificates: list[bytes], signers: list[bytes]) -> bytes:
    body = ber.sequence(
        ber.integer(1),
        ber.set_of(digests),
        ber.sequence(encapsulated),
        ber.context(0, b"".join(certificates)),
        ber.set_of(signers),
    )
    return ber.sequence(ber.oid(SIGNED_DATA), ber.context(0, body))
