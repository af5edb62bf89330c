"""Identities for devices: SCEP requests answered by the tenant's authority."""

import hashlib

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction
from django.utils import timezone

from commands.models import AppleEnrolment
from onboarding.models import EnrolmentChallenge, IdentityCertificate
from onboarding.scep.messages import FailInfo, MessageType, Request, ScepError
from onboarding.services.enrolment_profiles import digest_of
from tenants.models import Tenant
from tenants.services.authority import Authority, issue_identity

log = structlog.get_logger(__name__)

MIN_KEY_BITS = 2048


@transaction.atomic
def issue_for_request(*, tenant: Tenant, authority: Authority, request: Request) -> x509.Certificate:
    """The certificate for a SCEP request: by its one-time challenge, or as the renewal of an identity of ours.

    A request that is repeated because its answer got lost gets the same certificate. ScepError when refused.
    """
    key = _public_key(request)
    renews = _renewed_enrolment(tenant, request)
    challenge = None
    if renews is not None:  # a device repeats its first challenge then, used as it is
        repeated = _renewed_before(renews, request, key)
    else:
        challenge = _challenge(tenant, request)
        renews = challenge.renews
        repeated = IdentityCertificate.objects.filter(challenge=challenge).first()
    if repeated is not None:
        return _same_again(repeated, key, request)
    certificate = issue_identity(authority=authority, public_key=key, subject=request.csr.subject)
    _remember(tenant, request, certificate, challenge, renews)
    if challenge is not None:
        challenge.used_at = timezone.now()
        challenge.save(update_fields=["used_at"])
    return certificate


def _public_key(request: Request) -> rsa.RSAPublicKey:
    key = request.csr.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < MIN_KEY_BITS:
        raise _refusal(request, f"the key must be RSA of at least {MIN_KEY_BITS} bits", FailInfo.BAD_ALG)
    return key


def _challenge(tenant: Tenant, request: Request) -> EnrolmentChallenge:
    """Locked, so that of two requests with one challenge the second sees the first one's certificate."""
    if not request.challenge:
        signed_by_stranger = request.message_type is not MessageType.PKCS_REQ
        info = FailInfo.BAD_CERT_ID if signed_by_stranger else FailInfo.BAD_REQUEST
        raise _refusal(request, "the request carries no challenge and renews no enrolled identity", info)
    challenge = (
        EnrolmentChallenge.objects.select_for_update(of=("self",))
        .select_related("renews")
        .filter(tenant=tenant, digest=digest_of(request.challenge))
        .first()
    )
    if challenge is None:
        raise _refusal(request, "the challenge is unknown", FailInfo.BAD_REQUEST)
    if challenge.expires_at < timezone.now() and challenge.used_at is None:
        raise _refusal(request, "the challenge has expired; download the profile again", FailInfo.BAD_TIME)
    return challenge


def _same_again(issued: IdentityCertificate, key: rsa.RSAPublicKey, request: Request) -> x509.Certificate:
    certificate = _certificate(issued)
    if _key_bytes(certificate.public_key()) != _key_bytes(key):
        raise _refusal(request, "the challenge was used before", FailInfo.BAD_REQUEST)
    return certificate


def _renewed_enrolment(tenant: Tenant, request: Request) -> AppleEnrolment | None:
    """The enrolment pinned to the certificate that signed the renewal; None if it is no renewal, or not of ours."""
    if request.message_type not in (MessageType.RENEWAL, MessageType.UPDATE):
        return None
    fingerprint = hashlib.sha256(request.signer.public_bytes(Encoding.DER)).hexdigest()
    return AppleEnrolment.objects.filter(
        tenant=tenant,
        channel=AppleEnrolment.Channel.DEVICE,
        certificate_sha256=fingerprint,
        enabled_at__isnull=False,
        blocked_at__isnull=True,
    ).first()


def _renewed_before(enrolment: AppleEnrolment, request: Request, key: rsa.RSAPublicKey) -> IdentityCertificate | None:
    """What the same transaction was given, if its answer was lost: nothing was said with it yet."""
    issued = IdentityCertificate.objects.filter(
        renews=enrolment, transaction_id=_stored_transaction_id(request), challenge=None, enrolment=None
    ).first()
    if issued is None or _key_bytes(_certificate(issued).public_key()) != _key_bytes(key):
        return None
    return issued


def _stored_transaction_id(request: Request) -> str:
    return request.transaction_id[:255].replace("\0", "")


def _remember(
    tenant: Tenant,
    request: Request,
    certificate: x509.Certificate,
    challenge: EnrolmentChallenge | None,
    renews: AppleEnrolment | None,
) -> None:
    der = certificate.public_bytes(Encoding.DER)
    IdentityCertificate.objects.create(
        tenant=tenant,
        sha256=hashlib.sha256(der).hexdigest(),
        serial_number=f"{certificate.serial_number:x}",
        subject=certificate.subject.rfc4514_string()[:500].replace("\0", ""),
        certificate=certificate.public_bytes(Encoding.PEM).decode(),
        transaction_id=_stored_transaction_id(request),
        challenge=challenge,
        renews=renews,
        not_after=certificate.not_valid_after_utc,
    )


def _certificate(issued: IdentityCertificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(issued.certificate.encode())


def _key_bytes(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _refusal(request: Request, message: str, info: FailInfo) -> ScepError:
    log.warning("scep_refused", reason=message, transaction_id=request.transaction_id[:64])
    return ScepError(message, info, request)
