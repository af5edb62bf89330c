"""Locations and their tokens: from the upload of a token to the location it is of, and who has that at Apple."""

import secrets
import uuid

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from apps_domain.clients.apple_vpp import NOTIFICATION_TYPES, Library
from apps_domain.clients.vpp_answers import ClientConfig
from apps_domain.clients.vpp_errors import Kind, VppError
from apps_domain.models import VppAssignment, VppLocation
from apps_domain.models.licences import UNKNOWN_UID
from tenants import audit
from tenants.actors import Actor
from tenants.models import VppToken

log = structlog.get_logger(__name__)

SECOND_TOKEN = "A newer token of the same location is in use. This one can be removed."
BAD_ADDRESS = frozenset({9710, 9711, 9712, 9728})  # Apple does not take the address for notifications


def find_new_tokens() -> int:
    """Gives each new token a location, due at once; one that was renewed is looked at again. How many."""
    fresh = [
        VppLocation(
            tenant_id=tenant_id,
            token_id=pk,
            uid=f"{UNKNOWN_UID}{pk}",
            name=org_name,
            notification_secret=secrets.token_urlsafe(32),
        )
        for pk, tenant_id, org_name in VppToken.objects.filter(location__isnull=True).values_list(
            "pk", "tenant_id", "org_name"
        )
    ]
    VppLocation.objects.bulk_create(fresh, ignore_conflicts=True)
    renewed = VppLocation.objects.filter(needs_token=True, token__updated_at__gt=F("problem_at"))
    return len(fresh) + renewed.filter(Q(sync_due_at__gt=timezone.now()) | Q(sync_due_at=None)).update(
        sync_due_at=timezone.now()
    )


def request_sync(*, location: VppLocation, actor: Actor | None = None) -> None:
    """As soon as a worker is free."""
    VppLocation.objects.filter(pk=location.pk).update(sync_due_at=timezone.now())
    if actor is not None:
        audit.record(actor=actor, action="vpp_location.sync_requested", subject=location, details={"uid": location.uid})


@transaction.atomic
def take_over_location(*, location: VppLocation, actor: Actor) -> None:
    """Puts our name on the location at Apple, although another server's is there: a worker does it next."""
    VppLocation.objects.filter(pk=location.pk).update(take_over=True, sync_due_at=timezone.now())
    audit.record(
        actor=actor,
        action="vpp_location.take_over_requested",
        subject=location,
        details={"uid": location.uid, "problem": location.problem},
    )


def meet(location: VppLocation, library: Library) -> VppLocation | None:
    """The location that the token is of, ours to work with; None if a newer token of it is in use.

    Nothing is written at Apple if another device-management server has it, and nobody said to take it over.
    """
    config = library.client_config()
    met = adopt(location, config)
    if met is None:
        return None
    ours = config.mdm_info is not None and config.mdm_info.id == str(met.tenant_id)
    if config.mdm_info is not None and not ours and not met.take_over:
        name = config.mdm_info.name or "without a name"
        raise VppError(f"Another device-management server has this location: {name}.", kind=Kind.FOREIGN)
    if not ours or not _hears_us(met, config):
        _claim(met, library, ours=ours)
    VppLocation.objects.filter(pk=met.pk).update(problem="", problem_at=None, needs_token=False, take_over=False)
    return met


def notification_url(location: VppLocation) -> str:
    """Empty where Apple would not send to: it wants https."""
    url = f"{settings.BASE_URL}/mdm/vpp/notifications/{location.pk}"
    return url if url.startswith("https://") or settings.VPP_URL.startswith("http://") else ""


def _hears_us(location: VppLocation, config: ClientConfig) -> bool:
    """Whether Apple sends its notifications here."""
    url = notification_url(location)
    told = (config.notification_url, config.notification_token)
    return not url or (told == (url, _secret(location)) and config.notification_types >= set(NOTIFICATION_TYPES))


def _claim(location: VppLocation, library: Library, *, ours: bool) -> None:
    """Without notifications if Apple cannot reach us: then it is asked instead."""
    url = notification_url(location)
    try:
        library.claim(metadata=settings.BASE_URL, notification_url=url, secret=_secret(location) if url else "")
    except VppError as error:
        if error.number not in BAD_ADDRESS:
            raise
        log.warning("vpp_notifications_refused", location=str(location.pk), number=error.number, reason=error.message)
        if not ours:
            library.claim(metadata=settings.BASE_URL)


def _secret(location: VppLocation) -> str:
    return bytes(location.notification_secret or b"").decode()


@transaction.atomic
def adopt(location: VppLocation, config: ClientConfig) -> VppLocation | None:
    """Which of the tenant's locations this token is of, now that Apple told; None if it has a better token."""
    rows = {
        row.pk: row
        for row in VppLocation.objects.select_for_update(of=("self",))
        .select_related("token")
        .filter(tenant_id=location.tenant_id)
        .order_by("id")
    }
    mine = rows.get(location.pk)
    if mine is None:
        return None
    known = next((row for row in rows.values() if row.uid == config.uid), None)
    if known is None:
        _become(mine, config.uid)
        known = mine
    elif known.pk != mine.pk and not _is_better(mine.token, known.token):
        _move_wanted(mine, known)
        _set_aside(mine.pk)
        return None
    elif known.pk != mine.pk:
        _exchange(known, mine)
    known.name, known.country = config.location_name or known.name, config.country
    known.save(update_fields=["name", "country"])
    return known


def _become(location: VppLocation, uid: str) -> None:
    """A token that is renewed with one of another location leaves what was known of the first."""
    if not location.uid.startswith(UNKNOWN_UID):
        log.warning("vpp_token_of_another_location", location=str(location.pk), before=location.uid, now=uid)
        location.assignments.all().delete()
        location.licences.all().delete()
        location.events.all().delete()
    location.uid, location.synced_at = uid, None
    location.save(update_fields=["uid", "synced_at"])


def _is_better(token: VppToken, than: VppToken) -> bool:
    return (token.token_expiry_on, token.pk) > (than.token_expiry_on, than.pk)


def _exchange(known: VppLocation, mine: VppLocation) -> None:
    """The location goes on with the new token; the old one is kept aside.

    Of two rows that wait for each other's token one goes and is made again: a token has one location.
    """
    old, new = known.token, mine.token
    claimed = mine.sync_claimed_at
    _move_wanted(mine, known)
    mine.delete()
    known.token, known.sync_claimed_at, known.synced_at = new, claimed, None
    known.save(update_fields=["token", "sync_claimed_at", "synced_at"])
    aside = VppLocation.objects.create(
        tenant_id=known.tenant_id,
        token=old,
        uid=f"{UNKNOWN_UID}{old.pk}",
        name=known.name,
        notification_secret=secrets.token_urlsafe(32),
    )
    _set_aside(aside.pk)


def _move_wanted(mine: VppLocation, known: VppLocation) -> None:
    """What was asked for while nobody knew where the token leads."""
    there = known.assignments.filter(adam_id=OuterRef("adam_id"), serial=OuterRef("serial"))
    mine.assignments.filter(~Exists(there), state=VppAssignment.State.WANTED).update(location=known)


def _set_aside(location_id: uuid.UUID) -> None:
    """Looked at again later: the better token may have been removed meanwhile."""
    VppLocation.objects.filter(pk=location_id).update(
        problem=SECOND_TOKEN, problem_at=timezone.now(), needs_token=False, trouble=""
    )
