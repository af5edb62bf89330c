"""Waking Apple devices: claims the enrolments that are due, pushes in batches, notes what Apple said.

`wake_at` is the whole plan: null while nothing waits, the past when a push is due, the future while one is out, being
made, or to be tried again. A worker that dies after its claim leaves a time that comes due by itself.
"""

import datetime as dt
import random
import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, LiteralString

import structlog
from django.conf import settings
from django.utils import timezone

from commands.apple.apns import ApnsClient, Notification, Outcome, UnusableCertificate, Verdict
from commands.models import AppleEnrolment
from commands.models.status import DELIVERABLE
from config.db import hot_query
from tenants.models import ApnsCertificate
from tenants.sealing import SealError
from tenants.selectors import push_certificate
from tenants.services.apns import stop_topic

log = structlog.get_logger(__name__)

BATCH = 500
LEASE = dt.timedelta(seconds=30)  # longer than a batch takes; a dead worker's claims are free again after it
RETRY_FIRST, RETRY_MOST = 10, 900  # seconds of back-off
DEAD_RETRY = dt.timedelta(days=1)  # a restored device may come back on a token that Apple called dead

CLAIM_SQL: LiteralString = """
UPDATE commands_appleenrolment SET wake_at = %(until)s WHERE id IN (
    SELECT id FROM commands_appleenrolment
    WHERE wake_at <= %(now)s AND enabled_at IS NOT NULL AND channel = 'device'
    ORDER BY wake_at LIMIT %(batch)s FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id
"""

# Open commands whose device nobody is going to wake: a nudge was lost between two transactions.
LOST_SQL: LiteralString = """
UPDATE commands_appleenrolment SET wake_at = %(now)s WHERE id IN (
    SELECT e.id FROM commands_appleenrolment e
    WHERE e.wake_at IS NULL AND e.enabled_at IS NOT NULL AND e.push_token_dead_at IS NULL AND e.channel = 'device'
        AND EXISTS (SELECT 1 FROM commands_commandstatus s
            WHERE s.device_id = e.device_id AND s.state = ANY(%(deliverable)s) AND s.not_before <= %(now)s
                AND (s.closes_at IS NULL OR s.closes_at > %(now)s))
    ORDER BY e.id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id
"""

# The timer is set only where nobody has since our claim: a device may have come, or more may wait for it.
ACCEPTED_SQL: LiteralString = """
UPDATE commands_appleenrolment SET pushed_at = %(at)s, push_failures = 0, push_error = '', push_token_dead_at = NULL,
    wake_at = CASE WHEN wake_at = %(until)s THEN %(repeat)s ELSE wake_at END
WHERE id IN (SELECT id FROM commands_appleenrolment WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE)
"""

Topic = tuple[uuid.UUID, str]  # the tenant's id, and the topic
_clients: dict[tuple[uuid.UUID, str, str], ApnsClient] = {}  # one for each topic: the last entry is the certificate


@dataclass(frozen=True)
class Claim:
    enrolment: AppleEnrolment
    at: dt.datetime
    until: dt.datetime  # what our claim wrote: later writes are compared against it


def wake_due_devices() -> int:
    """Pushes to every device that is due; how many pushes Apple took."""
    taken = 0
    while claims := _claim():
        taken += sum(_push_topic(key, group) for key, group in _by_topic(claims).items())
        if len(claims) < BATCH:
            break
    return taken


def find_lost_wakes(limit: int = 10_000) -> int:
    """Makes them due; how many."""
    return len(
        hot_query(
            LOST_SQL, {"deliverable": [state.value for state in DELIVERABLE], "limit": limit, "now": timezone.now()}
        )
    )


def _claim() -> list[Claim]:
    now = timezone.now()
    until = now + LEASE
    ids = [row[0] for row in hot_query(CLAIM_SQL, {"now": now, "until": until, "batch": BATCH})]
    return [Claim(row, now, until) for row in AppleEnrolment.objects.filter(pk__in=ids).select_related("tenant")]


def _by_topic(claims: list[Claim]) -> dict[Topic, list[Claim]]:
    groups: dict[Topic, list[Claim]] = defaultdict(list)
    for claim in claims:
        groups[(claim.enrolment.tenant_id, claim.enrolment.topic)].append(claim)
    return groups


