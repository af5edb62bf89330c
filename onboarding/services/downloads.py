"""Enrolment profiles for an operator's own tools."""

from django.db import transaction

from config.api.errors import Conflict
from onboarding.models import EnrolmentProfile
from onboarding.services.enrolment_profiles import issue_enrolment_profile
from tenants import audit
from tenants.actors import Actor


@transaction.atomic
def download_unsigned_profile(*, profile: EnrolmentProfile, actor: Actor) -> bytes:
    """The plain property list, its challenge one-time as always. Conflict when the link is closed."""
    if not profile.is_open:
        raise Conflict("This enrolment link is revoked or expired.")
    body = issue_enrolment_profile(profile=profile, signed=False)
    audit.record(actor=actor, action="enrolment_profile.downloaded_unsigned", subject=profile)
    return body
