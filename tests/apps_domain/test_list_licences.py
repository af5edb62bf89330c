"""The licence routes over HTTP."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from apps_domain.models.licences import UNLIMITED
from tenants.models import Tenant
from tests.api.seed import LICENCES
from tests.conftest import ApiClient
from tests.factories.licences import LicenceFactory, LocationFactory


def results(api: ApiClient, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(LICENCES, query=query).json()["content"]["results"]
    return found


def test_lists_our_licences(viewer_api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    LicenceFactory(LocationFactory(other_tenant), "999", total=7)
    ours = LocationFactory(tenant)
    LicenceFactory(
        ours, "408709785", total=5, assigned_count=2, available_count=3, supported_platforms=["iOS", "macOS"]
    )

    response = viewer_api.get(LICENCES)

    assert response.status_code == 200
    assert response.json() == {
        "code": 200,
        "message": "ok",
        "content": {
            "count": 1,
            "prev": None,
            "next": None,
            "results": [
                {
                    "app_id": "408709785",
                    "assigned_count": 2,
                    "available_count": 3,
                    "pricing_param": "STDQ",
                    "supported_platforms": ["iOS", "macOS"],
                    "total_count": 5,
                }
            ],
        },
    }


def test_counts_are_summed_over_locations_and_qualities(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    LicenceFactory(LocationFactory(other_tenant), "1", total=1000)
    first, second = LocationFactory(tenant), LocationFactory(tenant)
    LicenceFactory(first, "1", total=5, assigned_count=1, available_count=4, pricing_param="PLUS")
    LicenceFactory(first, "1", total=10, assigned_count=10, available_count=0)
    LicenceFactory(second, "1", total=20, assigned_count=3, available_count=17)
    LicenceFactory(second, "2", total=UNLIMITED)
    LicenceFactory(first, "2", total=UNLIMITED)
    LicenceFactory(first, "3", product_type="Book")

    one, two = results(api)

    assert (one["app_id"], one["pricing_param"]) == ("1", "STDQ")
    assert (one["assigned_count"], one["available_count"], one["total_count"]) == (14, 21, 35)
    assert (two["available_count"], two["total_count"]) == (UNLIMITED, UNLIMITED)
    assert api.get(f"{LICENCES}/1").json()["content"] == one
    assert api.get(f"{LICENCES}/3").status_code == 404


def test_pages(api: ApiClient, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first, second = LocationFactory(tenant), LocationFactory(tenant)
    for number in range(101, 131):
        LicenceFactory(first, str(number))
        LicenceFactory(second, str(number))

    with django_assert_num_queries(4):  # the token, its last use, the count, the rows
        content = api.get(LICENCES, query={"limit": 10, "offset": 10}).json()["content"]

    assert content["count"] == 30
    assert [each["app_id"] for each in content["results"]] == [str(number) for number in range(111, 121)]
    assert "offset=20" in content["next"]
    assert "offset=0" in content["prev"]


def test_far_pages(api: ApiClient, tenant: Tenant) -> None:
    """Far into a list the rows are fetched by their ids."""
    location = LocationFactory(tenant)
    for number in range(10_000, 11_010):
        LicenceFactory(location, str(number))

    found = results(api, limit=5, offset=1002)

    assert [(each["app_id"], each["total_count"]) for each in found] == [(str(11_002 + n), 5) for n in range(5)]


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.0", "1e3", "9" * 20, "9" * 40, "１", "+1", "408709785x"])
def test_what_is_no_app_is_not_found(text: str, api: ApiClient, tenant: Tenant) -> None:
    LicenceFactory(LocationFactory(tenant), "408709785")

    response = api.get(f"{LICENCES}/{text}")

    assert response.status_code == 404
    assert response.json()["code"] == 404


def test_an_app_of_another_tenant_is_not_found(api: ApiClient, other_tenant: Tenant) -> None:
    LicenceFactory(LocationFactory(other_tenant), "408709785")

    assert api.get(f"{LICENCES}/408709785").status_code == 404


def test_nothing_is_written(api: ApiClient, tenant: Tenant) -> None:
    LicenceFactory(LocationFactory(tenant), "408709785")

    for method in ("post", "put", "delete"):
        assert api.request(method, LICENCES).status_code == 405
        assert api.request(method, f"{LICENCES}/408709785").status_code == 405