def _push_topic(key: Topic, claims: list[Claim]) -> int:
    certificate = push_certificate(tenant_id=key[0], topic=key[1])
    if certificate is None:
        _close_clients(key)
        _postpone(claims, f"No valid APNs certificate for the topic {key[1] or '(none)'}.")
        return 0
    notifications = [told for claim in claims if (told := _notification(claim.enrolment))]
    by_id = {str(claim.enrolment.pk): claim for claim in claims}
    told_ids = {notification.id for notification in notifications}
    _postpone([claim for id, claim in by_id.items() if id not in told_ids], "The device has no readable push token.")
    try:
        outcomes = _client(certificate).send(notifications)
    except (UnusableCertificate, SealError, OSError) as error:
        _postpone([by_id[id] for id in told_ids], f"The APNs certificate cannot be used: {error}")
        return 0
    accepted = [by_id[outcome.id] for outcome in outcomes if outcome.verdict is Verdict.ACCEPTED]
    _note_accepted(accepted)
    for outcome in outcomes:
        if outcome.verdict not in {Verdict.ACCEPTED, Verdict.STOP_TOPIC}:
            _note(by_id[outcome.id], outcome)
    stopped = [(by_id[outcome.id], outcome) for outcome in outcomes if outcome.verdict is Verdict.STOP_TOPIC]
    return len(accepted) + (_push_otherwise(key, certificate, stopped) if stopped else 0)


def _push_otherwise(key: Topic, certificate: ApnsCertificate, stopped: list[tuple[Claim, Outcome]]) -> int:
    """Apple refuses the certificate: the topic's next valid one has its turn. How many pushes Apple took."""
    stop_topic(certificate=certificate, reason=stopped[0][1].reason)
    if push_certificate(tenant_id=key[0], topic=key[1]) is not None:
        return _push_topic(key, [claim for claim, _ in stopped])
    for claim, outcome in stopped:
        _note(claim, outcome)
    return 0


def _notification(enrolment: AppleEnrolment) -> Notification | None:
    """None if the enrolment's token or magic is missing, or sealed with a key that we lack."""
    try:
        token, magic = enrolment.push_token, enrolment.push_magic
    except SealError as error:
        log.error("push_token_unreadable", device=str(enrolment.device_id), error=str(error))
        return None
    if not token or not magic:
        return None
    return Notification(
        id=str(enrolment.pk), token=bytes(token), push_magic=bytes(magic).decode(), topic=enrolment.topic
    )


def _client(certificate: ApnsCertificate) -> ApnsClient:
    """One lasting connection per topic and process; a renewed certificate gets its own, and the old one's ends."""
    key = (certificate.tenant_id, certificate.topic, certificate.certificate)
    if key not in _clients:
        _close_clients(key[:2])
        _clients[key] = ApnsClient(
            settings.APNS_HOST,
            settings.APNS_PORT,
            ca_file=settings.APNS_CA_FILE or None,
            certificate_pem=certificate.certificate.encode(),
            private_key_pem=bytes(certificate.private_key),
        )
    return _clients[key]


def _close_clients(topic: Topic) -> None:
    for old in [old for old in _clients if old[:2] == topic]:
        _clients.pop(old).close()


def _note_accepted(claims: list[Claim]) -> None:
    """In one statement: as a rule it is all of them. `claims` were made together."""
    if not claims:
        return
    moments = {"at": claims[0].at, "until": claims[0].until, "repeat": _repeat()}
    hot_query(ACCEPTED_SQL, {"ids": [claim.enrolment.pk for claim in claims], **moments})


def _repeat() -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=settings.PUSH_REPEAT_SECONDS)


def _note(claim: Claim, outcome: Outcome) -> None:
    now = timezone.now()
    failures = claim.enrolment.push_failures + 1
    error = f"{outcome.reason or 'HTTP'} ({outcome.status})"[:255]
    match outcome.verdict:
        case Verdict.DEAD_TOKEN:
            _write(claim, wake_at=now + DEAD_RETRY, always={"push_token_dead_at": now, "push_error": error})
            log.info("push_token_dead", device=str(claim.enrolment.device_id), reason=outcome.reason)
        case Verdict.RETRY:
            wait = outcome.retry_after or _backoff(failures)
            always = {"push_failures": min(failures, 1000), "push_error": error}
            _write(claim, wake_at=now + dt.timedelta(seconds=wait), always=always)
        case _:
            _write(claim, wake_at=_repeat(), always={"push_error": error})
            log.error("push_refused", device=str(claim.enrolment.device_id), reason=outcome.reason)


def _backoff(failures: int) -> float:
    return min(RETRY_FIRST * 2.0 ** min(failures - 1, 10), RETRY_MOST) * random.uniform(0.8, 1.2)


def _write(claim: Claim, *, wake_at: dt.datetime | None, always: dict[str, Any]) -> None:
    """The timer only if nobody has set it since our claim: the device may have come, or more may wait for it."""
    AppleEnrolment.objects.filter(pk=claim.enrolment.pk).update(**always)
    AppleEnrolment.objects.filter(pk=claim.enrolment.pk, wake_at=claim.until).update(wake_at=wake_at)


def _postpone(claims: list[Claim], error: str) -> None:
    if not claims:
        return
    log.warning("push_postponed", error=error, devices=len(claims))
    ids = [claim.enrolment.pk for claim in claims]
    later = timezone.now() + dt.timedelta(seconds=RETRY_MOST)
    AppleEnrolment.objects.filter(pk__in=ids).update(push_error=error[:255])
    AppleEnrolment.objects.filter(pk__in=ids, wake_at=claims[0].until).update(wake_at=later)
