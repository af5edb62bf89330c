"""Reading Apple's list of one MDM server: all of it the first time, what changed from then on.

May be killed anywhere: a page and the cursor behind it are stored together, so whoever is next goes on from there.
"""

import datetime as dt
from collections.abc import Callable

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from onboarding.clients.apple_dep import DepService
from onboarding.clients.dep_answers import Account, Page
from onboarding.clients.dep_errors import CURSORS, DepError, Kind
from onboarding.models import DepServer, DepSync, DepSyncFailure
from onboarding.services.dep.claims import LostClaim, claimed, go_on
from onboarding.services.dep.devices import Stored, retire_unseen, store_page
from onboarding.services.seamless.matching import apply_registrations, hold_registrations

log = structlog.get_logger(__name__)

PAGE = 1000  # devices; Apple gives no more
MOST_PAGES = 10_000  # of one run
SLICE = 1000  # of devices that are gone, in one transaction
CURSOR_LIFE = dt.timedelta(days=7)  # at Apple
STALLED = "Apple's list does not go on: it says that there is more, and not where."


def meet(server: DepServer, account: Account) -> None:
    """What Apple calls the server, and whose it is."""
    name = account.server_name or server.name
    go_on(server, name=name, account=account.document())
    server.name, server.account = name, account.document()


def read_list(server: DepServer, sync: DepSync, service: DepService, after_page: Callable[[], None]) -> None:
    """Raises DepError, or LostClaim. A list is begun anew at most once."""
    anew = False
    if server.cursor_at is not None and server.cursor_at < timezone.now() - CURSOR_LIFE:
        anew = True
        _begin_list(server, "its cursor is too old")
    for _ in range(MOST_PAGES):
        fetching = server.fetch_began_at is not None or not server.cursor
        if fetching and server.fetch_began_at is None:
            _begin_list(server, "it is the first time")
        try:
            page = service.fetch(server.cursor, PAGE) if fetching else service.sync(server.cursor, PAGE)
        except DepError as error:
            if not server.cursor:
                raise
            if fetching and error.kind is Kind.CURSOR_EXHAUSTED:
                _end_list(server, sync)
                continue
            if anew or error.kind not in CURSORS | {Kind.CURSOR_EXHAUSTED}:
                raise
            anew = True
            _begin_list(server, error.code)
            continue
        ended = _take(server, sync, page, fetching=fetching)
        after_page()
        if ended:
            return
    raise DepError("Apple's list does not end.", kind=Kind.THEIRS)


def _take(server: DepServer, sync: DepSync, page: Page, *, fetching: bool) -> bool:
    """Whether that was all."""
    stalled = page.more and page.cursor == server.cursor
    _keep(server, sync, page)
    if stalled:
        log.warning("dep_list_stalled", server=str(server.pk), fetching=fetching)
    if stalled and fetching:
        _begin_list(server, "it did not go on")
        raise DepError(STALLED, kind=Kind.THEIRS)
    if page.more and not stalled:
        return False
    if fetching:
        _end_list(server, sync)
    return not fetching


def _begin_list(server: DepServer, reason: str) -> None:
    """From the first page, so that what is not there any more is known."""
    now = timezone.now()
    go_on(server, cursor="", cursor_at=None, fetch_began_at=now)
    server.cursor, server.cursor_at, server.fetch_began_at = "", None, now
    log.info("dep_list_begun", server=str(server.pk), reason=reason)


def _end_list(server: DepServer, sync: DepSync) -> None:
    """What the list had no more is gone. Killed in between, the rest goes next time: the list has still not ended."""
    began = server.fetch_began_at
    assert began is not None  # only a list that was begun ends
    gone = SLICE
    while gone:
        with transaction.atomic():
            gone = retire_unseen(server, began, SLICE)
            _count(sync, Stored(deleted=gone))
        go_on(server)
    go_on(server, fetch_began_at=None)
    server.fetch_began_at = None


def _keep(server: DepServer, sync: DepSync, page: Page) -> None:
    """The page and where the list goes on, together; LostClaim, and nothing, if another worker has gone on.

    Likewise if somebody has told meanwhile that the list is to begin anew.
    """
    now = timezone.now()
    seen = max(now, server.fetch_began_at or now)  # begun by a worker whose clock may be ahead
    with transaction.atomic():
        if page.devices:
            _count(sync, _store(server, page, seen))
        rows = claimed(server).filter(cursor=server.cursor, fetch_began_at=server.fetch_began_at)
        if not rows.update(cursor=page.cursor, cursor_at=now, claimed_at=now):
            raise LostClaim
    server.cursor, server.cursor_at, server.claimed_at = page.cursor, now, now


def _store(server: DepServer, page: Page, seen: dt.datetime) -> Stored:
    hold_registrations(server.tenant_id)
    stored = store_page(server, page.devices, seen)
    if stored.expected:
        apply_registrations(server.tenant, stored.expected)
    return stored


def _count(sync: DepSync, stored: Stored) -> None:
    failures = [DepSyncFailure(sync=sync, serial=serial, reason=reason) for serial, reason in stored.failures]
    DepSyncFailure.objects.bulk_create(failures, ignore_conflicts=True)
    DepSync.objects.filter(pk=sync.pk).update(
        added=F("added") + stored.added,
        modified=F("modified") + stored.modified,
        deleted=F("deleted") + stored.deleted,
        updated_at=timezone.now(),
    )
