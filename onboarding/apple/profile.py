"""The enrolment profile: an identity by SCEP and the MDM payload that uses it.

https://developer.apple.com/documentation/devicemanagement/mdm and …/devicemanagement/scep
"""

import uuid
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings

from commands.apple import plist
from config.api.errors import Conflict
from tenants.crypto import cms
from tenants.models import Tenant
from tenants.selectors import enrolment_topic
from tenants.services.authority import Authority

CONTENT_TYPE = "application/x-apple-aspen-config"
ACCESS_RIGHTS = 8191  # all of them
KEY_USAGE = 5  # signing and encryption
CAPABILITIES = ["com.apple.mdm.bootstraptoken"]


@dataclass(frozen=True)
class ProfileContents:
    """What differs from profile to profile of a tenant."""

    tenant: Tenant
    topic: str
    challenge: str


def profile_contents(*, tenant: Tenant, challenge: str, topic: str | None = None) -> ProfileContents:
    """Conflict while the tenant has no APNs certificate: a device without a topic could never be woken."""
    topic = topic or enrolment_topic(tenant=tenant)
    if not topic:
        raise Conflict("This tenant has no valid APNs certificate, so its devices cannot enrol yet.")
    return ProfileContents(tenant, topic, challenge)


def build_profile(contents: ProfileContents) -> bytes:
    """The unsigned profile. Identifiers are the tenant's own, so that a renewed profile replaces the old one."""
    tenant = contents.tenant
    identifier = f"muster.enrolment.{tenant.pk}"
    scep_uuid = _stable_uuid(tenant, "scep")
    return plist.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": identifier,
            "PayloadUUID": _stable_uuid(tenant, "profile"),
            "PayloadDisplayName": f"{tenant.name} device management",
            "PayloadDescription": f"Lets {tenant.name} manage this device.",
            "PayloadOrganization": tenant.name,
            "PayloadScope": "System",
            "PayloadContent": [
                _scep_payload(contents, identifier, scep_uuid),
                _mdm_payload(contents, identifier, scep_uuid),
            ],
        }
    )


def _scep_payload(contents: ProfileContents, identifier: str, scep_uuid: str) -> dict[str, Any]:
    return {
        "PayloadType": "com.apple.security.scep",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.scep",
        "PayloadUUID": scep_uuid,
        "PayloadDisplayName": "Device identity",
        "PayloadContent": {
            "URL": f"{settings.BASE_URL}/mdm/scep/{contents.tenant.pk}",
            "Name": "Muster",
            "Challenge": contents.challenge,
            "Key Type": "RSA",
            "Keysize": 2048,
            "Key Usage": KEY_USAGE,
            "Subject": [[["O", contents.tenant.name]], [["CN", "Muster device identity"]]],
            "Retries": 3,
            "RetryDelay": 10,
        },
    }


def _mdm_payload(contents: ProfileContents, identifier: str, scep_uuid: str) -> dict[str, Any]:
    return {
        "PayloadType": "com.apple.mdm",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.mdm",
        "PayloadUUID": _stable_uuid(contents.tenant, "mdm"),
        "PayloadDisplayName": "Device management",
        "ServerURL": f"{settings.BASE_URL}/mdm/connect",
        "CheckInURL": f"{settings.BASE_URL}/mdm/checkin",
        "Topic": contents.topic,
        "IdentityCertificateUUID": scep_uuid,
        "SignMessage": True,
        "CheckOutWhenRemoved": True,
        "AccessRights": ACCESS_RIGHTS,
        "ServerCapabilities": CAPABILITIES,
    }


def _stable_uuid(tenant: Tenant, part: str) -> str:
    return str(uuid.uuid5(tenant.pk, part)).upper()


def sign_profile(profile: bytes, *, authority: Authority) -> bytes:
    """The profile as devices take it: with the configured public certificate, else with the tenant's own signer."""
    if settings.PROFILE_SIGNING_CERTIFICATE:
        certificate, *chain = x509.load_pem_x509_certificates(settings.PROFILE_SIGNING_CERTIFICATE.encode())
        key = load_pem_private_key(settings.PROFILE_SIGNING_KEY.encode(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TypeError("PROFILE_SIGNING_KEY must be an RSA or EC key")
        return cms.sign(profile, certificate=certificate, key=key, chain=chain)
    return cms.sign(
        profile,
        certificate=authority.signer_certificate,
        key=authority.signer_private_key,
        chain=[authority.certificate],
    )
