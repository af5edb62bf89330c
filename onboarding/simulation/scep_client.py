"""A SCEP client: asks a certificate authority for an identity certificate (RFC 8894), as devices do."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AttributeOID

from onboarding.simulation.apple_cms import (
    CipherName,
    CmsError,
    DigestName,
    SignedMessage,
    Signer,
    decrypt,
    encrypt_for,
    read_certificates,
    read_signed,
    sign_with_attributes,
)
from onboarding.simulation.apple_der import octet_string, oid, printable_string
from onboarding.simulation.apple_http import HttpClient, Reply, header_of, send
from onboarding.simulation.apple_profile import ScepPayload

_MESSAGE_TYPE = oid("2.16.840.1.113733.1.9.2")
_PKI_STATUS = oid("2.16.840.1.113733.1.9.3")
_FAIL_INFO = oid("2.16.840.1.113733.1.9.4")
_SENDER_NONCE = oid("2.16.840.1.113733.1.9.5")
_RECIPIENT_NONCE = oid("2.16.840.1.113733.1.9.6")
_TRANSACTION_ID = oid("2.16.840.1.113733.1.9.7")

CERT_REP = "3"
RENEWAL_REQ = "17"
PKCS_REQ = "19"
_FAILURES = {
    "0": "unrecognised algorithm",
    "1": "integrity check failed",
    "2": "transaction not permitted",
    "3": "signing time out of bounds",
    "4": "no such certificate",
}
_SIGNING, _ENCRYPTION = 1, 4  # bits of the payload's "Key Usage"


class ScepError(Exception):
    """The certificate was not issued; the message says why in one sentence.

    ``retryable``: the server had trouble of its own and may issue it later.
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class ScepRefused(ScepError):
    """The authority answered with a failure. ``fail_info`` is its number, "0" to "4"."""

    def __init__(self, fail_info: str) -> None:
        super().__init__(f"The SCEP server refused the request: {_FAILURES.get(fail_info, f'failure {fail_info}')}.")
        self.fail_info = fail_info


@dataclass(frozen=True)
class ScepOptions:
    """How the client speaks. ``None``: the best the server's capabilities name, as devices choose."""

    method: Literal["GET", "POST"] | None = None
    cipher: CipherName | None = None
    digest: DigestName | None = None


@dataclass(frozen=True)
class _Choices:
    method: Literal["GET", "POST"]
    cipher: CipherName
    digest: DigestName


