"""Warnings of what expires: each step once, in the log and by e-mail.

The rows are the queue: whatever a killed worker or a silent mail server left unsent, a later run sends. A worker that
is killed between the mail server's yes and our note of it makes the message go out twice, with the same Message-ID.
"""

import datetime as dt
import uuid
from collections.abc import Iterable

import structlog
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone

from tenants.clients import mail
from tenants.clients.mail import MailNotSent
from tenants.credentials import Credential, credentials_in_use
from tenants.expiry_mail import expiry_message, flat
from tenants.models import ExpiryWarning
from tenants.selectors import recipients_of

log = structlog.get_logger(__name__)

CLAIM = dt.timedelta(minutes=15)  # no run takes as long; after it a killed one's messages are anybody's
GIVE_UP = dt.timedelta(days=7)
URGENT = 7  # days from which a warning is an error
REPLACED = "replaced or deleted before it was sent"
NOT_SET_UP = "e-mail is not set up (EMAIL_HOST)"
NO_ADDRESS = "no address: the tenant has no contact, and none of its admins has an e-mail address"
NO_SUPERUSER = "no address: no superuser has an e-mail address"
Key = tuple[str, str, dt.datetime]


def warn_of_expiry() -> None:
    """Safe to run twice, and twice at once: the database says whose a warning and its message are."""
    give_warnings()
    mail_warnings()


def give_warnings() -> None:
    """Each credential in use that has reached a step gets that step's warning, and none of the steps before it."""
    due = [(credential, step) for credential in credentials_in_use() if (step := credential.step()) is not None]
    for credential in _insert(due):
        _log_warning(credential)


@transaction.atomic
def _insert(due: list[tuple[Credential, int]]) -> list[Credential]:
    """Those that are new. All in one transaction: of two runs at once the second waits for the first, and has none."""
    rows = ExpiryWarning.objects.filter(object_id__in={credential.object_id for credential, _ in due})
    given = set(rows.values_list("kind", "object_id", "expires_at", "days"))
    return [
        credential
        for credential, days in due
        if (*_key(credential), days) not in given and _insert_one(credential, days)
    ]


def _insert_one(credential: Credential, days: int) -> bool:
    _, is_new = ExpiryWarning.objects.get_or_create(
        kind=credential.kind,
        object_id=credential.object_id,
        expires_at=credential.expires_at,
        days=days,
        defaults={"tenant": credential.tenant, "name": credential.name[:255]},
    )
    return is_new


def _log_warning(credential: Credential) -> None:
    days = credential.days_left()
    tell = log.error if days <= URGENT else log.warning
    tell(
        "credential_expires",
        kind=credential.kind.value,
        tenant=str(credential.tenant.pk) if credential.tenant else None,
        object_id=credential.object_id,
        name=flat(credential.name),
        expires_at=credential.expires_at.isoformat(),
        days_left=days,
    )


# E-mail --------------------------------------------------------------------------------------------------------------
def mail_warnings() -> None:
    """One message to each tenant with all its unsent warnings. A mail server that is away is not tried again at once.

    Who was tried longest ago comes first: a message on which the server hangs up does not keep the others waiting.
    """
    tenants = _waiting().order_by().values_list("tenant_id").annotate(tried=Max("mail_claimed_at"))
    for tenant_id, _ in list(tenants.order_by(F("tried").asc(nulls_first=True), "tenant_id")):
        claimed = _claim(tenant_id)
        try:
            _mail(tenant_id, claimed)
        except MailNotSent as error:
            _note_failure(tenant_id, claimed, error)
            if error.server_away:
                break


def _waiting() -> QuerySet[ExpiryWarning]:
    """Unsent, and in nobody's hands."""
    free = Q(mail_claimed_at=None) | Q(mail_claimed_at__lte=timezone.now() - CLAIM)
    return ExpiryWarning.objects.filter(free, mail_done_at=None)


@transaction.atomic
def _claim(tenant_id: uuid.UUID | None) -> list[ExpiryWarning]:
    """Takes what waits for this tenant; two runs at once do not get the same."""
    rows = list(_waiting().filter(tenant=tenant_id).order_by("pk").select_for_update())
    ExpiryWarning.objects.filter(pk__in=[row.pk for row in rows]).update(mail_claimed_at=timezone.now())
    return rows


def _mail(tenant_id: uuid.UUID | None, claimed: list[ExpiryWarning]) -> None:
    """Outside any transaction. MailNotSent leaves the warnings to a later run."""
    credentials = _in_use(tenant_id)
    current = [row for row in claimed if _key(row) in credentials]
    _close([row for row in claimed if _key(row) not in credentials], REPLACED)
    if current:
        told = {_key(row): credentials[_key(row)] for row in current}  # two steps of one credential: told once
        _close(current, _send(list(told.values()), [row.pk for row in current]))


def _send(credentials: list[Credential], warnings: list[int]) -> str:
    """What became of it."""
    tenant = credentials[0].tenant
    addresses = recipients_of(tenant)
    if not mail.is_set_up():
        return NOT_SET_UP
    if not addresses:
        return NO_ADDRESS if tenant else NO_SUPERUSER
    message = expiry_message(tenant=tenant, credentials=credentials, addresses=addresses, warnings=warnings)
    refused = mail.send(message)
    return _outcome(len(addresses) - len(refused), len(refused))


def _in_use(tenant_id: uuid.UUID | None) -> dict[Key, Credential]:
    found = credentials_in_use([tenant_id] if tenant_id else None)
    return {_key(each): each for each in found if (each.tenant.pk if each.tenant else None) == tenant_id}


def _key(row: ExpiryWarning | Credential) -> Key:
    return str(row.kind), row.object_id, row.expires_at


def _outcome(sent: int, refused: int) -> str:
    told = f"sent to {sent} address{'' if sent == 1 else 'es'}"
    return f"{told}, {refused} refused by the mail server" if refused else told


def _close(rows: Iterable[ExpiryWarning], outcome: str) -> None:
    """No more is to be done about the e-mail of these."""
    pks = [row.pk for row in rows]
    if not pks:
        return
    now = timezone.now()
    closed = ExpiryWarning.objects.filter(pk__in=pks, mail_done_at=None)
    if closed.update(mail_done_at=now, mail_outcome=outcome[:255]):
        tenant_id = next(iter(rows)).tenant_id
        log.info("expiry_mail_done", tenant=str(tenant_id) if tenant_id else None, warnings=len(pks), outcome=outcome)


def _note_failure(tenant_id: uuid.UUID | None, claimed: list[ExpiryWarning], error: MailNotSent) -> None:
    tenant = str(tenant_id) if tenant_id else None
    log.warning("expiry_mail_failed", tenant=tenant, warnings=len(claimed), reason=error.reason)
    old = [row for row in claimed if row.created_at <= timezone.now() - GIVE_UP]
    if old:
        log.error("expiry_mail_given_up", tenant=tenant, warnings=len(old), reason=error.reason)
        _close(old, f"given up after {GIVE_UP.days} days: {error.reason}")
