"""Who is at work: one worker at a time for a server, after whom another can go on."""

from collections.abc import Callable
from typing import cast

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import Device
from onboarding.clients.apple_dep import DepService
from onboarding.clients.dep_answers import Listed
from onboarding.models import DepDevice, DepServer, DepSync
from onboarding.services.dep import claims, listing
from onboarding.services.dep.devices import store_page
from onboarding.services.dep.servers import find_servers, forget_cursors
from onboarding.services.dep.sync_ends import end_sync, prune_syncs
from onboarding.services.dep.syncing import syncs_to_work_off, work_off
from onboarding.simulation.dep import DepStandIn, MdmServer
from tenants.models import Tenant
from tests.factories.dep import token_of
from tests.factories.dep_rows import DepSyncFactory
from tests.factories.dep_syncing import DISABLED, HOUR, MINUTE, Pages, listed, serials, sync_of


def test_a_dead_workers_server_is_taken_over_and_the_sync_ended(
    server: DepServer, dep: DepStandIn, mdm_server: MdmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is after a worker was killed between two pages."""
    monkeypatch.setattr(listing, "PAGE", 2)
    mdm_server.stock(6)
    dep.misbehave(endpoint="fetch", drop=True, after=1)
    done = sync_of(server)
    dep.behave()
    DepSync.objects.update(status="INPROGRESS", ended_at=None)
    claimed = {"sync": done, "sync_due_at": timezone.now() - HOUR}
    DepServer.objects.update(claimed_at=timezone.now() - claims.LEASE + MINUTE, **claimed)
    assert syncs_to_work_off() == []  # it may be alive
    work_off(done.pk)
    assert dep.counters["account"] == 1

    DepServer.objects.update(claimed_at=timezone.now() - claims.LEASE - MINUTE)
    assert syncs_to_work_off() == [done.pk]
    work_off(done.pk)

    done.refresh_from_db()
    assert (done.status, done.added) == ("SUCCESS", 6)
    assert ["cursor" in body for body in dep.bodies("fetch")] == [False, True, True]


def test_a_worker_killed_after_the_last_page_leaves_the_end_of_the_list_to_the_next(
    server: DepServer, dep: DepStandIn, mdm_server: MdmServer
) -> None:
    """The cursor behind the last page is stored, and Apple has nothing more to fetch for it."""
    mdm_server.stock(2)
    sync_of(server)
    mdm_server.remove("DEP000000000", told=False)
    forget_cursors(server.tenant)
    dep.misbehave(endpoint="sync", drop=True)
    sync_of(server)  # all is fetched; what was there before it began is gone
    began = timezone.now()
    DepServer.objects.update(fetch_began_at=began - HOUR)
    DepDevice.objects.filter(serial="DEP000000001").update(seen_at=began)
    DepDevice.objects.filter(serial="DEP000000000").update(seen_at=began - 2 * HOUR, removed_at=None)
    dep.behave()

    done = sync_of(server)

    assert (done.status, done.deleted) == ("SUCCESS", 1)
    assert set(DepDevice.objects.filter(removed_at=None).values_list("serial", flat=True)) == {"DEP000000001"}
    assert server.fetch_began_at is None


def test_a_claim_from_a_clock_that_was_wrong_runs_out_too(
    server: DepServer, dep: DepStandIn, mdm_server: MdmServer
) -> None:
    mdm_server.stock(1)
    DepServer.objects.update(claimed_at=timezone.now() + 24 * HOUR)

    assert sync_of(server).added == 1


def test_a_sync_does_not_end_while_another_worker_is_at_a_server_of_it(
    server: DepServer, dep: DepStandIn, mdm_server: MdmServer
) -> None:
    """Two servers, each with a worker; ours is done first, and the other tenant's sync has nothing to do with it."""
    token_of(server.tenant, dep.add_server())
    mdm_server.stock(1)
    find_servers()
    DepServer.objects.update(sync_due_at=timezone.now())
    (sync_id,) = syncs_to_work_off()
    sync = DepSync.objects.get(pk=sync_id)
    another = DepServer.objects.exclude(pk=server.pk).get()
    theirs = claims.claim(another.pk, sync=sync)
    assert theirs is not None

    work_off(sync_id)
    DepServer.objects.filter(pk=another.pk).update(sync_due_at=timezone.now() + HOUR)  # it has been read
    assert not end_sync(sync)

    sync.refresh_from_db()
    assert (sync.status, sync.added, sync.ended_at) == ("INPROGRESS", 1, None)
    claims.release(theirs)
    assert end_sync(sync)


def read(server: DepServer, *pages: tuple[Callable[[], object], list[Listed]]) -> None:
    """By a worker that has claimed it."""
    claimed = claims.claim(server.pk)
    assert claimed is not None
    service = cast(DepService, Pages(*pages))
    listing.read_list(claimed, DepSyncFactory(server.tenant), service, lambda: None)


def nothing() -> None: ...


def test_a_worker_that_lost_its_claim_stores_nothing_more(server: DepServer) -> None:
    def take_over() -> None:
        DepServer.objects.update(claimed_at=timezone.now() + MINUTE)

    with pytest.raises(claims.LostClaim):
        read(server, (nothing, [listed("FIRST")]), (take_over, [listed("SECOND")]), (nothing, []))

    assert serials() == {"FIRST"}
    server.refresh_from_db()
    assert server.cursor.endswith("+")
    assert not server.cursor.endswith("++")


@pytest.mark.parametrize("cursor", ["old", ""])
def test_a_list_that_is_to_begin_anew_is_not_gone_on_with(server: DepServer, cursor: str) -> None:
    DepServer.objects.update(cursor=cursor, cursor_at=None)

    with pytest.raises(claims.LostClaim):
        read(server, (lambda: forget_cursors(server.tenant), [listed("FIRST")]), (nothing, []))

    server.refresh_from_db()
    assert (server.cursor, server.fetch_began_at, serials()) == ("", None, set())


def test_a_server_that_is_made_due_while_it_is_read_is_read_again(
    server: DepServer, dep: DepStandIn, mdm_server: MdmServer
) -> None:
    once = iter([timezone.now()])

    def ask_again() -> None:
        if next(once, None):
            DepServer.objects.update(sync_due_at=timezone.now())

    DepServer.objects.update(sync_due_at=timezone.now(), cursor="")
    (sync_id,) = syncs_to_work_off()
    work_off(sync_id, ask_again)

    assert (dep.counters["account"], dep.counters["fetch"], dep.counters["sync"]) == (2, 1, 2)
    assert DepSync.objects.get().status == "SUCCESS"


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_a_page_takes_as_many_queries_whatever_is_on_it(server: DepServer) -> None:
    def queries(prefix: str, number: int) -> int:
        page = [listed(f"{prefix}{index}", model="iPhone 15") for index in range(number)]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            store_page(server, page, timezone.now())
        return len(captured)

    assert queries("A", 1) == queries("B", 40)
    assert queries("B", 1) == queries("B", 40)
    assert queries("B", 40) <= 6


def test_a_page_stored_twice_changes_nothing(server: DepServer) -> None:
    at = timezone.now()
    page = [listed("A", op_type="added", op_at=at), listed("B", op_type="deleted", op_at=at)]
    assert store_page(server, page, at).added == 1
    Device.objects.update(state=DISABLED)
    before = DepDevice.objects.values().get()

    again = store_page(server, page, at)

    assert (again.added, again.modified, again.deleted) == (0, 0, 0)
    assert DepDevice.objects.values().get() == before
    assert serials(state=DISABLED) == {"A"}


def test_old_syncs_go(tenant: Tenant, other_tenant: Tenant) -> None:
    old = timezone.now() - 31 * 24 * HOUR
    DepSyncFactory(tenant, ended_at=old), DepSyncFactory(other_tenant, ended_at=old)
    kept = [DepSyncFactory(tenant), DepSyncFactory(tenant, status="QUEUED", created_at=old, ended_at=None)]

    assert prune_syncs() == 2

    assert set(DepSync.objects.all()) == set(kept)
