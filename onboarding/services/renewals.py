"""Identities that are about to expire: the server installs the enrolment profile anew, the device does the rest."""

import base64
import datetime as dt

import structlog
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from commands.models import AppleEnrolment, CommandRequest, CommandStatus
from commands.models.status import OPEN
from commands.services.requests import create_command_request
from onboarding.models import EnrolmentChallenge, IdentityCertificate
from onboarding.services.enrolment_profiles import issue_renewal_profile
from tenants.actors import SYSTEM, Actor
from tenants.sealing import SealError

log = structlog.get_logger(__name__)

RENEWER = Actor(SYSTEM.kind, "identity renewal")
PAUSE = dt.timedelta(days=7)  # between two attempts at one device
KEPT = dt.timedelta(days=1)  # expired challenges: until then a device is told that it came too late
AT_MOST = 10_000  # devices a run


def renew_identities() -> int:
    """Sends a renewal to each enrolled device whose identity expires soon and that has none open; to how many."""
    sent = 0
    for enrolment in _due()[:AT_MOST]:
        try:
            _renew(enrolment)
        except (SealError, ObjectDoesNotExist):  # this tenant's authority is lost; the others' are not
            log.exception("identity_not_renewed", device=str(enrolment.device_id))
        else:
            sent += 1
    return sent


def prune_challenges() -> int:
    """Those that nobody used and that have long expired; those of renewals are kept for the pause after them."""
    now = timezone.now()
    stale = EnrolmentChallenge.objects.filter(used_at=None, expires_at__lt=now - KEPT)
    return stale.exclude(renews__isnull=False, created_at__gt=now - PAUSE).delete()[0]


def _due() -> QuerySet[AppleEnrolment]:
    now = timezone.now()
    expiring = IdentityCertificate.objects.filter(
        sha256=OuterRef("certificate_sha256"), not_after__lt=now + dt.timedelta(days=settings.IDENTITY_RENEWAL_DAYS)
    )
    lately = EnrolmentChallenge.objects.filter(renews=OuterRef("pk"), created_at__gt=now - PAUSE)
    waiting = CommandStatus.objects.filter(
        device=OuterRef("device"), state__in=OPEN, request__is_internal=True, request__created_by=RENEWER.name
    )
    return (
        AppleEnrolment.objects.filter(
            Exists(expiring),
            ~Exists(lately),
            ~Exists(waiting),
            channel=AppleEnrolment.Channel.DEVICE,
            enabled_at__isnull=False,
            blocked_at__isnull=True,
        )
        .select_related("tenant")
        .order_by("pk")
    )


@transaction.atomic
def _renew(enrolment: AppleEnrolment) -> None:
    profile = base64.b64encode(issue_renewal_profile(enrolment=enrolment)).decode()
    create_command_request(
        tenant=enrolment.tenant,
        actor=RENEWER,
        command="INSTALL_PROFILE",
        command_type=CommandRequest.CommandType.DEVICE,
        devices=[enrolment.device_id],
        command_args={"profile": profile},
        is_internal=True,
    )


@transaction.atomic
def adopt_renewed_identity(*, certificate_sha256: str) -> bool:
    """The first real use of a renewed identity: the enrolment's pin moves to it. False if it is no such use."""
    identity = (
        IdentityCertificate.objects.select_for_update(no_key=True)
        .filter(sha256=certificate_sha256, renews__isnull=False, enrolment__isnull=True)
        .first()
    )
    if identity is None or identity.renews_id is None:
        return False
    moved = AppleEnrolment.objects.filter(pk=identity.renews_id, enabled_at__isnull=False).update(
        certificate_sha256=identity.sha256, updated_at=timezone.now()
    )
    if moved:
        identity.enrolment_id = identity.renews_id
        identity.save(update_fields=["enrolment"])
    return moved == 1
