"""The smallest server a device can be managed by: SCEP, check-in and a queue, in memory.

``TinyMdmServer.request`` is an HTTP client that answers itself; ``serve`` puts the same behind a real socket.
With ``openssl_judges`` it opens what a device sends over SCEP with the ``openssl`` command, so that the device's own
CMS code is not its only judge; that costs 100 ms a request.
"""

import base64
import plistlib
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID

from onboarding.simulation.apple_cms import (
    SignedMessage,
    Signer,
    decrypt,
    encrypt_for,
    read_signed,
    sign_with_attributes,
)
from onboarding.simulation.apple_der import octet_string, oid, printable_string
from onboarding.simulation.identity import Identity

TOPIC = "com.apple.mgmt.External.11111111-2222-3333-4444-555555555555"
MESSAGE_TYPE, PKI_STATUS, FAIL_INFO, SENDER_NONCE, RECIPIENT_NONCE, TRANSACTION_ID = (
    oid(f"2.16.840.1.113733.1.9.{number}") for number in (2, 3, 4, 5, 6, 7)
)


@cache
def some_key(number: int) -> rsa.RSAPrivateKey:
    """Keys are slow to make: the tests share a few."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def authority() -> Identity:
    """The CA of the tests."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tiny CA")])
    return Identity(some_key(100), _certificate(name, name, some_key(100), some_key(100), is_ca=True))


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: Any, signing_key: rsa.RSAPrivateKey, *, is_ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key if isinstance(key, rsa.RSAPublicKey) else key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if not is_ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return builder.sign(signing_key, hashes.SHA256())


@dataclass(frozen=True)
class TinyReply:
    status_code: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ScepRequest:
    """One PKIOperation as the server understood it."""

    method: str
    message_type: str
    signer: x509.Certificate
    challenge: str
    subject: str


