"""What Apple is told of a profile.

https://developer.apple.com/documentation/devicemanagement/profile
"""

import base64
import hashlib
from functools import lru_cache
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from onboarding.apple.setup_panes import skipped
from onboarding.models import DepProfile


class BadAnchors(Exception):
    """DEP_ANCHOR_CERTIFICATES is no PEM."""


def profile_document(profile: DepProfile) -> dict[str, Any]:
    """Raises BadAnchors. What is blank is left out."""
    told = {
        "profile_name": profile.name,
        "url": enrolment_url(profile),
        "org_magic": str(profile.tenant_id),
        "allow_pairing": profile.allow_pairing,
        "is_supervised": profile.is_supervised,
        "is_mandatory": profile.is_mandatory,
        "is_mdm_removable": profile.is_mdm_removable,
        "await_device_configured": profile.await_device_configured,
        "auto_advance_setup": profile.auto_advance_setup,
        "skip_setup_items": skipped(profile.show_setup_items),
        "language": profile.language,
        "region": profile.region,
        "department": profile.department,
        "support_phone_number": profile.support_phone_number,
        "support_email_address": profile.support_email_address,
        "anchor_certs": anchors(settings.DEP_ANCHOR_CERTIFICATES),
    }
    return {name: value for name, value in told.items() if value not in ("", [])} | {
        "skip_setup_items": told["skip_setup_items"]
    }


def enrolment_url(profile: DepProfile) -> str:
    """Where its devices come for their enrolment profile."""
    return f"{settings.BASE_URL}/mdm/ade/{profile.token}"


def digest_of(document: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


@lru_cache(maxsize=4)
def _anchors(pem: str) -> tuple[str, ...]:
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise BadAnchors(f"DEP_ANCHOR_CERTIFICATES is no PEM of certificates: {error}") from None
    return tuple(base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in found)


def anchors(pem: str) -> list[str]:
    """In base64, as Apple wants them; none if the setting is empty."""
    return list(_anchors(pem)) if pem.strip() else []
