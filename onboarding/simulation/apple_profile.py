"""Reading configuration profiles as a device does: signed or plain, and the enrolment payloads in them.

Payload keys: Apple's "Mobile Device Management" and "SCEP" profile-specific payload keys.
"""

import plistlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from xml.parsers.expat import ExpatError

from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from onboarding.simulation.apple_cms import CmsError, read_signed

_NAME_OIDS = {
    "C": NameOID.COUNTRY_NAME,
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
}
_REQUIRED_PROFILE_KEYS = ("PayloadIdentifier", "PayloadUUID", "PayloadVersion")
SIGN_MESSAGE_DEFAULT = False  # without SignMessage a device shows its certificate in TLS only


class ProfileError(ValueError):
    """A profile is not acceptable. ``code`` is the device's code in ``MCProfileErrorDomain``."""

    def __init__(self, message: str, *, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Profile:
    """A readable configuration profile: its dictionary and the certificates it was signed with (none: unsigned)."""

    content: dict[str, Any]
    signers: tuple[x509.Certificate, ...]

    @property
    def identifier(self) -> str:
        return str(self.content["PayloadIdentifier"])

    def payloads(self, payload_type: str) -> list[dict[str, Any]]:
        """The payloads of one type, in their order."""
        payloads = self.content.get("PayloadContent", [])
        return [payload for payload in payloads if payload.get("PayloadType") == payload_type]


@dataclass(frozen=True)
class ScepPayload:
    """Where and how to ask for an identity certificate. ``subject``: relative names of (type, value) pairs."""

    url: str
    name: str
    challenge: str
    subject: list[list[list[str]]]
    key_size: int
    key_usage: int
    ca_fingerprint: str
    """Hex of the CA certificate's SHA-1 or SHA-256, or an empty string when the profile names none."""

    def x509_subject(self) -> x509.Name:
        return x509.Name(
            x509.RelativeDistinguishedName(
                x509.NameAttribute(_NAME_OIDS.get(kind) or ObjectIdentifier(kind), value) for kind, value in group
            )
            for group in self.subject
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class EnrolmentProfile:
    """What a device takes from an enrolment profile: the MDM payload's settings and the SCEP payload it names."""

    identifier: str
    scep: ScepPayload
    server_url: str
    check_in_url: str
    topic: str
    sign_message: bool
    check_out_when_removed: bool


def read_plist(content: bytes) -> object:
    """The object in a property list, None for anything else."""
    try:
        return plistlib.loads(content)
    except (ValueError, ExpatError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        return None  # plistlib raises any of these for one broken list or another


def read_profile(data: bytes) -> Profile:
    """Reads a signed (CMS, DER or BER) or plain profile. Raises ProfileError."""
    signers: tuple[x509.Certificate, ...] = ()
    if data[:1] == b"\x30":
        try:
            signed = read_signed(data)
        except CmsError as error:
            raise ProfileError(f"The profile's signature is invalid: {error}.", code=1004) from error
        others = (certificate for certificate in signed.certificates if certificate != signed.signer)
        data, signers = signed.content, (signed.signer, *others)
    return Profile(_read_dictionary(data), signers)


def _read_dictionary(data: bytes) -> dict[str, Any]:
    content = read_plist(data)
    if content is None:
        raise ProfileError("The profile is not a property list.", code=1000)
    if not isinstance(content, dict) or content.get("PayloadType") != "Configuration":
        raise ProfileError("The property list is not a configuration profile.", code=1000)
    missing = [key for key in _REQUIRED_PROFILE_KEYS if key not in content]
    if missing:
        raise ProfileError(f"The profile misses the required field {missing[0]}.", code=1002)
    payloads = content.get("PayloadContent", [])
    if not isinstance(payloads, list) or not all(isinstance(payload, dict) for payload in payloads):
        raise ProfileError("The field PayloadContent is not a list of payloads.", code=1003)
    for key, code in (("PayloadUUID", 1007), ("PayloadIdentifier", 1008)):
        values = [payload[key] for payload in payloads if key in payload]
        if len(values) > len({str(value) for value in values}):
            raise ProfileError(f"Two payloads of the profile have the same {key}.", code=code)
    return content


def read_enrolment(data: bytes) -> EnrolmentProfile:
    """Reads an enrolment profile. Raises ProfileError when a payload or a setting is missing or wrong."""
    profile = read_profile(data)
    mdm_payloads = profile.payloads("com.apple.mdm")
    if len(mdm_payloads) != 1:
        raise ProfileError(f"An enrolment profile has one MDM payload, this one has {len(mdm_payloads)}.", code=1002)
    mdm = mdm_payloads[0]
    identity = _text(mdm, "IdentityCertificateUUID")
    scep = [
        payload for payload in profile.payloads("com.apple.security.scep") if payload.get("PayloadUUID") == identity
    ]
    if not scep:
        raise ProfileError("IdentityCertificateUUID names no SCEP payload of the profile.", code=1002)
    server_url = _text(mdm, "ServerURL")
    topic = _text(mdm, "Topic")
    if not topic.startswith("com.apple.mgmt."):
        raise ProfileError(f"The topic {topic} does not begin with com.apple.mgmt.", code=1010)
    return EnrolmentProfile(
        identifier=profile.identifier,
        scep=_read_scep(scep[0].get("PayloadContent")),
        server_url=server_url,
        check_in_url=str(mdm.get("CheckInURL") or server_url),
        topic=topic,
        sign_message=bool(mdm.get("SignMessage", SIGN_MESSAGE_DEFAULT)),
        check_out_when_removed=bool(mdm.get("CheckOutWhenRemoved", False)),
    )


def _read_scep(content: object) -> ScepPayload:
    if not isinstance(content, dict):
        raise ProfileError("The SCEP payload has no PayloadContent.", code=1002)
    if content.get("Key Type", "RSA") != "RSA":
        raise ProfileError("The SCEP payload asks for a key that is not RSA.", code=1010)
    url = _text(content, "URL")
    try:
        payload = ScepPayload(
            url=url,
            name=str(content.get("Name", "")),
            challenge=str(content.get("Challenge", "")),
            subject=[[[str(kind), str(value)] for kind, value in group] for group in content.get("Subject", [])],
            key_size=int(content.get("Keysize", 1024)),
            key_usage=int(content.get("Key Usage", 0)),
            ca_fingerprint=bytes(content.get("CAFingerprint", b"")).hex(),
        )
        payload.x509_subject()  # a name X.509 cannot hold is found here
    except (TypeError, ValueError) as error:
        raise ProfileError(f"The SCEP payload has a setting of a wrong type: {error}.", code=1003) from error
    return payload


def _text(payload: Mapping[str, Any], key: str) -> str:
    value = payload.get(key)
    if not isinstance(value, str) or not value:
        raise ProfileError(f"The required field {key} is missing.", code=1002)
    return value
