"""Working off a sync: the tenant's servers that are due are read, then their devices are given their profiles.

Several workers may be at one sync, each with a server of its own; whoever is last ends it.
"""

import datetime as dt
import uuid
from collections.abc import Callable

import structlog
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone

from onboarding.clients.dep_errors import DepError
from onboarding.models import DepServer, DepSync
from onboarding.services.dep import claims
from onboarding.services.dep.access import BLOCKING, TokenChanged, at_apple
from onboarding.services.dep.assigning import assign_profiles, put_off
from onboarding.services.dep.listing import meet, read_list
from onboarding.services.dep.servers import find_servers, is_due, next_reading
from onboarding.services.dep.sync_ends import end_sync
from tenants.models import Tenant

log = structlog.get_logger(__name__)

RETRY = dt.timedelta(minutes=5)  # after trouble at first; then as long as it has lasted
AT_MOST = 100  # syncs that a sweep begins or sends workers to


def syncs_to_work_off() -> list[uuid.UUID]:
    """Begins those that are due, too: there is one open sync per tenant. Those left out are at work, or wait for it."""
    find_servers()
    _begin_due_syncs()
    mine = DepServer.objects.filter(tenant=OuterRef("tenant"))
    to_read, can_be_read = mine.filter(is_due()), mine.filter(is_due(), claims.is_free())
    at_work = DepServer.objects.filter(~claims.is_free(), sync=OuterRef("pk"))
    rows = DepSync.objects.filter(status__in=DepSync.OPEN)
    waiting = rows.filter(Exists(can_be_read) | (~Exists(to_read) & ~Exists(at_work)))
    return list(waiting.order_by("created_at").values_list("pk", flat=True)[:AT_MOST])


def work_off(sync_id: uuid.UUID, after_page: Callable[[], None] = lambda: None) -> None:
    """Nothing if it has ended. What another worker has is left to that one."""
    sync = _begin(sync_id)
    if sync is None:
        return
    while (server := _take_server(sync)) is not None:
        _work_at(server, sync, after_page)
    end_sync(sync)


@transaction.atomic
def open_sync(tenant: Tenant, cause: DepSync.Cause, created_by: str = "") -> tuple[DepSync, bool]:
    """The tenant's open one, else a new one; whether it is new. However many ask at once, there is one.

    Until the transaction ends, it does not: servers that are made due in it are read in it.
    """
    rows = DepSync.objects.select_for_update(no_key=True).filter(tenant=tenant, status__in=DepSync.OPEN)
    for _ in range(3):
        known = rows.first()
        if known is not None:
            return known, False
        try:
            with transaction.atomic():
                return DepSync.objects.create(tenant=tenant, cause=cause, created_by=created_by), True
        except IntegrityError:
            continue  # another was faster; or it has even ended meanwhile
    raise RuntimeError("DEP syncs of a tenant end faster than they can be joined.")


def _begin_due_syncs() -> None:
    opened = DepSync.objects.filter(tenant=OuterRef("tenant"), status__in=DepSync.OPEN)
    due = DepServer.objects.filter(is_due(), claims.is_free()).filter(~Exists(opened)).order_by("sync_due_at")
    new_token = Q(synced_at=None) | Q(synced_at__lt=F("token_seen_at"))
    told = due.annotate(new=Case(When(new_token, then=Value(True)), default=Value(False))).select_related("tenant")
    for server in told[:AT_MOST]:
        open_sync(server.tenant, DepSync.Cause.TOKEN if server.new else DepSync.Cause.SCHEDULE)


def _begin(sync_id: uuid.UUID) -> DepSync | None:
    now = timezone.now()
    rows = DepSync.objects.filter(pk=sync_id)
    rows.filter(status=DepSync.Status.QUEUED).update(status=DepSync.Status.INPROGRESS, started_at=now, updated_at=now)
    return rows.filter(status__in=DepSync.OPEN).select_related("tenant").first()


def _take_server(sync: DepSync) -> DepServer | None:
    due = DepServer.objects.filter(is_due(), claims.is_free(), tenant=sync.tenant_id).order_by("sync_due_at")
    for server_id in list(due.values_list("pk", flat=True)):
        server = claims.claim(server_id, is_due(), sync=sync)
        if server is not None:
            return server
    return None


def _work_at(server: DepServer, sync: DepSync, after_page: Callable[[], None]) -> None:
    """Reads it, and assigns profiles: a server that could not be read gets none. What is left is tried again."""
    read = False
    try:
        with at_apple(server) as service:
            meet(server, service.account())
            read_list(server, sync, service, after_page)
            _note_read(server)
            read = True
            assign_profiles(server, service)
    except TokenChanged:
        claims.release(server)  # due still
    except DepError as error:
        put_off(server, error) if read else _fail(server, error)
    except DatabaseError as error:
        log.exception("dep_page_not_stored", server=str(server.pk))
        _put_off(server, f"What Apple told could not be stored: {error}".partition("\n")[0], dt.timedelta())
    except (KeyboardInterrupt, SystemExit):  # by hand: another worker goes on at once
        claims.release(server)
        raise
    except claims.LostClaim:
        log.warning("dep_claim_lost", server=str(server.pk))
        claims.release(server)  # it may have been told to begin anew, and be nobody else's
    else:
        claims.release(server)


def _note_read(server: DepServer) -> None:
    """Due again later, unless somebody has made it due while it was read."""
    now = timezone.now()
    due = _unless_due_anew(server, next_reading())
    claims.go_on(server, sync_due_at=due, assign_due_at=now, synced_at=now, trouble="")


def _fail(server: DepServer, error: DepError) -> None:
    if error.kind in BLOCKING:
        claims.release(server)  # when it is looked at again is said with the problem
        return
    log.warning("dep_sync_failed", server=str(server.pk), kind=error.kind, code=error.code, reason=error.message)
    _put_off(server, error.message, dt.timedelta(seconds=error.retry_after or 0))


def _put_off(server: DepServer, trouble: str, at_least: dt.timedelta) -> None:
    now = timezone.now()
    regular = next_reading() - now
    since = server.token_seen_at or server.created_at if server.synced_at is None else server.synced_at + regular
    wait = max(at_least, min(max(RETRY, now - since), regular))
    claims.release(server, sync_due_at=_unless_due_anew(server, now + wait), trouble=trouble[:255])


def _unless_due_anew(server: DepServer, when: dt.datetime) -> Case:
    return Case(When(sync_due_at=server.sync_due_at, then=Value(when)), default=F("sync_due_at"))
