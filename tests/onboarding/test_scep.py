"""SCEP at the endpoint: every way to ask, every reason to refuse, and what is issued."""

import base64
import datetime as dt
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.test import Client as Http
from django.utils import timezone

from onboarding.models import EnrolmentChallenge, EnrolmentProfile, IdentityCertificate
from onboarding.simulation.apple_cms import CipherName, DigestName
from onboarding.simulation.apple_profile import ScepPayload, read_enrolment
from onboarding.simulation.identity import Identity
from onboarding.simulation.scep_client import ScepClient, ScepOptions, ScepRefused
from tenants.crypto import ber, cms
from tenants.crypto.algorithms import SIGNING_TIME
from tenants.models import Tenant
from tests.factories import pki
from tests.factories.fleet import InProcess, download, key_number, ready_to_enrol
from tests.factories.scep_client import FAIL_INFO, PKI_STATUS, RECIPIENT_NONCE, TRANSACTION_ID, Client, envelope

TYPE = "application/x-pki-message"


def payload(link: EnrolmentProfile) -> ScepPayload:
    """Of a fresh profile: its challenge has not been used."""
    return read_enrolment(download(link)).scep


def ask(scep: ScepPayload, number: int = 900, options: ScepOptions | None = None) -> x509.Certificate:
    key = key_number(number)
    signer = Identity.self_signed(key, scep.x509_subject())
    return ScepClient(InProcess(), scep, options).request_certificate(key, signer)


def authority(link: EnrolmentProfile) -> x509.Certificate:
    return x509.load_der_x509_certificate(Http().get(url(link, "GetCACert")).content)


def url(link: EnrolmentProfile, operation: str) -> str:
    return f"/mdm/scep/{link.tenant_id}?operation={operation}"


def raw_message(
    link: EnrolmentProfile, challenge: str | None, *, key: Any = None, client: Client | None = None
) -> bytes:
    """A request made without the code under test."""
    csr = pki.signing_request(key or pki.rsa_key("scep"), challenge=challenge)
    signer = client or Client(pki.identity("Throw-away", key=pki.rsa_key("scep")))
    recipient = pki.Identity(authority(link), None)
    return signer.message(envelope(csr.public_bytes(Encoding.DER), recipient))


def post(link: EnrolmentProfile, message: bytes, query: str = "") -> Any:
    return Http().generic("POST", url(link, "PKIOperation") + query, message, content_type=TYPE)


def told(response: Any) -> dict[str, str]:
    """The text attributes of an answer, which must be signed."""
    assert response.status_code == 200, response.content
    attributes = cms.verify_signed(response.content).signed_attributes
    texts = {
        name: ber.parse(value) for name, value in attributes.items() if name in (PKI_STATUS, FAIL_INFO, TRANSACTION_ID)
    }
    return {name: node.text() for name, node in texts.items()}


# --- ways to ask --------------------------------------------------------------------------------------------------


def test_names_its_capabilities(link: EnrolmentProfile) -> None:
    response = Http().get(url(link, "GetCACaps"))

    assert response["Content-Type"].startswith("text/plain")
    assert {"POSTPKIOperation", "Renewal", "SHA-256", "AES", "SCEPStandard"} <= set(response.content.decode().split())


def test_shows_its_certificate(link: EnrolmentProfile) -> None:
    response = Http().get(url(link, "GetCACert"))

    assert response["Content-Type"] == "application/x-x509-ca-cert"
    certificate = x509.load_der_x509_certificate(response.content)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize("cipher", ["des", "3des", "aes128", "aes256"])
@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_reads_and_answers_every_cipher_and_digest(
    link: EnrolmentProfile, cipher: CipherName, digest: DigestName
) -> None:
    certificate = ask(payload(link), options=ScepOptions(cipher=cipher, digest=digest))

    assert certificate.public_key() == key_number(900).public_key()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_takes_messages_by_get_and_post(link: EnrolmentProfile, method: str) -> None:
    options = ScepOptions(method="GET" if method == "GET" else "POST")

    assert ask(payload(link), options=options)


def test_takes_a_get_in_base64url(link: EnrolmentProfile) -> None:
    message = base64.urlsafe_b64encode(raw_message(link, payload(link).challenge)).decode().rstrip("=")

    assert told(Http().get(f"{url(link, 'PKIOperation')}&message={message}"))[PKI_STATUS] == "0"


def test_takes_a_post_whose_message_stands_in_the_query_too(link: EnrolmentProfile) -> None:
    message = raw_message(link, payload(link).challenge)
    query = "&message=" + quote(base64.b64encode(message).decode(), safe="")

    response = post(link, message, query)

    assert len(query) > 2000
    assert told(response)[PKI_STATUS] == "0"


def test_takes_request_lines_of_seven_kilobytes(link: EnrolmentProfile) -> None:
    query = "&message=" + "A" * 7000

    assert told(post(link, raw_message(link, payload(link).challenge), query))[PKI_STATUS] == "0"


def test_answers_the_transaction_that_asked(link: EnrolmentProfile) -> None:
    client = Client(pki.identity("Throw-away", key=pki.rsa_key("scep")), transaction_id="T-77", nonce=b"n" * 16)

    response = post(link, raw_message(link, payload(link).challenge, client=client))

    assert told(response)[TRANSACTION_ID] == "T-77"
    nonce = cms.verify_signed(response.content).signed_attributes[RECIPIENT_NONCE]
    assert ber.parse(nonce).octets() == b"n" * 16


