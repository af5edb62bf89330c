"""Old records of the store are asked for anew by a worker."""

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from apps_domain.models import StoreApp, StoreAppVersion
from apps_domain.services.store import known_store_app, record_answer
from apps_domain.services.store_refresh import AT_IT, LEASE, refresh_store_app, refresh_store_apps
from apps_domain.tasks.store import refresh_old_store_apps
from onboarding.simulation.store import Fault, StoreStandIn
from tenants.models import Tenant
from tests.factories.apps import StoreAppFactory, licensed, on_a_device
from tests.factories.threads import all_at_once

pytestmark = pytest.mark.django_db

NOTES, MAIL, TV = "9990000001", "9990000002", "9990000005"
LONG_AGO = dt.timedelta(days=3)


def old(tenant: Tenant, apple_app_id: str = NOTES, **fields: Any) -> StoreApp:
    return StoreAppFactory(tenant, apple_app_id=apple_app_id, refreshed_at=timezone.now() - LONG_AGO, **fields)


def wanted(tenant: Tenant, apple_app_id: str = NOTES, **fields: Any) -> StoreApp:
    """An old one that a caller was served."""
    return old(tenant, apple_app_id, refresh_wanted_at=timezone.now(), **fields)


def again(row: StoreApp) -> StoreApp:
    return StoreApp.objects.select_related("current_version").get(pk=row.pk)


def test_what_a_caller_found_old_is_new_afterwards(tenant: Tenant, store: StoreStandIn) -> None:
    row = wanted(tenant)

    refresh_old_store_apps()

    found = again(row)
    assert (found.name, found.current_version and found.current_version.version) == ("Ledgerline Notes", "4.12.1")
    assert found.refreshed_at is not None
    assert found.refreshed_at > timezone.now() - dt.timedelta(minutes=1)
    assert (found.refresh_wanted_at, found.refresh_not_before) == (None, None)


def test_a_new_version_gets_an_id_of_its_own_and_the_old_one_stays(tenant: Tenant, store: StoreStandIn) -> None:
    row = wanted(tenant, version="4.12.0")
    before = row.current_version

    refresh_store_apps()
    StoreApp.objects.update(refresh_wanted_at=timezone.now())
    store.change(NOTES, version="4.12.0")  # the store takes it back
    refresh_store_apps()

    assert again(row).current_version == before
    assert set(StoreAppVersion.objects.values_list("version", flat=True)) == {"4.12.0", "4.12.1"}


def test_licensed_and_installed_apps_are_refreshed_and_no_others(tenant: Tenant, store: StoreStandIn) -> None:
    idle, bought, installed = old(tenant, NOTES), old(tenant, MAIL), old(tenant, TV)
    licensed(bought)
    on_a_device(installed)

    assert refresh_store_apps() == 2

    names = {row.apple_app_id: row.name for row in StoreApp.objects.all()}
    assert names == {NOTES: idle.name, MAIL: "Harbour Mail", TV: "Signboard TV"}


def test_licences_of_another_tenant_do_not_count(tenant: Tenant, other_tenant: Tenant, store: StoreStandIn) -> None:
    old(tenant)
    licensed(old(other_tenant))

    refresh_store_apps()

    assert {row.tenant.name for row in StoreApp.objects.filter(name="Ledgerline Notes")} == {"Theirs"}


def test_a_bare_record_of_a_licence_is_filled(tenant: Tenant, store: StoreStandIn) -> None:
    bare = known_store_app(tenant=tenant, adam_id=MAIL)
    licensed(bare)

    refresh_store_apps()

    assert again(bare).name == "Harbour Mail"


def test_an_app_that_left_the_store_stays_and_comes_back(tenant: Tenant, store: StoreStandIn) -> None:
    row = wanted(tenant)
    store.withdraw(NOTES)

    refresh_store_apps()

    gone = again(row)
    assert gone.missing_since is not None
    assert (gone.name, gone.current_version) == (row.name, row.current_version)
    store.reset()
    StoreApp.objects.update(refresh_wanted_at=timezone.now())
    refresh_store_apps()
    assert again(row).missing_since is None


def test_it_is_asked_for_in_the_tenants_country_of_today(tenant: Tenant, store: StoreStandIn) -> None:
    row = wanted(tenant)
    Tenant.objects.filter(pk=tenant.pk).update(store_country="de")

    refresh_store_apps()

    assert again(row).country == "de"
    assert store.asked[0].country == "de"


