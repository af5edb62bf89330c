"""The two token files that Apple's portals hand out, read and checked. Nothing of them is repeated in a refusal.

DEP: `.p7m`, see `tenants.crypto.smime`; JSON with `consumer_key`, `consumer_secret`, `access_token`, `access_secret`,
`access_token_expiry` (github.com/micromdm/nanodep, client/auth.go). VPP: `.vpptoken`, base64 of JSON with `token`,
`expDate` (`2027-06-24T15:50:50+0000`) and `orgName` (github.com/fleetdm/fleet, server/fleet/mdm.go).
"""

import base64
import datetime as dt
import hashlib
from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils import timezone

from config.api.errors import BadRequest
from tenants.crypto import smime
from tenants.crypto.cms import AnotherRecipientError, CmsError, UnsupportedAlgorithmError, decrypt_enveloped
from tenants.file_kinds import DEP_TOKEN, LARGEST_TEXT, VPP_TOKEN, json_in_base64, kind_of
from tenants.texts import CONTROL

DEP_SECRETS = ("consumer_key", "consumer_secret", "access_token", "access_secret")
LONGEST_FIELD = 4096
DEP_REFUSED = "invalid DEP token"
VPP_REFUSED = "invalid VPP token"
DEP_ADVICE = "Upload the .p7m file that Apple Business Manager gives for this record's public key."
VPP_ADVICE = "Upload the .vpptoken file of Apple Business Manager (Payments and Billing, content tokens)."


@dataclass(frozen=True)
class DepCredentials:
    secrets: dict[str, str]  # by the names in DEP_SECRETS
    expires_at: dt.datetime


@dataclass(frozen=True)
class VppCredentials:
    text: str  # the file's base64 on one line
    digest: str  # of the token in it: SHA-256, hex
    org_name: str
    expires_at: dt.datetime


def read_dep_token(file: bytes, *, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> DepCredentials:
    """BadRequest when it is another kind of file, is for another key, lacks a field, or has expired."""
    document = _json_object(smime.enclosed_text(_decrypted(file, certificate, key)))
    secrets = {name: _text(document, name, DEP_REFUSED) for name in DEP_SECRETS}
    return DepCredentials(secrets, _expiry(document, "access_token_expiry", DEP_REFUSED, DEP_ADVICE))


def _decrypted(file: bytes, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> bytes:
    if len(file) > LARGEST_TEXT:
        raise BadRequest(f"{DEP_REFUSED}: the file is too large to be one. {DEP_ADVICE}")
    kind = kind_of(file)
    if kind not in {"", DEP_TOKEN, "a PKCS#7 message"}:
        raise BadRequest(f"{DEP_REFUSED}: the file is {kind}. {DEP_ADVICE}")
    try:
        return decrypt_enveloped(smime.cms_message(file), certificate=certificate, key=key)
    except AnotherRecipientError:
        raise BadRequest(
            f"{DEP_REFUSED}: it was encrypted for another public key than this record's. Upload it to the record whose "
            "public key was given to Apple, or give Apple this record's and download the token again."
        ) from None
    except UnsupportedAlgorithmError:
        raise BadRequest(
            f"{DEP_REFUSED}: it was encrypted in a way that is not supported; Apple's are under AES or 3DES (CBC) and "
            f"RSA. {DEP_ADVICE}"
        ) from None
    except (CmsError, smime.SmimeError):
        raise BadRequest(f"{DEP_REFUSED}: the file is damaged, or is no encrypted message. {DEP_ADVICE}") from None


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise BadRequest(f"{DEP_REFUSED}: the message holds no JSON object. {DEP_ADVICE}")
    return document


def read_vpp_token(file: bytes) -> VppCredentials:
    """BadRequest when it is another kind of file, lacks a field, or has expired."""
    kind = kind_of(file)
    if kind not in {"", VPP_TOKEN}:
        raise BadRequest(f"{VPP_REFUSED}: the file is {kind}. {VPP_ADVICE}")
    document = json_in_base64(file)
    if document is None:
        raise BadRequest(f"{VPP_REFUSED}: the file is damaged, or is not JSON in base64. {VPP_ADVICE}")
    token = _text(document, "token", VPP_REFUSED)
    return VppCredentials(
        text=base64.b64encode(base64.b64decode(b"".join(file.removeprefix(BOM_UTF8).split()))).decode(),
        digest=hashlib.sha256(token.encode()).hexdigest(),
        org_name=_text(document, "orgName", VPP_REFUSED)[:255],
        expires_at=_expiry(document, "expDate", VPP_REFUSED, VPP_ADVICE),
    )


def _text(document: dict[str, Any], name: str, refused: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_FIELD or CONTROL.search(value):
        raise BadRequest(f"{refused}: its field {name} is missing or is not a text.")
    return value


def _expiry(document: dict[str, Any], name: str, refused: str, advice: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(_text(document, name, refused))
        expiry = moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        raise BadRequest(f"{refused}: its field {name} is not a date.") from None
    if expiry <= timezone.now():
        raise BadRequest(f"{refused}: it expired on {expiry:%Y-%m-%d}. Download a new one at Apple. {advice}")
    return expiry
