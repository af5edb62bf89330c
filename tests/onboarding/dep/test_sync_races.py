"""Several who ask for a sync, or work at one, at once."""

import pytest

from onboarding.models import DepServer, DepSync
from onboarding.services.dep.sync_requests import request_sync
from onboarding.services.dep.syncing import work_off
from onboarding.simulation.dep import DepStandIn, MdmServer
from tenants.models import AuditEvent, DepToken, Tenant
from tests.factories.broker import tasks_go_to
from tests.factories.tenants import ACTOR
from tests.factories.threads import all_at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("transactions")]

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
