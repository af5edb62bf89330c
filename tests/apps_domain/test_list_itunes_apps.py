"""GET /api/v2/itunesapps"""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from apps_domain.models import StoreApp, StoreAppVersion
from apps_domain.services.store import known_store_app
from onboarding.simulation.store import Fault, StoreStandIn
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.apps import StoreAppFactory
from tests.factories.threads import all_at_once

pytestmark = pytest.mark.django_db

PATH = "/api/v2/itunesapps"
NOTES, MAIL, JAPANESE, SPARSE, CONSUMER_ONLY = "9990000001", "9990000002", "9990000004", "9990000008", "9990000011"


def look_up(api: ApiClient, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(PATH, query=query)
    assert answer.status_code == 200, answer.content
    content = answer.json()["content"]
    assert (content["prev"], content["next"], content["count"]) == (None, None, len(content["results"]))
    found: list[dict[str, Any]] = content["results"]
    return found


def test_an_app_looked_up_by_apples_id_has_all_documented_fields(api: ApiClient, store: StoreStandIn) -> None:
    [found] = look_up(api, apple_app_id=MAIL)

    row = StoreApp.objects.get()
    assert found == {
        "app_id": str(row.pk),
        "apple_app_id": MAIL,
        "app_version_id": str(StoreAppVersion.objects.get(app=row).pk),
        "apple_app_version": "11.0",
        "app_name": "Harbour Mail",
        "icon_url": f"{store.base_url}/icons/{MAIL}/512x512bb.png",
        "developer": "Harbour Works Ltd",
        "itunes_url": f"https://apps.apple.com/us/app/id{MAIL}",
        "genres": ["Business", "Utilities"],
        "device_families": ["iphone", "ipad", "ipod"],
        "bundle_id": "example.harbour.mail",
        "price": 4.99,
        "app_size": 121634816,
        "minimum_os_version": "17.0",
        "description": "Mail for teams that share an address.",
        "last_updated_date": "2026-11-02T17:45:00Z",
        "pricing_param": "STDQ",
    }


def test_it_is_found_again_by_our_id_by_apples_and_by_both_without_asking_again(
    api: ApiClient, store: StoreStandIn
) -> None:
    [first] = look_up(api, apple_app_id=NOTES)

    assert look_up(api, app_id=first["app_id"]) == [first]
    assert look_up(api, apple_app_id=NOTES) == [first]
    assert look_up(api, app_id=first["app_id"].upper(), apple_app_id=NOTES) == [first]
    assert len(store.asked) == 1


@pytest.mark.parametrize("query", [{}, {"app_id": " "}, {"app_id": "", "apple_app_id": ""}])
def test_one_of_the_ids_is_needed(api: ApiClient, query: dict[str, str]) -> None:
    answer = api.get(PATH, query=query)

    assert answer.status_code == 400
    assert "app_id" in answer.json()["message"]
    assert "apple_app_id" in answer.json()["message"]


@pytest.mark.parametrize(
    "query",
    [
        {"app_id": "7"},
        {"app_id": "00000000-0000-0000-0000-00000000000g"},
        {"apple_app_id": "id361309726"},
        {"apple_app_id": "-1"},
        {"apple_app_id": "0"},
        {"apple_app_id": "1" * 20},
        {"apple_app_id": "1\0"},
        {"apple_app_id": "٣٦"},
        {"apple_app_id": "1,2"},
        {"app_id": "d06f58b7-67ec-464e-b114-1d2e187a601c", "apple_app_id": "no"},
    ],
    ids=str,
)
def test_an_id_that_cannot_be_one_is_refused(api: ApiClient, store: StoreStandIn, query: dict[str, str]) -> None:
    answer = api.get(PATH, query=query)

    assert answer.status_code == 400
    assert answer.json()["content"].keys() & query.keys()
    assert not store.asked
    assert not StoreApp.objects.exists()


def test_an_unknown_id_of_ours_is_an_empty_page(api: ApiClient, store: StoreStandIn) -> None:
    assert look_up(api, app_id=uuid.uuid4()) == []
    assert look_up(api, app_id=uuid.uuid4(), apple_app_id=NOTES) == []
    assert not store.asked


def test_ids_of_two_apps_are_an_empty_page(api: ApiClient, tenant: Tenant, store: StoreStandIn) -> None:
    notes = StoreAppFactory(tenant)

    assert look_up(api, app_id=notes.pk, apple_app_id=MAIL) == []
    assert not store.asked


def test_an_app_that_the_store_does_not_list_is_an_empty_page_and_leaves_nothing(
    api: ApiClient, store: StoreStandIn
) -> None:
    assert look_up(api, apple_app_id="1234567890") == []
    assert not StoreApp.objects.exists()


def test_another_tenants_app_is_not_found_by_its_id_and_has_another_one(
    api: ApiClient, other_api: ApiClient, store: StoreStandIn
) -> None:
    [mine] = look_up(api, apple_app_id=NOTES)
    [theirs] = look_up(other_api, apple_app_id=NOTES)

    assert mine["app_id"] != theirs["app_id"]
    assert mine["app_version_id"] != theirs["app_version_id"]
    assert look_up(other_api, app_id=mine["app_id"]) == []


def test_each_tenant_asks_the_store_of_its_country(
    api: ApiClient, other_api: ApiClient, other_tenant: Tenant, store: StoreStandIn
) -> None:
    Tenant.objects.filter(pk=other_tenant.pk).update(store_country="jp")

    assert look_up(api, apple_app_id=JAPANESE) == []
    [found] = look_up(other_api, apple_app_id=JAPANESE)
    assert (found["app_name"], found["developer"]) == ("在庫かんたん", "株式会社みなと")
    assert {asked.country for asked in store.asked} == {"us", "jp"}


def test_an_app_that_companies_cannot_buy_is_found_among_everybodys(api: ApiClient, store: StoreStandIn) -> None:
    [found] = look_up(api, apple_app_id=CONSUMER_ONLY)

    assert found["app_name"] == "متجر المدينة"
    assert [asked.platform for asked in store.asked] == ["enterprisestore", "iphone"]


def test_what_the_store_does_not_say_is_empty(api: ApiClient, store: StoreStandIn) -> None:
    [found] = look_up(api, apple_app_id=SPARSE)

    empty = {name for name, value in found.items() if value in ("", None, [])}
    assert empty == {"icon_url", "app_size", "minimum_os_version", "description", "pricing_param"}
    assert found["last_updated_date"] == "2019-04-30T00:00:00Z"


def test_a_record_of_odd_types_is_kept_without_what_is_odd(api: ApiClient, store: StoreStandIn) -> None:
    store.misbehave(Fault(answer="odd"))

    [found] = look_up(api, apple_app_id=NOTES)

    known = {"app_id", "apple_app_id"}
    assert {name for name, value in found.items() if value not in ("", None, [])} == known
    assert StoreApp.objects.get().itunes_url == ""


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault(status=500), "answers 500"),
        (Fault(status=403), "ask too often"),
        (Fault(status=429), "ask too often"),
        (Fault(status=302), "answers 302"),
        (Fault(answer="html"), "not in the form"),
        (Fault(answer="empty"), "not in the form"),
        (Fault(answer="cut"), "no connection"),
        (Fault(answer="huge"), "larger than"),
        (Fault(answer="wrong_id"), "another app"),
    ],
    ids=str,
)
def test_a_store_that_gives_no_answer_is_a_clear_error_and_leaves_nothing(
    api: ApiClient, store: StoreStandIn, fault: Fault, told: str
) -> None:
    store.misbehave(fault)

    answer = api.get(PATH, query={"apple_app_id": NOTES})

    assert answer.status_code == 500
    assert told in answer.json()["message"]
    assert "Try again" in answer.json()["message"]
    assert answer["Retry-After"].isdecimal()
    assert not StoreApp.objects.exists()
    assert not StoreAppVersion.objects.exists()


