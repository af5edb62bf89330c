"""Store apps in the console."""

import datetime as dt

import pytest
from django.utils import timezone

from apps_domain.models import StoreApp
from tenants.models import Role, Tenant
from tests.factories.apps import StoreAppFactory, licensed, on_a_device
from tests.factories.console import member, superuser

pytestmark = pytest.mark.django_db

LIST = "/admin/apps_domain/storeapp/"


def test_a_member_sees_the_tenants_apps_and_no_others(tenant: Tenant, other_tenant: Tenant) -> None:
    StoreAppFactory(tenant)
    theirs = StoreAppFactory(other_tenant)
    client = member(tenant, Role.VIEWER)

    page = client.get(LIST).content.decode()

    assert "Notes of Ours" in page
    assert "Notes of Theirs" not in page
    assert client.get(f"{LIST}{theirs.pk}/change/").status_code == 302


def test_licences_and_devices_are_counted_for_the_tenant_alone(tenant: Tenant, other_tenant: Tenant) -> None:
    row = StoreAppFactory(tenant)
    licensed(row, total=40, available_count=33)
    on_a_device(row)
    foreign = StoreAppFactory(other_tenant)
    licensed(foreign, total=1000, available_count=1000)

    page = member(tenant).get(LIST).content.decode()

    assert "33 of 40 free" in page
    assert "1,000" not in page


def test_the_page_shows_versions_and_the_store_page(tenant: Tenant) -> None:
    address = "https://apps.apple.com/us/app/id9990000001"
    row = StoreAppFactory(tenant, version="4.2", itunes_url=address, icon_url="https://is1.mzstatic.com/a.png")

    answer = member(tenant).get(f"{LIST}{row.pk}/change/")

    page = answer.content.decode()
    assert f'href="{address}"' in page
    assert "4.2 since" in page
    assert "https://is1.mzstatic.com/a.png" in page
    assert "https://*.mzstatic.com" in answer["Content-Security-Policy"]


def test_names_from_the_store_are_only_text(tenant: Tenant) -> None:
    row = StoreAppFactory(tenant, name="<script>alert(1)</script>", description="<b>bold</b>")

    page = member(tenant).get(f"{LIST}{row.pk}/change/").content.decode()

    assert "<script>alert(1)" not in page
    assert "<b>bold" not in page


@pytest.mark.parametrize(
    ("asked", "missing", "told"),
    [(None, None, "not asked yet"), (0, None, "listed"), (0, 3, "not listed")],
)
def test_the_state_is_a_label(tenant: Tenant, asked: int | None, missing: int | None, told: str) -> None:
    now = timezone.now()
    row = StoreAppFactory(
        tenant,
        refreshed_at=None if asked is None else now,
        missing_since=None if missing is None else now - dt.timedelta(days=missing),
    )

    assert f">{told}</span>" in member(tenant).get(f"{LIST}{row.pk}/change/").content.decode()


@pytest.mark.parametrize(("chosen", "shown"), [("yes", "Here"), ("no", "Gone"), ("unknown", "Bare"), ("odd", "Here")])
def test_the_filter_finds_those_in_the_store_and_the_others(tenant: Tenant, chosen: str, shown: str) -> None:
    StoreAppFactory(tenant, apple_app_id="1", name="Here")
    StoreAppFactory(tenant, apple_app_id="2", name="Gone", missing_since=timezone.now())
    StoreAppFactory(tenant, apple_app_id="3", name="Bare", refreshed_at=None)

    page = member(tenant).get(LIST, {"in_store": chosen}).content.decode()

    assert shown in page
    assert [name in page for name in ("Here", "Gone", "Bare")].count(True) == (3 if chosen == "odd" else 1)


def test_an_operator_has_apple_asked_again(tenant: Tenant, other_tenant: Tenant) -> None:
    row, foreign = StoreAppFactory(tenant), StoreAppFactory(other_tenant)
    action = f"{LIST}{{}}/ask_again/"

    assert member(tenant, Role.VIEWER).post(action.format(row.pk)).status_code == 404
    assert member(tenant).post(action.format(foreign.pk)).status_code == 404
    assert "Ask Apple again" in member(tenant).get(action.format(row.pk)).content.decode()
    assert not StoreApp.objects.filter(refresh_wanted_at__isnull=False).exists()
    assert member(tenant).post(action.format(row.pk)).status_code == 302
    assert StoreApp.objects.get(refresh_wanted_at__isnull=False) == row


def test_nothing_can_be_added_changed_or_deleted(tenant: Tenant) -> None:
    row, client = StoreAppFactory(tenant), superuser()

    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{row.pk}/change/", {"name": "x"}).status_code == 403
    assert client.post(f"{LIST}{row.pk}/delete/").status_code == 403
    assert StoreApp.objects.get().name == "Notes of Ours"


def test_a_long_list_takes_few_queries(tenant: Tenant, django_assert_max_num_queries: object) -> None:
    for number in range(30):
        StoreAppFactory(tenant, apple_app_id=str(number + 1))
    client = member(tenant)

    with django_assert_max_num_queries(14):  # type: ignore[operator]
        client.get(LIST)