def test_a_minute_takes_as_many_calls_as_it_is_allowed(tenant: Tenant, store: StoreStandIn, settings: Any) -> None:
    settings.STORE_CALLS_PER_MINUTE = 3
    for number in range(1, 7):
        wanted(tenant, f"999000000{number}")

    assert refresh_store_apps() == 3
    assert refresh_store_apps() == 0


def test_tenants_take_turns(tenant: Tenant, other_tenant: Tenant, store: StoreStandIn, settings: Any) -> None:
    settings.STORE_CALLS_PER_MINUTE = 2
    for number in range(1, 7):
        wanted(tenant, f"999000000{number}")
    theirs = wanted(other_tenant)

    refresh_store_apps()

    assert again(theirs).name == "Ledgerline Notes"


def test_a_store_that_is_away_ends_the_sweep_and_puts_nothing_off(tenant: Tenant, store: StoreStandIn) -> None:
    rows = [wanted(tenant, each) for each in (NOTES, MAIL, TV)]
    store.misbehave(Fault(status=503))

    assert refresh_store_apps() == 0

    assert len(store.asked) == 1
    assert [again(row).refresh_not_before for row in rows] == [None] * 3
    assert {again(row).name for row in rows} == {rows[0].name}


def test_a_record_that_the_store_cannot_answer_for_waits_and_keeps_nobody_back(
    tenant: Tenant, store: StoreStandIn
) -> None:
    bad, good = wanted(tenant, NOTES), wanted(tenant, MAIL)
    store.misbehave(Fault(answer="html"), app_id=NOTES)

    assert refresh_store_apps() == 1
    assert refresh_store_apps() == 0

    assert again(good).name == "Harbour Mail"
    later = again(bad).refresh_not_before
    assert later is not None
    assert later > timezone.now() + dt.timedelta(minutes=10)


def test_what_a_killed_worker_had_taken_is_taken_again_later(tenant: Tenant, store: StoreStandIn) -> None:
    row = wanted(tenant, refresh_not_before=timezone.now() + LEASE)  # all that it leaves: it writes once, at its end

    assert refresh_store_apps() == 0
    StoreApp.objects.update(refresh_not_before=timezone.now() - dt.timedelta(seconds=1))
    assert refresh_store_apps() == 1
    assert again(row).name == "Ledgerline Notes"


def test_a_late_answer_does_not_replace_a_newer_one(tenant: Tenant) -> None:
    row = StoreAppFactory(tenant)

    record_answer(app=row, listing=None, country="us", asked_at=timezone.now() - dt.timedelta(minutes=1))

    assert again(row).missing_since is None


def test_the_record_of_a_tenant_that_was_deleted_meanwhile_is_passed_over(tenant: Tenant) -> None:
    row = wanted(tenant)
    StoreApp.objects.all().delete()

    assert not refresh_store_app(row.pk)
    assert record_answer(app=row, listing=None, country="us", asked_at=timezone.now()) is None


def test_a_sweep_that_is_killed_keeps_the_next_ones_back_for_seconds_only(tenant: Tenant, store: StoreStandIn) -> None:
    wanted(tenant)
    cache.add(AT_IT, 1, 60)  # what it leaves in the cache; there it lives for as long as a sweep may take

    assert refresh_store_apps() == 0
    cache.delete(AT_IT)
    assert refresh_store_apps() == 1


@pytest.mark.django_db(transaction=True)
def test_workers_that_have_the_same_list_ask_once_for_each(tenant: Tenant, store: StoreStandIn) -> None:
    rows = [wanted(tenant, each) for each in (NOTES, MAIL, TV)]
    store.misbehave(Fault(delay=0.1))

    all_at_once(*[lambda: [refresh_store_app(row.pk) for row in rows]] * 3)

    assert sorted(asked.app_id for asked in store.asked) == [NOTES, MAIL, TV]


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_the_same_time_ask_once_for_each(tenant: Tenant, store: StoreStandIn) -> None:
    for each in (NOTES, MAIL, TV):
        wanted(tenant, each)
    store.misbehave(Fault(delay=0.1))

    all_at_once(*[refresh_store_apps] * 3)

    assert sorted(asked.app_id for asked in store.asked) == [NOTES, MAIL, TV]
    assert not StoreApp.objects.filter(refresh_wanted_at__isnull=False).exists()