class ScepClient:
    """Speaks to the SCEP server one profile names."""

    def __init__(self, http: HttpClient, payload: ScepPayload, options: ScepOptions | None = None) -> None:
        self._http = http
        self._payload = payload
        self._options = options or ScepOptions()

    def capabilities(self) -> frozenset[str]:
        """GetCACaps: the server's capabilities in lower case. Raises ScepError, ServerUnreachable."""
        reply = self._get("GetCACaps")
        return frozenset(line.strip().lower() for line in reply.content.decode("ascii", "replace").splitlines())

    def authority(self) -> list[x509.Certificate]:
        """GetCACert: the CA certificate, or those of the CA and its registration authority.

        Raises ScepError, also when the profile's fingerprint fits none of them, and ServerUnreachable.
        """
        reply = self._get("GetCACert")
        try:
            if "x-x509-ca-ra-cert" in header_of(reply, "Content-Type"):
                certificates = read_certificates(reply.content)
            else:
                certificates = [x509.load_der_x509_certificate(reply.content)]
        except ValueError as error:
            raise ScepError(f"GetCACert did not answer a certificate: {error}.") from error
        if not certificates:
            raise ScepError("GetCACert answered no certificate.")
        expected = self._payload.ca_fingerprint
        algorithm = hashes.SHA256() if len(expected) == 64 else hashes.SHA1()
        if expected and not any(certificate.fingerprint(algorithm).hex() == expected for certificate in certificates):
            raise ScepError("GetCACert answered another certificate than the profile's CAFingerprint names.")
        return certificates

    def request_certificate(
        self, key: rsa.RSAPrivateKey, signer: Signer, *, message_type: str = PKCS_REQ
    ) -> x509.Certificate:
        """Asks for a certificate for ``key``; the request is signed by ``signer``.

        A first request (PKCSReq) is signed by a self-signed identity of the same key, a renewal (RenewalReq) by
        the identity to be renewed. Raises ScepRefused, ScepError and ServerUnreachable.
        """
        choices = self._choose(self.capabilities())
        authorities = self.authority()
        request = _certificate_request(key, self._payload)
        recipient = _encryption_certificate(authorities)
        try:
            enveloped = encrypt_for(request, recipient, cipher=choices.cipher)
        except CmsError as error:
            raise ScepError(f"The request cannot be encrypted for the SCEP server: {error}.") from error
        transaction = _transaction_id(key)
        nonce = secrets.token_bytes(16)
        message = sign_with_attributes(
            enveloped,
            signer,
            digest=choices.digest,
            detached=False,
            attributes={
                _TRANSACTION_ID: printable_string(transaction),
                _MESSAGE_TYPE: printable_string(message_type),
                _SENDER_NONCE: octet_string(nonce),
            },
        )
        answer = self._read_answer(self._operate(message, choices), authorities, transaction, nonce)
        return _issued_certificate(answer, signer.key, key)

    def _choose(self, capabilities: frozenset[str]) -> _Choices:
        standard = "scepstandard" in capabilities
        cipher: CipherName = "des"
        if standard or "aes" in capabilities:
            cipher = "aes128"
        elif "des3" in capabilities:
            cipher = "3des"
        digest: DigestName = "sha256" if standard or "sha-256" in capabilities else "sha1"
        method: Literal["GET", "POST"] = "POST" if standard or "postpkioperation" in capabilities else "GET"
        options = self._options
        return _Choices(options.method or method, options.cipher or cipher, options.digest or digest)

    def _get(self, operation: str) -> Reply:
        return _accepted(send(self._http, "GET", self._url(operation, self._payload.name)), operation)

    def _operate(self, message: bytes, choices: _Choices) -> bytes:
        if choices.method == "GET":
            url = self._url("PKIOperation", base64.b64encode(message).decode("ascii"))
            return _accepted(send(self._http, "GET", url), "PKIOperation").content
        headers = {"Content-Type": "application/x-pki-message"}
        url = self._url("PKIOperation", "")
        return _accepted(send(self._http, "POST", url, content=message, headers=headers), "PKIOperation").content

    def _url(self, operation: str, message: str) -> str:
        separator = "&" if "?" in self._payload.url else "?"
        tail = f"&message={quote(message, safe='')}" if message else ""
        return f"{self._payload.url}{separator}operation={operation}{tail}"

    def _read_answer(
        self, content: bytes, authorities: Sequence[x509.Certificate], transaction: str, nonce: bytes
    ) -> SignedMessage:
        """The verified CertRep of a success. Raises ScepRefused and ScepError."""
        try:
            answer = read_signed(content)
        except CmsError as error:
            raise ScepError(f"The SCEP answer is not acceptable: {error}.") from error
        if answer.signer not in authorities:
            raise ScepError("The SCEP answer is signed by a stranger.")
        attributes = {name: value.decode("ascii", "replace") for name, value in answer.attributes.items()}
        if attributes.get(_MESSAGE_TYPE) != CERT_REP:
            raise ScepError(f"The SCEP answer has message type {attributes.get(_MESSAGE_TYPE)}, not {CERT_REP}.")
        if attributes.get(_TRANSACTION_ID) != transaction:
            raise ScepError("The SCEP answer belongs to another transaction.")
        if answer.attributes.get(_RECIPIENT_NONCE) != nonce:
            raise ScepError("The SCEP answer does not carry the nonce of the request.")
        status = attributes.get(_PKI_STATUS)
        if status == "2":
            raise ScepRefused(attributes.get(_FAIL_INFO, "unknown"))
        if status != "0":
            raise ScepError(f"The SCEP server wants the device to wait or says nothing known (status {status}).")
        return answer


def _accepted(reply: Reply, operation: str) -> Reply:
    if reply.status_code != 200:
        message = f"The SCEP server answered {operation} with HTTP {reply.status_code}."
        raise ScepError(message, retryable=reply.status_code >= 500)
    return reply


def _certificate_request(key: rsa.RSAPrivateKey, payload: ScepPayload) -> bytes:
    """A PKCS #10 request in DER with the payload's subject, key usage and challenge."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(payload.x509_subject())
    if payload.key_usage:
        builder = builder.add_extension(
            x509.KeyUsage(
                digital_signature=bool(payload.key_usage & _SIGNING),
                content_commitment=False,
                key_encipherment=bool(payload.key_usage & _ENCRYPTION),
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    if payload.challenge:
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, payload.challenge.encode("utf-8"))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _encryption_certificate(authorities: Sequence[x509.Certificate]) -> x509.Certificate:
    """The certificate to encrypt for: one whose key usage allows key encipherment, else the first."""
    for certificate in authorities:
        try:
            usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        except x509.ExtensionNotFound:
            continue
        if usage.key_encipherment:
            return certificate
    return authorities[0]


def _transaction_id(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest().upper()


def _issued_certificate(
    answer: SignedMessage, decryption_key: rsa.RSAPrivateKey, key: rsa.RSAPrivateKey
) -> x509.Certificate:
    """The certificate in a CertRep, which is encrypted for whoever signed the request. Raises ScepError."""
    try:
        certificates = read_certificates(decrypt(answer.content, decryption_key)[0])
    except CmsError as error:
        raise ScepError(f"The SCEP answer cannot be read: {error}.") from error
    wanted = key.public_key()
    if not certificates or certificates[0].public_key() != wanted:
        raise ScepError("The SCEP answer holds no certificate for the device's key.")
    return certificates[0]