class TinyMdmServer:
    """One device's worth of server; an item of ``queue`` with a UDID waits for that device.

    What tests look at: ``check_ins``, ``reports``, ``scep_requests``, ``machine_infos``.
    """

    def __init__(self, base_url: str = "http://mdm.test") -> None:
        self.base_url = base_url
        self.openssl_judges = False
        self.capabilities = "POSTPKIOperation\nRenewal\nAES\nSHA-256\nSCEPStandard\n"
        self.queue: list[dict[str, Any]] = []
        self.challenges = {"open sesame"}
        self.check_ins: list[dict[str, Any]] = []
        self.reports: list[dict[str, Any]] = []
        self.scep_requests: list[ScepRequest] = []
        self.machine_infos: list[SignedMessage] = []
        self.ade_replies: list[TinyReply] = []  # what to answer to the next of them instead of a profile
        self.requests: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.files: dict[str, bytes] = {}  # by path, served in parts too
        self.answers: dict[str, TinyReply] = {}  # by MessageType, Status or path: what to answer instead
        self.scep_answer_changes: dict[bytes, bytes] = {}  # signed attributes of the CertRep to get wrong
        self.bootstrap_token = b""
        self._deferred: set[str] = set()
        self._lock = threading.Lock()

    # --- what an administrator does -------------------------------------------------------------------------

    def enqueue(self, request_type: str, **arguments: Any) -> str:
        """Queues a command for whichever device comes first and gives its UUID."""
        command_uuid = f"command-{len(self.queue) + len(self.reports) + 1}-{request_type}"
        self.queue.append({"CommandUUID": command_uuid, "Command": {"RequestType": request_type, **arguments}})
        return command_uuid

    def last_report(self, command_uuid: str) -> dict[str, Any]:
        return next(report for report in reversed(self.reports) if report.get("CommandUUID") == command_uuid)

    def profile(self, *, signed: bool = True, challenge: str = "open sesame", **mdm_changes: Any) -> bytes:
        """An enrolment profile; ``None`` as a change of the MDM payload leaves a key out."""
        mdm = {
            "PayloadType": "com.apple.mdm",
            "PayloadUUID": "mdm-payload",
            "PayloadIdentifier": "test.enrol.mdm",
            "PayloadVersion": 1,
            "ServerURL": f"{self.base_url}/connect",
            "CheckInURL": f"{self.base_url}/checkin",
            "Topic": TOPIC,
            "IdentityCertificateUUID": "scep-payload",
            "SignMessage": True,
            "CheckOutWhenRemoved": True,
            "AccessRights": 8191,
            **mdm_changes,
        }
        scep = {
            "PayloadType": "com.apple.security.scep",
            "PayloadUUID": "scep-payload",
            "PayloadIdentifier": "test.enrol.scep",
            "PayloadVersion": 1,
            "PayloadContent": {
                "URL": f"{self.base_url}/scep",
                "Name": "tiny",
                "Challenge": challenge,
                "Key Type": "RSA",
                "Keysize": 2048,
                "Key Usage": 5,
                "Subject": [[["O", "Example"]], [["CN", "device"]]],
            },
        }
        content = {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": "test.enrol",
            "PayloadUUID": "enrol-profile",
            "PayloadDisplayName": "Enrolment",
            "PayloadContent": [scep, {key: value for key, value in mdm.items() if value is not None}],
        }
        plain = plistlib.dumps(content)
        return sign_profile(plain) if signed else plain

    # --- HTTP -------------------------------------------------------------------------------------------------

    def request(
        self, method: str, url: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> TinyReply:
        with self._lock:
            return self._answer(method, url, content, headers)

    def _answer(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str] | None) -> TinyReply:
        parts = urlsplit(url)
        self.requests.append((parts.path, content or b"", headers or {}))
        if parts.path == "/scep":
            return self._scep(method, parse_qs(parts.query), content or b"")
        if parts.path == "/ade":
            self.machine_infos.append(read_signed(content or b""))
            return self.ade_replies.pop(0) if self.ade_replies else self._fresh_profile()
        if method == "GET" and parts.path in self.answers:
            return self.answers[parts.path]
        if parts.path in self.files:
            return self._file(self.files[parts.path], (headers or {}).get("Range", ""))
        if parts.path.endswith("/profile.mobileconfig"):
            return self._fresh_profile()
        message = plistlib.loads(content or b"")
        kind = message.get("MessageType") or message["Status"]
        signed = base64.b64decode((headers or {})["Mdm-Signature"])
        signer = read_signed(signed, detached_content=content).signer
        signer.verify_directly_issued_by(authority().certificate)
        if kind in self.answers:
            return self.answers[kind]
        return self._check_in(message) if "MessageType" in message else self._connect(message)

    def _fresh_profile(self) -> TinyReply:
        challenge = f"challenge {len(self.requests)}"
        self.challenges.add(challenge)
        return TinyReply(200, self.profile(challenge=challenge))

    def _file(self, content: bytes, asked: str) -> TinyReply:
        first, _, last = asked.removeprefix("bytes=").partition("-")
        if not asked:
            return TinyReply(200, content)
        part = content[int(first) : int(last) + 1] if last else content[int(first) :]
        told = f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"
        return TinyReply(206, part, {"Content-Range": told, "ETag": '"one"'})

    def _check_in(self, message: dict[str, Any]) -> TinyReply:
        self.check_ins.append(message)
        if message["MessageType"] == "SetBootstrapToken":
            self.bootstrap_token = message["BootstrapToken"]
        if message["MessageType"] == "GetBootstrapToken":
            return TinyReply(200, plistlib.dumps({"BootstrapToken": self.bootstrap_token}))
        return TinyReply(200)

    def _connect(self, report: dict[str, Any]) -> TinyReply:
        self.reports.append(report)
        if report["Status"] == "Idle":
            self._deferred.clear()
        elif report["Status"] == "NotNow":
            self._deferred.add(report["CommandUUID"])
        else:
            self.queue = [item for item in self.queue if item.get("CommandUUID") != report.get("CommandUUID")]
        mine = (item for item in self.queue if item.get("UDID", report["UDID"]) == report["UDID"])
        command = next((item for item in mine if item.get("CommandUUID") not in self._deferred), None)
        return TinyReply(200, plistlib.dumps(command) if command else b"")

    def _scep(self, method: str, query: dict[str, list[str]], content: bytes) -> TinyReply:
        operation = query["operation"][0]
        if operation == "GetCACaps":
            return TinyReply(200, self.capabilities.encode())
        if operation == "GetCACert":
            headers = {"Content-Type": "application/x-x509-ca-cert"}
            return TinyReply(200, authority().certificate.public_bytes(serialization.Encoding.DER), headers)
        message = base64.b64decode(query["message"][0]) if method == "GET" else content
        return TinyReply(200, self._issue(method, message), {"Content-Type": "application/x-pki-message"})

    def _issue(self, method: str, message: bytes) -> bytes:
        attributes = read_signed(message).attributes
        signer = read_signed(message).signer
        enveloped, request_der = self._open(message)
        request = x509.load_der_x509_csr(request_der)
        challenge = bytes(request.attributes.get_attribute_for_oid(AttributeOID.CHALLENGE_PASSWORD).value).decode()
        message_type = attributes[MESSAGE_TYPE].decode()
        self.scep_requests.append(
            ScepRequest(method, message_type, signer, challenge, request.subject.rfc4514_string())
        )
        allowed = message_type == "17" or challenge in self.challenges
        self.challenges.discard(challenge)
        answer = {
            MESSAGE_TYPE: printable_string("3"),
            PKI_STATUS: printable_string("0" if allowed else "2"),
            TRANSACTION_ID: printable_string(attributes[TRANSACTION_ID].decode()),
            RECIPIENT_NONCE: octet_string(attributes[SENDER_NONCE]),
            SENDER_NONCE: octet_string(b"0123456789abcdef"),
            **({} if allowed else {FAIL_INFO: printable_string("2")}),
            **self.scep_answer_changes,
        }
        body = self._cert_rep(request, signer, enveloped) if allowed else b""
        return sign_with_attributes(body, authority(), digest="sha256", detached=False, attributes=answer)

    def _open(self, message: bytes) -> tuple[bytes, bytes]:
        """The enveloped data in the signed message, and what is in the envelope."""
        if self.openssl_judges:
            enveloped = openssl("cms", "-verify", "-noverify", "-inform", "DER", message=message)
            return enveloped, decrypt_with_openssl(enveloped, authority())
        enveloped = read_signed(message).content
        return enveloped, decrypt(enveloped, authority().key)[0]

    def _cert_rep(self, request: x509.CertificateSigningRequest, recipient: x509.Certificate, asked: bytes) -> bytes:
        ca = authority()
        issued = _certificate(request.subject, ca.certificate.subject, request.public_key(), ca.key, is_ca=False)
        certificates = pkcs7.serialize_certificates([issued], serialization.Encoding.DER)
        if oid("2.16.840.1.101.3.4.1.2") in asked:
            builder = pkcs7.PKCS7EnvelopeBuilder().set_data(certificates).add_recipient(recipient)
            builder = builder.set_content_encryption_algorithm(algorithms.AES128)
            return builder.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
        ciphers = {"des": "1.3.14.3.2.7", "3des": "1.2.840.113549.3.7", "aes256": "2.16.840.1.101.3.4.1.42"}
        cipher = next(name for name, dotted in ciphers.items() if oid(dotted) in asked)
        return encrypt_for(certificates, recipient, cipher=cipher)  # type: ignore[arg-type]


