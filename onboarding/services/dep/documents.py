"""What Apple is told of a profile.

https://developer.apple.com/documentation/devicemanagement/profile
"""

import hashlib
from typing import Any

import orjson
from django.conf import settings

from onboarding.apple.anchors import anchors
from onboarding.apple.setup_panes import skipped
from onboarding.models import DepProfile


def profile_document(profile: DepProfile) -> dict[str, Any]:
    """Raises UnusableAnchors. What is blank is left out."""
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
        "anchor_certs": list(anchors(settings.DEP_ANCHOR_CERTIFICATES)),
    }
    return {name: value for name, value in told.items() if value not in ("", [])} | {
        "skip_setup_items": told["skip_setup_items"]
    }


def enrolment_url(profile: DepProfile) -> str:
    """Where its devices come for their enrolment profile."""
    return f"{settings.BASE_URL}/mdm/ade/{profile.token}"


def digest_of(document: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()
