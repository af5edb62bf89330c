"""Enrolment links and the profiles behind them."""

import datetime as dt
import hashlib
import re
import secrets

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from commands.models import AppleEnrolment
from config.api.errors import NotFound
from devices.models import DeviceGroup
from onboarding.apple.profile import build_profile, profile_contents, sign_profile
from onboarding.models import DepProfile, EnrolmentChallenge, EnrolmentProfile
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant
from tenants.services.authority import open_authority

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
CLOSED = "This enrolment link is not valid any more. Ask for a new one."


@transaction.atomic
def create_enrolment_profile(
    *,
    tenant: Tenant,
    name: str,
    actor: Actor,
    group: DeviceGroup | None = None,
    expires_at: dt.datetime | None = None,
) -> EnrolmentProfile:
    profile = EnrolmentProfile(tenant=tenant, name=name, group=group, expires_at=expires_at, created_by=actor.name)
    profile.full_clean()
    profile.save(force_insert=True)
    audit.record(actor=actor, action="enrolment_profile.created", subject=profile, details={"name": name})
    return profile


@transaction.atomic
def revoke_enrolment_profile(*, profile: EnrolmentProfile, actor: Actor) -> EnrolmentProfile:
    """The link stops working; devices that came by it stay."""
    revoked = EnrolmentProfile.objects.filter(pk=profile.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
    if revoked:
        audit.record(actor=actor, action="enrolment_profile.revoked", subject=profile)
    profile.refresh_from_db()
    return profile


def open_enrolment_profile(token: str) -> EnrolmentProfile:
    """The link's profile; NotFound when it is unknown, revoked or expired."""
    if not TOKEN.fullmatch(token):
        raise NotFound(CLOSED)
    profile = EnrolmentProfile.objects.select_related("tenant").filter(token=token).first()
    if profile is None or not profile.is_open:
        raise NotFound(CLOSED)
    return profile


def newest_open_profile(*, tenant: Tenant, name: str = "") -> EnrolmentProfile:
    """The tenant's link of this name, or of any; NotFound when none is open."""
    profiles = EnrolmentProfile.objects.select_related("tenant").filter(tenant=tenant)
    if name:
        profiles = profiles.filter(name=name)
    profile = next((profile for profile in profiles.order_by("-created_at") if profile.is_open), None)
    if profile is None:
        which = f"link named {name!r}" if name else "link"
        raise NotFound(f"The tenant has no open enrolment {which}. Make one with `manage.py create_enrolment_link`.")
    return profile


def digest_of(challenge: str) -> str:
    return hashlib.sha256(challenge.encode()).hexdigest()


def new_challenge(
    *,
    tenant: Tenant,
    profile: EnrolmentProfile | None = None,
    renews: AppleEnrolment | None = None,
    dep_profile: DepProfile | None = None,
    serial: str = "",
) -> str:
    """A renewal may wait for its device for weeks, and is good for that device alone; so is one with a serial."""
    text = secrets.token_urlsafe(24)
    life = dt.timedelta(hours=settings.ENROLMENT_CHALLENGE_HOURS)
    if renews is not None:
        life = dt.timedelta(days=settings.IDENTITY_RENEWAL_DAYS)
    EnrolmentChallenge.objects.create(
        tenant=tenant,
        profile=profile,
        renews=renews,
        dep_profile=dep_profile,
        serial=serial,
        digest=digest_of(text),
        expires_at=timezone.now() + life,
    )
    return text


@transaction.atomic
def issue_enrolment_profile(*, profile: EnrolmentProfile, signed: bool = True, actor: Actor | None = None) -> bytes:
    """A profile with a fresh one-time challenge. Unsigned only for an operator's tools; who then is the `actor`."""
    contents = profile_contents(tenant=profile.tenant, challenge=new_challenge(tenant=profile.tenant, profile=profile))
    unsigned = build_profile(contents)
    if actor is not None:
        audit.record(actor=actor, action="enrolment_profile.issued", subject=profile, details={"signed": signed})
    return sign_profile(unsigned, authority=open_authority(tenant=profile.tenant)) if signed else unsigned


@transaction.atomic
def issue_renewal_profile(*, enrolment: AppleEnrolment) -> bytes:
    """The enrolment's profile anew. Installed, it gives the device a new identity and keeps its place."""
    tenant = enrolment.tenant
    challenge = new_challenge(tenant=tenant, renews=enrolment)
    return signed_profile(tenant=tenant, challenge=challenge, topic=enrolment.topic)


def signed_profile(*, tenant: Tenant, challenge: str, topic: str | None = None) -> bytes:
    """As devices take it. Conflict when there is no topic to wake them by."""
    contents = profile_contents(tenant=tenant, challenge=challenge, topic=topic)
    return sign_profile(build_profile(contents), authority=open_authority(tenant=tenant))