def sign_profile(content: bytes) -> bytes:
    """As a server signs profiles: attached, DER."""
    ca = authority()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(ca.certificate, ca.key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def openssl(*arguments: str, message: bytes) -> bytes:
    """Runs the openssl command on the message. Raises CalledProcessError when it disapproves."""
    return subprocess.run(["openssl", *arguments], input=message, capture_output=True, check=True).stdout


def verify_with_openssl(signature: bytes, content: bytes) -> None:
    """Raises CalledProcessError unless the detached signature is good and its certificate is the tests' CA's."""
    with tempfile.TemporaryDirectory() as folder:
        content_file, ca_file = Path(folder, "content"), Path(folder, "ca.pem")
        content_file.write_bytes(content)
        ca_file.write_text(authority().certificate_pem)
        openssl(
            *("cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"),
            *("-content", str(content_file), "-CAfile", str(ca_file)),
            message=signature,
        )


def decrypt_with_openssl(enveloped: bytes, recipient: Signer) -> bytes:
    identity = Identity(recipient.key, recipient.certificate)
    with tempfile.TemporaryDirectory() as folder:
        key_file = Path(folder, "key.pem")
        key_file.write_text(identity.key_pem + identity.certificate_pem)
        providers = ("-provider", "default", "-provider", "legacy")  # legacy: single DES
        files = ("-inkey", str(key_file), "-recip", str(key_file))
        return openssl("cms", "-decrypt", "-binary", "-inform", "DER", *files, *providers, message=enveloped)


@contextmanager
def serve(server: TinyMdmServer) -> Iterator[str]:
    """Puts the server on a free port of this machine and gives its base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = server.request(self.command, self.path, content=content, headers=dict(self.headers))
            self.send_response(reply.status_code)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

        do_GET = do_PUT = do_POST = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        server.base_url = f"http://127.0.0.1:{listener.server_address[1]}"
        threading.Thread(target=listener.serve_forever, daemon=True, kwargs={"poll_interval": 0.02}).start()
        try:
            yield server.base_url
        finally:
            listener.shutdown()
