"""GET /api/device/v0/devices/: what is listed, its pages and its cost. Filters, ordering and search have own files."""

from typing import Any

from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from devices.models import DeviceState
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory, seen

DEVICES = "/api/device/v0/devices/"


def listed(api: ApiClient, query: str = "") -> list[dict[str, Any]]:
    response = api.get(f"{DEVICES}?{query}")
    assert response.status_code == 200, response.json()
    results: list[dict[str, Any]] = response.json()["content"]["results"]
    return results


def test_lists_the_devices_of_the_tenant_newest_first(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    first, second = DeviceFactory(tenant=tenant), AndroidFactory(tenant=tenant)
    DeviceFactory(tenant=other_tenant)

    assert [row["id"] for row in listed(api)] == [str(second.pk), str(first.pk)]


def test_each_row_is_the_device_as_it_is_shown_alone(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    for factory in (DeviceFactory, AndroidFactory):
        seen(factory(tenant=tenant, group=group, battery_level=50, onboarded_on=timezone.now()))

    for row in listed(api):
        assert row == api.get(f"{DEVICES}{row['id']}/").json()["content"]


def test_removed_devices_show_only_when_asked_for(api: ApiClient, tenant: Tenant) -> None:
    here = DeviceFactory(tenant=tenant)
    gone = DeviceFactory(tenant=tenant, state=DeviceState.DISABLED)

    assert [row["id"] for row in listed(api)] == [str(here.pk)]
    assert [row["id"] for row in listed(api, "state=20")] == [str(gone.pk)]
    assert [row["id"] for row in listed(api, "state=disabled")] == [str(gone.pk)]
    assert {row["id"] for row in listed(api, "state=1,20")} == {str(here.pk), str(gone.pk)}


def test_the_same_serial_may_live_in_two_tenants(
    api: ApiClient, tenant: Tenant, other_api: ApiClient, other_tenant: Tenant
) -> None:
    ours, theirs = (DeviceFactory(tenant=each, serial="F9F") for each in (tenant, other_tenant))

    assert [row["id"] for row in listed(api, "serial=F9F")] == [str(ours.pk)]
    assert [row["id"] for row in listed(other_api, "serial=F9F")] == [str(theirs.pk)]


def test_takes_three_queries_however_many_rows(
    api: ApiClient, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    listed(api)
    for number in (1, 12):
        for index in range(number):
            seen([DeviceFactory, AndroidFactory][index % 2](tenant=tenant, group=group))
        with django_assert_num_queries(3):  # the token, the count, the page with its heartbeats
            listed(api, f"group_multi={group.pk}&search=device&ordering=-last_seen,model")


def test_an_empty_page_takes_no_query_for_rows(
    api: ApiClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listed(api)

    with django_assert_num_queries(2):
        assert listed(api) == []
