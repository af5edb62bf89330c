"""`limit` and `offset` on every list, and the links to the neighbouring pages."""

import datetime as dt
from typing import Any

import pytest
from django.db.models import Count
from django.utils import timezone

from apps_domain.models import TenantApp, VendorApp
from commands.models import Converge
from tenants.models import Tenant
from tests.api.calls import HEARTBEAT_BOUNDS, LISTS, belongings_of
from tests.api.seed import APP_VERSIONS, APPS, CONVERGE_COMMANDS, CONVERGES, VENDOR_APPS, Operation
from tests.conftest import ApiClient
from tests.factories.commands import queued
from tests.factories.converges import ConvergeFactory, step_of
from tests.factories.devices import DeviceFactory, seen
from tests.factories.tenant_apps import TenantAppFactory, TenantAppVersionFactory
from tests.factories.vendor_apps import VendorAppFactory, VendorAppVersionFactory

each_list = pytest.mark.parametrize("seed", LISTS, ids=str)
BACK = {
    "/api/device/v0/devices/": {"prev", "previous"},
    "/api/device/v2/heartbeat/": {"prev"},
    "/api/commands/v0/commands/": {"previous"},
    "/api/commands/v0/status/": {"previous"},
    APPS: {"prev"},
    APP_VERSIONS: {"prev"},
    VENDOR_APPS: {"prev"},
    CONVERGES: {"previous"},
    CONVERGE_COMMANDS: {"previous"},
}
IDS = ("id", "command_request_id", "device_id", "app_version_id")
KEPT = {
    "/api/device/v0/devices/": "search=Device",
    "/api/device/v2/heartbeat/": "platform=APPLE",
    APPS: "platform=APPLE",
    APP_VERSIONS: "app_name=App",
    VENDOR_APPS: "package_name=org.example.shared",
    CONVERGES: "device_ids=",
}


def fill(tenant: Tenant, number: int, seed: Operation) -> None:
    """So many rows in this list, and in the others of the same things."""
    add = next(add for start, add in ADDED.items() if seed.path.startswith(start))
    for index in range(number):
        add(tenant, index)


def add_device(tenant: Tenant, index: int) -> None:
    seen(DeviceFactory(tenant=tenant), dt.timedelta(minutes=index))


def add_command(tenant: Tenant, index: int) -> None:
    queued(DeviceFactory(tenant=tenant))


def add_converge(tenant: Tenant, index: int) -> None:
    """And a command of the first one."""
    device = DeviceFactory(tenant=tenant)
    made = ConvergeFactory(device)
    step_of(first_converge(tenant) if index else made, queued(device))


def add_vendor_app(tenant: Tenant, index: int) -> None:
    VendorAppVersionFactory(shared_app(), tenant)


def add_app(tenant: Tenant, index: int) -> None:
    """And a version of the first one."""
    made = TenantAppFactory(tenant)
    TenantAppVersionFactory(first_app(tenant) if index else made)


ADDED = {
    "/api/device/": add_device,
    "/api/commands/": add_command,
    CONVERGES: add_converge,
    VENDOR_APPS: add_vendor_app,
    APPS: add_app,
}


def first_app(tenant: Tenant) -> TenantApp:
    """The one that gets the versions."""
    return TenantApp.objects.filter(tenant=tenant).alias(held=Count("versions")).order_by("-held", "created_at")[0]


def first_converge(tenant: Tenant) -> Converge:
    """The one that gets the commands."""
    return Converge.objects.filter(tenant=tenant).alias(sent=Count("steps")).order_by("-sent", "created_at")[0]


def shared_app() -> VendorApp:
    """The published app that gets the versions."""
    name = "org.example.shared"
    return VendorApp.objects.filter(package_name=name).first() or VendorAppFactory(package_name=name)


def list_path(api: ApiClient, seed: Operation) -> str:
    """The list that `fill` fills for the caller's tenant."""
    tenant = Tenant.objects.get(pk=api.headers["X-Tenant-Id"])
    apps = TenantApp.objects.filter(tenant=tenant)
    if "appId" in seed.ids and not apps.exists():
        TenantAppFactory(tenant)
    if "id" in seed.ids and not Converge.objects.filter(tenant=tenant).exists():
        ConvergeFactory(tenant=tenant)
    if "id" in seed.ids:
        return seed.path.replace("{id}", str(first_converge(tenant).pk))
    return seed.path.replace("{appId}", str(first_app(tenant).pk)) if seed.ids else seed.path


def page(api: ApiClient, seed: Operation, query: str = "") -> dict[str, Any]:
    bounds = f"{HEARTBEAT_BOUNDS}&" if seed.required_query else ""
    response = api.get(f"{list_path(api, seed)}?{bounds}{query}")
    assert response.status_code == 200
    content: dict[str, Any] = response.json()["content"]
    return content


def follow(api: ApiClient, link: str) -> dict[str, Any]:
    assert link.startswith("http://testserver/api/")
    content: dict[str, Any] = api.get(link.removeprefix("http://testserver")).json()["content"]
    return content


@each_list
def test_an_empty_list_has_no_neighbours(api: ApiClient, other_tenant: Tenant, seed: Operation) -> None:
    belongings_of(other_tenant).complete()

    found = page(api, seed)

    assert found == {"count": 0, **dict.fromkeys(BACK[seed.path]), "next": None, "results": []}


@each_list
def test_a_list_on_one_page_has_no_neighbours_and_others_lead_back_to_the_start(
    api: ApiClient, tenant: Tenant, seed: Operation
) -> None:
    fill(tenant, 3, seed)

    for query in ("", "limit=&offset="):
        found = page(api, seed, query)
        assert (found["count"], len(found["results"]), found["next"]) == (3, 3, None), query
        assert {found[name] for name in BACK[seed.path]} == {None}, query

    inside = page(api, seed, "limit=2&offset=1")
    assert len(inside["results"]) == 2
    assert all("offset=0" in inside[name] for name in BACK[seed.path])