@pytest.mark.parametrize("fault", [Fault(delay=30), Fault(answer="endless")], ids=str)
def test_nobody_waits_for_long(
    api: ApiClient, store: StoreStandIn, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps_domain.services.store_calls.MAX_SECONDS", 0.3)
    store.misbehave(fault)

    answer = api.get(PATH, query={"apple_app_id": NOTES})

    assert answer.status_code == 500
    assert "did not answer in time" in answer.json()["message"]


def test_while_the_store_is_away_nobody_else_waits_for_it(api: ApiClient, store: StoreStandIn) -> None:
    store.misbehave(Fault(status=503, times=1))

    statuses = [api.get(PATH, query={"apple_app_id": each}).status_code for each in (NOTES, MAIL)]

    assert statuses == [500, 500]
    assert len(store.asked) == 1


def test_a_known_app_is_served_while_the_store_is_away(api: ApiClient, tenant: Tenant) -> None:
    StoreAppFactory(tenant, refreshed_at=timezone.now() - dt.timedelta(days=30))

    [found] = look_up(api, apple_app_id=NOTES)

    assert found["app_name"] == "Notes of Ours"


def test_an_old_record_is_served_at_once_and_asked_for_later(
    api: ApiClient, tenant: Tenant, store: StoreStandIn
) -> None:
    old = StoreAppFactory(tenant, refreshed_at=timezone.now() - dt.timedelta(hours=25))

    assert look_up(api, app_id=old.pk)[0]["apple_app_version"] == "1.0"
    assert not store.asked
    old.refresh_from_db()
    assert old.refresh_wanted_at is not None


def test_a_young_record_is_not_asked_for(api: ApiClient, tenant: Tenant, store: StoreStandIn) -> None:
    young = StoreAppFactory(tenant, refreshed_at=timezone.now() - dt.timedelta(hours=23))

    look_up(api, app_id=young.pk)

    young.refresh_from_db()
    assert young.refresh_wanted_at is None


def test_after_a_change_of_country_a_record_is_asked_for_again(api: ApiClient, tenant: Tenant) -> None:
    row = StoreAppFactory(tenant)
    Tenant.objects.filter(pk=tenant.pk).update(store_country="de")

    look_up(api, app_id=row.pk)

    row.refresh_from_db()
    assert row.refresh_wanted_at is not None


def test_a_bare_record_is_filled_and_keeps_its_id(api: ApiClient, tenant: Tenant, store: StoreStandIn) -> None:
    bare = known_store_app(tenant=tenant, adam_id=NOTES)

    [found] = look_up(api, app_id=bare.pk)

    assert (found["app_id"], found["app_name"]) == (str(bare.pk), "Ledgerline Notes")


def test_a_bare_record_that_the_store_does_not_list_is_served_as_it_is(
    api: ApiClient, tenant: Tenant, store: StoreStandIn
) -> None:
    bare = known_store_app(tenant=tenant, adam_id="1234567890")

    [found] = look_up(api, app_id=bare.pk)

    assert (found["app_id"], found["app_name"], found["app_version_id"]) == (str(bare.pk), "", None)
    bare.refresh_from_db()
    assert bare.missing_since is not None
    asked = len(store.asked)
    look_up(api, app_id=bare.pk)
    assert len(store.asked) == asked


@pytest.mark.django_db(transaction=True)
def test_two_first_look_ups_at_once_make_one_record(api: ApiClient, store: StoreStandIn) -> None:
    store.misbehave(Fault(delay=0.2))  # so that all of them ask
    found: list[list[dict[str, Any]]] = []

    all_at_once(*[lambda: found.append(look_up(api, apple_app_id=NOTES))] * 4)

    assert len({each["app_id"] for page in found for each in page}) == 1
    assert (StoreApp.objects.count(), StoreAppVersion.objects.count()) == (1, 1)


def test_a_viewer_may_look_up(viewer_api: ApiClient, store: StoreStandIn) -> None:
    assert len(look_up(viewer_api, apple_app_id=NOTES)) == 1


def test_a_known_app_takes_few_queries(api: ApiClient, tenant: Tenant, django_assert_max_num_queries: Any) -> None:
    row = StoreAppFactory(tenant)
    look_up(api, app_id=row.pk)

    with django_assert_max_num_queries(6):
        look_up(api, app_id=row.pk)
