"""Records of the store that are made without asking Apple: licences and installs need ids of ours at once."""

import pytest

from apps_domain.models import StoreApp
from apps_domain.services.store import known_store_app, known_store_apps
from tenants.models import Tenant
from tests.factories.threads import all_at_once

pytestmark = pytest.mark.django_db


def test_makes_a_bare_record_once(tenant: Tenant) -> None:
    made = known_store_app(tenant=tenant, adam_id="361309726")

    assert known_store_app(tenant=tenant, adam_id="361309726") == made
    row = StoreApp.objects.get()
    assert (row.pk, row.apple_app_id, row.country, row.refreshed_at) == (made.pk, "361309726", "us", None)


def test_each_tenant_has_a_record_of_its_own(tenant: Tenant, other_tenant: Tenant) -> None:
    mine, theirs = (known_store_app(tenant=each, adam_id="361309726") for each in (tenant, other_tenant))

    assert mine.pk != theirs.pk
    assert (mine.tenant, theirs.tenant) == (tenant, other_tenant)


def test_many_are_known_by_apples_ids_in_three_queries(tenant: Tenant, django_assert_num_queries: object) -> None:
    old = known_store_app(tenant=tenant, adam_id="1")

    with django_assert_num_queries(3):  # type: ignore[operator]
        found = known_store_apps(tenant=tenant, adam_ids=["1", "2", "3", "2"])

    assert sorted(found) == ["1", "2", "3"]
    assert found["1"] == old


@pytest.mark.django_db(transaction=True)
def test_several_at_once_make_one_record(tenant: Tenant) -> None:
    found: list[StoreApp] = []

    def ask() -> None:
        found.append(known_store_app(tenant=tenant, adam_id="361309726"))

    all_at_once(*[ask] * 8)

    assert StoreApp.objects.count() == 1
    assert len({row.pk for row in found}) == 1
