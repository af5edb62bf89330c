"""The MDM servers at Apple that tenants have tokens of, and what makes them due."""

import datetime as dt
import random
import uuid

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from onboarding.clients.dep_errors import DepError, Kind
from onboarding.models import DepServer
from onboarding.services.dep.access import stop_work
from tenants.models import DepToken, Tenant
from tenants.sealing import SealError
from tenants.services.dep_tokens import server_key_of

log = structlog.get_logger(__name__)

NO_TOKEN = "NO_TOKEN"
JITTER = 0.1  # of the time between two readings: servers that began together do not stay so


def find_servers() -> int:
    """A row for each server that there is a token of. A token that is new, or was renewed, makes its server due.

    How many that were. Safe to run twice, and side by side.
    """
    _name_servers_of_older_tokens()
    seen = Subquery(_server_of_token().values("token_seen_at")[:1])
    found = [
        _take_up(tenant_id, key, changed_at)
        for tenant_id, key, changed_at, seen_at in tokens_in_force()
        .annotate(seen_at=seen)
        .values_list("tenant_id", "server_key", "updated_at", "seen_at")
        if changed_at != seen_at
    ]
    _note_lost_tokens()
    return sum(found)


def tokens_in_force() -> QuerySet[DepToken]:
    """Of each server the one that ends last, as `token_of` picks it; it may have ended."""
    completed = DepToken.objects.filter(state=DepToken.State.COMPLETED).exclude(server_key="")
    return completed.distinct("tenant_id", "server_key").order_by(
        "tenant_id", "server_key", "-token_expiry_on", "-updated_at"
    )


def tenants_with_tokens() -> QuerySet[Tenant]:
    completed = DepToken.objects.filter(tenant=OuterRef("pk"), state=DepToken.State.COMPLETED)
    return Tenant.objects.filter(Exists(completed)).order_by("name", "pk")


def has_token() -> Exists:
    """Of servers; also if it has ended, which somebody is to be told by trying it."""
    completed = DepToken.objects.filter(state=DepToken.State.COMPLETED)
    return Exists(completed.filter(tenant=OuterRef("tenant"), server_key=OuterRef("server_key")))


def is_due() -> Q:
    return Q(has_token(), sync_due_at__lte=timezone.now())


def make_due(tenant: Tenant) -> int:
    """All of its servers with a token, now: also those that are just being read, which are read once more."""
    return DepServer.objects.filter(has_token(), tenant=tenant).update(sync_due_at=timezone.now())


def forget_cursors(tenant: Tenant) -> None:
    """All of its lists are read from the start; a worker that is at one finds that its cursor is not in force."""
    DepServer.objects.filter(tenant=tenant).update(cursor="", cursor_at=None, fetch_began_at=None)


def next_reading() -> dt.datetime:
    seconds = settings.DEP_SYNC_SECONDS * random.uniform(1 - JITTER, 1 + JITTER)
    return timezone.now() + dt.timedelta(seconds=seconds)


def _server_of_token() -> QuerySet[DepServer]:
    return DepServer.objects.filter(tenant=OuterRef("tenant"), server_key=OuterRef("server_key"))


def _name_servers_of_older_tokens() -> None:
    """Tokens from before servers were told apart."""
    for token in DepToken.objects.filter(state=DepToken.State.COMPLETED, server_key=""):
        try:
            consumer_key = bytes(token.consumer_key or b"").decode()
        except SealError:
            continue  # `check_credentials` says so
        DepToken.objects.filter(pk=token.pk, server_key="").update(server_key=server_key_of(consumer_key))


def _take_up(tenant_id: uuid.UUID, key: str, changed_at: dt.datetime) -> int:
    DepServer.objects.bulk_create([DepServer(tenant_id=tenant_id, server_key=key)], ignore_conflicts=True)
    rows = DepServer.objects.filter(tenant=tenant_id, server_key=key).exclude(token_seen_at=changed_at)
    taken = rows.update(token_seen_at=changed_at, sync_due_at=timezone.now())
    if taken:
        log.info("dep_token_taken_up", tenant=str(tenant_id), server_key=key[:8])
    return taken


def _note_lost_tokens() -> None:
    """The servers stay, with what was read; nothing is asked of Apple until there is a token again."""
    for server in DepServer.objects.filter(~has_token()).exclude(problem_code=NO_TOKEN):
        error = DepError("There is no token of this MDM server any more.", kind=Kind.TOKEN, code=NO_TOKEN)
        stop_work(server, error)