@each_list
def test_the_links_lead_through_the_whole_list_and_back(api: ApiClient, tenant: Tenant, seed: Operation) -> None:
    fill(tenant, 5, seed)
    pages = [page(api, seed, "limit=2")]
    while pages[-1]["next"]:
        pages.append(follow(api, pages[-1]["next"]))

    rows = [row for each in pages for row in each["results"]]
    assert [len(each["results"]) for each in pages] == [2, 2, 1]
    assert rows == page(api, seed, "limit=1000")["results"]
    for name in BACK[seed.path]:
        assert follow(api, pages[2][name])["results"] == pages[1]["results"]
        assert follow(api, pages[1][name])["results"] == pages[0]["results"]
        assert pages[0][name] is None


@each_list
def test_the_links_keep_the_query(api: ApiClient, tenant: Tenant, seed: Operation) -> None:
    fill(tenant, 3, seed)
    kept = KEPT.get(seed.path, "exclude_internal_commands=true")

    found = page(api, seed, f"{kept}&limit=1&offset=1")

    assert kept in found["next"]
    assert "limit=1" in found["next"]
    assert "offset=2" in found["next"]
    assert all(kept in found[name] and "offset=0" in found[name] for name in BACK[seed.path])


@each_list
def test_twenty_is_the_page_of_who_names_no_limit(api: ApiClient, tenant: Tenant, seed: Operation) -> None:
    fill(tenant, 21, seed)

    found = page(api, seed)

    assert (found["count"], len(found["results"])) == (21, 20)
    assert "limit=20&offset=20" in found["next"]


@each_list
def test_beyond_the_end_there_is_nothing_but_a_way_back(api: ApiClient, tenant: Tenant, seed: Operation) -> None:
    fill(tenant, 3, seed)

    for offset in (3, 4, 1000, 2**31 - 1):
        found = page(api, seed, f"offset={offset}")

        assert (found["count"], found["results"], found["next"]) == (3, [], None), offset
        assert all(found[name] for name in BACK[seed.path]), offset


GARBAGE = [
    "-1",
    "1e3",
    "1.5",
    "x",
    "99999999999999999999",
    "%00",
    "1_0",
    "%2B1",
    "0x1",
    "１",
    "9" * 5000,
    "null",
    "1,2",
]


@each_list
@pytest.mark.parametrize("name", ["limit", "offset"])
def test_a_limit_or_offset_that_is_no_number_is_400_and_named(api: ApiClient, seed: Operation, name: str) -> None:
    path = f"{list_path(api, seed)}?{HEARTBEAT_BOUNDS}"
    low, high = (1, 1000) if name == "limit" else (0, 2**31 - 1)

    for value in GARBAGE:
        response = api.get(f"{path}&{name}={value}")
        message = response.json()["message"]

        assert response.status_code == 400, value
        assert message.startswith(f"{name}: must be a whole number from {low} to {high}, not "), value
        assert len(message) < 150, value


@each_list
def test_a_limit_out_of_bounds_is_400(api: ApiClient, seed: Operation) -> None:
    for limit in (0, 1001):
        response = api.get(f"{list_path(api, seed)}?{HEARTBEAT_BOUNDS}&limit={limit}")

        assert response.status_code == 400, limit
        assert list(response.json()["content"]) == ["limit"], limit


@each_list
def test_deep_pages_keep_the_order(api: ApiClient, tenant: Tenant, seed: Operation, monkeypatch: Any) -> None:
    """Far into a list the rows are found by a walk of the index first."""
    fill(tenant, 4, seed)
    whole = page(api, seed)["results"]
    monkeypatch.setattr("config.api.paging.DEEP_OFFSET", 1)

    assert page(api, seed, "limit=2&offset=1")["results"] == whole[1:3]
    assert page(api, seed, "limit=2&offset=3")["results"] == whole[3:]


@each_list
def test_counts_of_large_lists_are_kept_for_a_moment(
    api: ApiClient, tenant: Tenant, other_api: ApiClient, other_tenant: Tenant, seed: Operation, monkeypatch: Any
) -> None:
    monkeypatch.setattr("config.api.paging.LARGE_COUNT", 1)
    fill(tenant, 2, seed)
    fill(other_tenant, 3, seed)
    assert page(api, seed)["count"] == 2

    fill(tenant, 1, seed)

    assert page(api, seed)["count"] == 2
    assert page(api, seed, "limit=1")["count"] == 2
    assert page(other_api, seed)["count"] == 3


def test_rows_of_the_same_moment_are_never_shown_twice(api: ApiClient, tenant: Tenant) -> None:
    moment = timezone.now()
    for index in range(6):
        device = DeviceFactory(tenant=tenant, created_at=moment)
        seen(device)
        status = queued(device, created_at=moment)
        type(device.heartbeat).objects.update(last_seen=moment)
        type(status.request).objects.update(created_at=moment)
        step_of(first_converge(tenant) if index else ConvergeFactory(device, created_at=moment), status)
        if index:
            ConvergeFactory(device, created_at=moment)
        app = TenantAppFactory(tenant, created_at=moment)
        VendorAppVersionFactory(shared_app(), tenant, created_at=moment)
        TenantAppVersionFactory(first_app(tenant) if index else app, created_at=moment)

    for seed in LISTS:
        pages = [page(api, seed, f"limit=2&offset={offset}")["results"] for offset in (0, 2, 4)]
        ids = [next(row[name] for name in IDS if name in row) for each in pages for row in each]
        assert len(set(ids)) == 6, seed
