"""Several who ask for a sync, or work at one, at once."""

from typing import cast

import pytest
from django.db import transaction

from onboarding.clients.apple_dep import DepService
from onboarding.models import DepServer, DepSync
from onboarding.services.dep import claims, listing
from onboarding.services.dep.sync_requests import request_sync
from onboarding.services.dep.syncing import work_off
from onboarding.simulation.dep import DepStandIn, MdmServer
from tenants.models import AuditEvent, DepToken, Tenant
from tests.factories.broker import tasks_go_to
from tests.factories.dep_syncing import Pages, listed
from tests.factories.tenants import ACTOR
from tests.factories.threads import all_at_once
from tests.factories.waiting import until, waiting_for_locks

pytestmark = pytest.mark.django_db(transaction=True)

NO_BROKER = "redis://127.0.0.1:1"


def test_however_many_ask_at_once_there_is_one_sync(tenant: Tenant, dep_token: DepToken) -> None:
    def ask_for_it() -> None:
        request_sync(tenant=tenant, actor=ACTOR)

    with tasks_go_to(NO_BROKER):
        all_at_once(*[ask_for_it] * 6)

    assert DepSync.objects.count() == 1
    assert DepServer.objects.count() == 1
    assert AuditEvent.objects.filter(action="dep_sync.requested").count() == 1


def test_workers_who_are_given_the_same_sync_read_each_server_once(
    tenant: Tenant, dep_token: DepToken, mdm_server: MdmServer, dep: DepStandIn
) -> None:
    mdm_server.stock(20)
    with tasks_go_to(NO_BROKER):
        sync = request_sync(tenant=tenant, actor=ACTOR)

    all_at_once(*[lambda: work_off(sync.pk)] * 3)

    sync.refresh_from_db()
    assert (sync.status, sync.added, sync.assigned) == ("SUCCESS", 20, 20)
    assert (dep.counters["account"], dep.counters["fetch"], dep.counters["assign"]) == (1, 1, 1)


def test_who_asks_while_a_page_is_stored_and_the_page_go_on(tenant: Tenant, dep_token: DepToken) -> None:
    """Both write the sync and its server."""
    with tasks_go_to(NO_BROKER):
        sync = request_sync(tenant=tenant, actor=ACTOR)
    DepServer.objects.update(cursor="here")
    mine = claims.claim(DepServer.objects.get().pk, sync=sync)
    assert mine is not None

    def hold() -> None:
        with transaction.atomic():
            DepServer.objects.select_for_update(of=("self",)).get()
            held.append(True)
            until(lambda: waiting_for_locks() == 2)

    def ask() -> None:
        until(lambda: bool(held))
        request_sync(tenant=tenant, actor=ACTOR)

    def page() -> None:
        until(lambda: waiting_for_locks() == 1)
        pages = Pages((lambda: None, [listed("A")]))
        listing.read_list(mine, sync, cast(DepService, pages), lambda: None)

    held: list[bool] = []
    with tasks_go_to(NO_BROKER):
        all_at_once(hold, ask, page)

    sync.refresh_from_db()
    assert (sync.added, DepSync.objects.count()) == (1, 1)
    assert DepServer.objects.get().cursor == "here+"