# --- what is issued -----------------------------------------------------------------------------------------------


def test_a_certificate_is_for_client_authentication_by_our_authority(link: EnrolmentProfile) -> None:
    certificate, issuer = ask(payload(link)), authority(link)

    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    public = issuer.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), hashes.SHA256())


def test_a_certificate_is_valid_since_an_hour_ago(link: EnrolmentProfile) -> None:
    certificate = ask(payload(link))

    age = timezone.now() - certificate.not_valid_before_utc
    assert dt.timedelta(minutes=55) < age < dt.timedelta(minutes=65)
    assert certificate.not_valid_after_utc > timezone.now() + dt.timedelta(days=700)


def test_an_answer_is_signed_within_its_signers_validity(link: EnrolmentProfile) -> None:
    """Some verifiers compare the two."""
    answer = cms.verify_signed(post(link, raw_message(link, payload(link).challenge)).content)

    text = ber.parse(answer.signed_attributes[SIGNING_TIME]).body.decode()
    moment = dt.datetime.strptime(text, "%y%m%d%H%M%SZ").replace(tzinfo=dt.UTC)
    assert answer.certificate.not_valid_before_utc < moment < answer.certificate.not_valid_after_utc


def test_the_same_request_again_gets_the_same_certificate(link: EnrolmentProfile) -> None:
    scep = payload(link)

    assert ask(scep) == ask(scep)
    assert IdentityCertificate.objects.count() == 1


def test_a_repeated_request_is_served_after_the_challenge_expired(link: EnrolmentProfile) -> None:
    scep = payload(link)
    first = ask(scep)
    EnrolmentChallenge.objects.update(expires_at=timezone.now() - dt.timedelta(days=1))

    assert ask(scep) == first


# --- refusals -----------------------------------------------------------------------------------------------------


def refused(link: EnrolmentProfile, challenge: str | None, **options: Any) -> str:
    """The failInfo of a refusal, after which nothing was issued."""
    before = IdentityCertificate.objects.count()
    answer = told(post(link, raw_message(link, challenge, **options)))
    assert answer[PKI_STATUS] == "2"
    assert IdentityCertificate.objects.count() == before
    return answer[FAIL_INFO]


@pytest.mark.parametrize("challenge", ["wrong", "", None, "x" * 300, "ü", "a'; DROP TABLE"])
def test_refuses_an_unknown_challenge(link: EnrolmentProfile, challenge: str | None) -> None:
    assert refused(link, challenge) == "2"


def test_refuses_an_expired_challenge(link: EnrolmentProfile) -> None:
    challenge = payload(link).challenge

    with time_machine.travel(timezone.now() + dt.timedelta(hours=25), tick=False):
        assert refused(link, challenge) == "3"


def test_refuses_a_used_challenge_with_another_key(link: EnrolmentProfile) -> None:
    scep = payload(link)
    ask(scep, 900)

    with pytest.raises(ScepRefused):
        ask(scep, 901)


def test_refuses_the_challenge_of_another_tenant(link: EnrolmentProfile, other_tenant: Tenant) -> None:
    theirs = payload(ready_to_enrol(other_tenant)).challenge

    assert refused(link, theirs) == "2"
    assert EnrolmentChallenge.objects.get(tenant=other_tenant).used_at is None


def test_refuses_short_rsa_keys(link: EnrolmentProfile) -> None:
    assert refused(link, payload(link).challenge, key=pki.rsa_key("short", 1024)) == "0"


def test_refuses_keys_that_are_not_rsa(link: EnrolmentProfile) -> None:
    key: ec.EllipticCurvePrivateKey = pki.ec_key("scep")

    assert refused(link, payload(link).challenge, key=key) == "0"


def test_refuses_a_renewal_that_no_enrolled_identity_signed(link: EnrolmentProfile) -> None:
    client = Client(pki.identity("Stranger", key=pki.rsa_key("scep")), message_type="17")

    assert refused(link, None, client=client) == "4"


def test_refuses_message_types_that_ask_for_no_certificate(link: EnrolmentProfile) -> None:
    client = Client(pki.identity("Throw-away", key=pki.rsa_key("scep")), message_type="20")

    assert refused(link, payload(link).challenge, client=client) == "2"


def test_refuses_what_was_encrypted_for_another_authority(link: EnrolmentProfile) -> None:
    csr = pki.signing_request(pki.rsa_key("scep"), challenge=payload(link).challenge)
    client = Client(pki.identity("Throw-away", key=pki.rsa_key("scep")))
    message = client.message(envelope(csr.public_bytes(Encoding.DER), pki.authority()))

    assert told(post(link, message))[PKI_STATUS] == "2"


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"\x30\x80" * 500, b"\x30\x03\x02\x01\x01"])
def test_garbage_is_malformed(link: EnrolmentProfile, garbage: bytes) -> None:
    text = quote(base64.b64encode(garbage).decode(), safe="")

    assert post(link, garbage).status_code == 400
    assert Http().get(f"{url(link, 'PKIOperation')}&message={text}").status_code == 400


@pytest.mark.parametrize("operation", ["", "GetNextCACert", "getcacaps"])
def test_an_unknown_operation_is_malformed(link: EnrolmentProfile, operation: str) -> None:
    assert Http().get(url(link, operation)).status_code == 400


def test_a_tenant_without_an_authority_has_no_scep(tenant: Tenant) -> None:
    assert Http().get(f"/mdm/scep/{tenant.pk}?operation=GetCACert").status_code == 404
