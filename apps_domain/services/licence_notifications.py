"""What Apple tells by itself: who got or lost a licence, what was bought.

https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications

Apple repeats them, in any order. Each is noted in the transaction that does what it says, so one counts once, and one
that was not finished counts again.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from apps_domain.clients.vpp_answers import Assigned, Failure, assigned, entries, failure, text
from apps_domain.models import VppAssignment, VppEvent, VppLocation, VppNotification
from apps_domain.services.licence_events import end_if_settled
from apps_domain.services.licence_judging import settle
from apps_domain.services.licence_offers import lock_licences
from apps_domain.services.licence_tables import count_licences, store_assignments

log = structlog.get_logger(__name__)

State = VppAssignment.State
KEPT = dt.timedelta(days=30)  # Apple repeats within minutes
OF_PEOPLE = frozenset({"USER_MANAGEMENT", "USER_ASSOCIATED"})


@transaction.atomic
def take_notification(*, location: VppLocation, told: dict[str, Any]) -> bool:
    """False if it was taken before, or has no id."""
    notification_id, kind = text(told.get("notificationId"), 64), text(told.get("notificationType"), 64)
    if not notification_id:
        return False
    try:
        with transaction.atomic():
            VppNotification.objects.create(location=location, notification_id=notification_id, kind=kind)
    except IntegrityError:
        return False
    content = told.get("notification")
    action = ACTIONS.get(kind)
    if action is not None:
        action(location, content if isinstance(content, dict) else {})
    elif kind not in OF_PEOPLE | {"TEST_NOTIFICATION"}:
        log.info("vpp_notification_unknown", location=str(location.pk), kind=kind)
    return True


def _counts_changed(location: VppLocation, content: dict[str, Any]) -> None:
    """Bought, moved or refunded: how many there are now is read, not added up."""
    VppLocation.objects.filter(pk=location.pk).update(sync_due_at=timezone.now())


def _assignments_changed(location: VppLocation, content: dict[str, Any]) -> None:
    found = [each for entry in entries(content, "assignments") if (each := assigned(entry)) is not None]
    event = VppEvent.objects.filter(location=location, event_id=text(content.get("eventId"), 64)).first()
    error = content.get("error")
    why = failure(error if isinstance(error, dict) else {}) if content.get("result") != "SUCCESS" else None
    adam_ids = {each.adam_id for each in found}
    lock_licences(location.tenant_id, adam_ids)
    if event is not None:
        _settle_ours(location, event, found, why)
    elif why is None and content.get("type") == "ASSOCIATE":
        store_assignments(location, found)
    elif why is None:
        _forget(location, found)
    count_licences(location, adam_ids)


def _settle_ours(location: VppLocation, event: VppEvent, found: list[Assigned], why: Failure | None) -> None:
    """Only what waits for this event: a late notification says nothing about what happened since."""
    serials = [each.serial for each in found if each.serial]
    rows = list(event.assignments.filter(serial__in=serials))
    holds = (event.kind == VppEvent.Kind.ASSOCIATE) == (why is None)
    settle(location, event.kind, rows, {row.serial for row in rows} if holds else set(), {"": why} if why else None)
    end_if_settled(event)


def _forget(location: VppLocation, found: list[Assigned]) -> None:
    """Taken back by somebody else; to be sure, the whole list is read again."""
    gone = Q(pk__in=[])
    for each in found:
        gone |= Q(**asdict(each))
    rows = VppAssignment.objects.filter(gone, location=location, event__isnull=True)
    rows.filter(state__in=[State.ASSIGNED, State.UNWANTED]).delete()
    VppLocation.objects.filter(pk=location.pk).update(sync_due_at=timezone.now())


ACTIONS: dict[str, Callable[[VppLocation, dict[str, Any]], None]] = {
    "ASSET_COUNT": _counts_changed,
    "ASSET_MANAGEMENT": _assignments_changed,
}


def drop_old_notifications() -> int:
    return VppNotification.objects.filter(received_at__lt=timezone.now() - KEPT).delete()[0]
