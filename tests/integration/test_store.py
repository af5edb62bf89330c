"""Apple's store and a real worker: one that is killed while it asks; and what is open meanwhile."""

import datetime as dt
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone
from redis import Redis

from apps_domain.models import StoreApp
from apps_domain.tasks.store import refresh_old_store_apps
from onboarding.simulation.store import Fault, StoreStandIn, running_store
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.apps import APPLE_APP_ID, StoreAppFactory
from tests.factories.waiting import until
from tests.integration.conftest import StartWorker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreStandIn]:
    """One that the environment of workers names."""
    with running_store() as store:
        settings.STORE_URL = store.url
        monkeypatch.setenv("STORE_URL", store.url)
        yield store


def wanted(tenant: Tenant) -> StoreApp:
    now = timezone.now()
    return StoreAppFactory(tenant, refreshed_at=now - dt.timedelta(days=3), refresh_wanted_at=now)


def test_a_worker_killed_while_it_asks_leaves_the_record_to_the_next(
    store: StoreStandIn, start_worker: StartWorker, redis_url: str, tenant: Tenant, other_tenant: Tenant
) -> None:
    row, foreign = wanted(tenant), StoreAppFactory(other_tenant)
    store.misbehave(Fault(delay=4, times=1))
    first = start_worker()
    refresh_old_store_apps.delay()
    until(lambda: len(store.asked) == 1, seconds=40)
    first.kill()

    row.refresh_from_db()
    assert (row.name, row.refresh_wanted_at is None) == ("Notes of Ours", False)
    assert row.refresh_not_before is not None
    StoreApp.objects.filter(pk=row.pk).update(refresh_not_before=timezone.now())
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()  # what the sweep noted there goes by itself, after seconds
    start_worker()
    refresh_old_store_apps.delay()
    until(lambda: StoreApp.objects.get(pk=row.pk).name == "Ledgerline Notes", seconds=40)

    assert StoreApp.objects.get(pk=foreign.pk).name == "Notes of Theirs"


@pytest.mark.parametrize("refreshes", [False, True])
def test_no_transaction_is_open_while_the_store_is_asked(
    api: ApiClient, tenant: Tenant, store: StoreStandIn, refreshes: bool
) -> None:
    if refreshes:
        wanted(tenant)
    store.misbehave(Fault(delay=1))
    statuses: list[int] = []

    def work() -> None:
        if refreshes:
            refresh_old_store_apps()
        else:
            statuses.append(api.get(f"/api/v2/itunesapps?apple_app_id={APPLE_APP_ID}").status_code)
        connections.close_all()

    thread = Thread(target=work)
    thread.start()
    until(lambda: len(store.asked) == 1)
    states = states_of_other_connections()
    thread.join(timeout=30)

    assert states == ["idle"]
    assert StoreApp.objects.get().name == "Ledgerline Notes"


def states_of_other_connections() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return [str(state) for (state,) in cursor.fetchall()]
