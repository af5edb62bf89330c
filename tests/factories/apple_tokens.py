"""DEP and VPP tokens as Apple hands them out, and the rows they belong to."""

from __future__ import annotations

import base64
import datetime as dt
import json
import textwrap
from typing import Any

from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from tenants.models import DepToken, Tenant, VppToken
from tests.factories.pki import Identity, identity, key_pem, pem

DEP_FIELDS = {
    "consumer_key": "CK_planted-consumer-key",
    "consumer_secret": "CS_planted-consumer-secret",
    "access_token": "AT_planted-access-token",
    "access_secret": "AS_planted-access-secret",
    "access_token_expiry": "2099-11-23T06:36:41Z",
}
VPP_FIELDS = {"token": "planted-vpp-token/+=", "expDate": "2099-06-24T15:50:50+0000", "orgName": "Example Org"}
SECRETS = [value for name, value in DEP_FIELDS.items() if name != "access_token_expiry"] + [VPP_FIELDS["token"]]


def dep_identity(name: str = "DEP key") -> Identity:
    """The same keys for the same name, and the same certificate."""
    if name not in _identities:
        _identities[name] = identity(name)
    return _identities[name]


_identities: dict[str, Identity] = {}


def DepTokenFactory(tenant: Tenant, *, name: str = "DEP key", **fields: Any) -> DepToken:
    """Waiting for Apple's token, with the key of that name."""
    ours = dep_identity(name)
    return DepToken.objects.create(
        **{"tenant": tenant, "private_key": key_pem(ours.key), "certificate": pem(ours.certificate), **fields}
    )


def CompletedDepTokenFactory(tenant: Tenant, *, days: int | None = None, **fields: Any) -> DepToken:
    """Ends in so many days; without a number, in 2099."""
    secrets = {name: value for name, value in DEP_FIELDS.items() if name != "access_token_expiry"}
    end = timezone.now() + dt.timedelta(days=days) if days is not None else "2099-11-23T06:36:41Z"
    completed = {"state": "COMPLETED", "token_expiry_on": end, "token_name": f"{tenant.name} ABM"}
    return DepTokenFactory(tenant, **{**completed, **secrets, **fields})


def VppTokenFactory(tenant: Tenant, **fields: Any) -> VppToken:
    number = (VppToken.objects.order_by("-id").values_list("id", flat=True).first() or 10_000) + 1
    made = {"id": number, "key": f"{number:064}", "token": VPP_FIELDS["token"], "org_name": f"{tenant.name} Org"}
    return VppToken.objects.create(
        **{"tenant": tenant, "token_expiry_on": timezone.now() + dt.timedelta(days=200), **made, **fields}
    )


def dep_text(document: object | None = None, **changes: Any) -> bytes:
    """What Apple encrypts: headers, and JSON between two marks. A change to None leaves the field out."""
    told = {**DEP_FIELDS, **changes}
    shown = document if document is not None else {name: value for name, value in told.items() if value is not None}
    text = shown if isinstance(shown, str) else json.dumps(shown)
    lines = ["Content-Type: text/plain;charset=UTF-8", "Content-Transfer-Encoding: 7bit", ""]
    return "\r\n".join([*lines, "-----BEGIN MESSAGE-----", text, "-----END MESSAGE-----", ""]).encode()


def enveloped(content: bytes, to: Identity) -> bytes:
    """DER, made by `cryptography`."""
    builder = pkcs7.PKCS7EnvelopeBuilder(_data=content).set_content_encryption_algorithm(AES128)
    return builder.add_recipient(to.certificate).encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def smime(der: bytes, *, end: str = "\r\n") -> bytes:
    """The file: MIME headers and base64 in lines."""
    headers = [
        'Content-Type: application/pkcs7-mime; name="smime.p7m"; smime-type=enveloped-data',
        "Content-Transfer-Encoding: base64",
        'Content-Disposition: attachment; filename="smime.p7m"',
        "Content-Description: S/MIME Encrypted Message",
        "",
    ]
    return end.join([*headers, *textwrap.wrap(base64.b64encode(der).decode(), 76), ""]).encode()


def p7m(name: str = "DEP key", document: object | None = None, **changes: Any) -> bytes:
    return smime(enveloped(dep_text(document, **changes), dep_identity(name)))


def vpptoken(document: object | None = None, **changes: Any) -> bytes:
    told = {**VPP_FIELDS, **changes}
    shown = document if document is not None else {name: value for name, value in told.items() if value is not None}
    return base64.b64encode(json.dumps(shown).encode())


def form(**parts: Any) -> dict[str, Any]:
    """The body and its type, for a call; bytes become files."""
    told = {
        name: SimpleUploadedFile(f"{name}.bin", value) if isinstance(value, bytes) else value
        for name, value in parts.items()
    }
    return {"body": encode_multipart(BOUNDARY, told), "content_type": MULTIPART_CONTENT}
