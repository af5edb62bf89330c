"""Windows of scheduled requests in the console: the list of requests, a request's page, statuses, the first page."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from commands.models import CommandRequest, CommandStatus
from commands.models.status import State
from commands.services.requests import cancel_command_request
from tenants.actors import SYSTEM
from tenants.models import Role, Tenant
from tests.conftest import ApiClient
from tests.factories.console import member, superuser
from tests.factories.devices import DeviceFactory, DeviceGroupFactory
from tests.factories.schedules import at, beat, scheduled

REQUESTS = "/admin/commands/commandrequest/"
STATUSES = "/admin/commands/commandstatus/"
NIGHTS: dict[str, Any] = {
    "name": "Nightly",
    "start_datetime": "2027-01-11T00:00:00Z",
    "end_datetime": "2027-01-20T00:00:00Z",
    "window_start_time": "01:00",
    "window_end_time": "05:00",
}
ONE_HOUR: dict[str, Any] = {"start_datetime": "2027-01-11T10:00:00Z", "end_datetime": "2027-01-11T11:00:00Z"}
Queries = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def nightly(api: ApiClient, tenant: Tenant) -> uuid.UUID:
    """For two devices, by the clock of Berlin; on its second window, which is open."""
    tenant.time_zone = "Europe/Berlin"
    tenant.save(update_fields=["time_zone"])
    devices = [DeviceFactory(tenant=tenant) for _ in range(2)]
    with at("2027-01-10T12:00Z"):
        request = scheduled(api, *devices, schedule="RECURRING", **NIGHTS)
        beat()
    for moment in ("2027-01-11T00:30Z", "2027-01-11T04:30Z", "2027-01-12T00:30Z"):
        with at(moment):
            beat()
    return request


def page_of(client: Any, request: uuid.UUID) -> Any:
    return client.get(f"{REQUESTS}{request}/change/")


def found(client: Any, window: str) -> list[uuid.UUID]:
    return [row.pk for row in client.get(REQUESTS, {"window": window}).context["cl"].result_list]


def test_a_page_tells_the_rule_and_who_scheduled_it(tenant: Tenant, nightly: uuid.UUID) -> None:
    with at("2027-01-12T01:00Z"):
        facts = dict(page_of(member(tenant, Role.VIEWER), nightly).context["facts"])

    assert facts["When"] == (
        "Again and again, every day, from 01:00 to 05:00, "
        "between Mon 11 Jan 2027 01:00 and Wed 20 Jan 2027 01:00 (Europe/Berlin)."
    )
    assert (facts["Schedule"], facts["Scheduled by"]) == ("Nightly", "caller-1")


def test_a_page_tells_the_windows_and_the_rows_of_each(tenant: Tenant, nightly: uuid.UUID) -> None:
    CommandStatus.objects.filter(request=nightly, device=CommandStatus.objects.latest("device__id").device).filter(
        state=State.QUEUED
    ).update(state=State.SUCCESS)

    with at("2027-01-12T01:00Z"):
        windows = page_of(member(tenant), nightly).context["windows"]

    told = [(window["span"], window["zone"], window["phase"], window["counts"]) for window in windows]
    assert [(span, zone) for span, zone, _, _ in told] == [
        ("Mon 11 Jan 2027 01:00 – 05:00", "Europe/Berlin"),
        ("Tue 12 Jan 2027 01:00 – 05:00", "Europe/Berlin"),
        ("Wed 13 Jan 2027 01:00 – 05:00", "Europe/Berlin"),
    ]
    for phase, word in zip((phase for _, _, phase, _ in told), ("over", "open", "to come"), strict=True):
        assert word in phase
    counts = [[count for _, count in each] for _, _, _, each in told]
    assert counts == [[2], [1, 1], [2]]


def test_a_page_tells_a_rows_window(tenant: Tenant, nightly: uuid.UUID) -> None:
    with at("2027-01-12T01:00Z"):
        page = page_of(member(tenant), nightly).content.decode()

    assert "not before Wed 13 Jan 2027 01:00, closes 05:00, Europe/Berlin" in page


def test_windows_that_are_not_shown_are_counted(tenant: Tenant, nightly: uuid.UUID) -> None:
    first = CommandRequest.objects.get().slots.order_by("number")[0]
    for number in range(100, 115):
        first.pk, first.number = None, number
        first.save()

    with at("2027-01-12T01:00Z"):
        context = page_of(member(tenant), nightly).context

    assert (len(context["windows"]), context["more_windows"]) == (12, 6)


def test_a_schedule_for_a_group_that_is_empty_so_far_says_so(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    with at("2027-01-11T09:00Z"):
        request = scheduled(api, groups=[group], **ONE_HOUR)
        beat()
        client = member(tenant)
        pages = [client.get(REQUESTS).content.decode(), page_of(client, request).content.decode()]

    assert ["no device so far" in page for page in pages] == [True, True]
    assert "No device has a row of this request yet." in pages[1]


def test_a_cancelled_request_has_no_window_to_come(tenant: Tenant, nightly: uuid.UUID) -> None:
    with at("2027-01-12T01:00Z"):
        cancel_command_request(request=CommandRequest.objects.get(), actor=SYSTEM)
        client = member(tenant)
        windows = page_of(client, nightly).context["windows"]
        coming = found(client, "coming")
        listed = client.get("/admin/").context["windows"]

    assert "cancelled" in windows[-1]["phase"]
    assert coming == []
    assert listed == {"open": [], "coming": []}


def test_the_list_tells_the_schedule_and_the_next_window(api: ApiClient, tenant: Tenant, nightly: uuid.UUID) -> None:
    with at("2027-01-12T01:00Z"):
        page = member(tenant).get(REQUESTS).content.decode()
    assert "again and again" in page
    assert "until Tue 12 Jan 2027 05:00, Europe/Berlin" in page

    with at("2027-01-12T04:30Z"):
        beat()
        page = member(tenant).get(REQUESTS).content.decode()
    assert "Wed 13 Jan 2027 01:00, Europe/Berlin" in page


def test_requests_are_found_by_their_windows(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    with at("2027-01-11T09:00Z"):
        client = member(tenant)
        request = scheduled(api, device, **ONE_HOUR)
        beat()
        assert [found(client, window) for window in ("open", "coming", "over")] == [[], [request], []]
    with at("2027-01-11T10:30Z"):
        beat()
        assert [found(client, window) for window in ("open", "coming", "over")] == [[request], [], []]
    with at("2027-01-11T11:30Z"):
        beat()
        assert [found(client, window) for window in ("open", "coming", "over")] == [[], [], [request]]


def test_statuses_tell_their_window(tenant: Tenant, nightly: uuid.UUID) -> None:
    client = member(tenant)
    row = CommandStatus.objects.filter(state=State.SCHEDULED)[0]

    for path in (STATUSES, f"{STATUSES}{row.pk}/change/"):
        page = client.get(path).content.decode()
        assert "from Wed 13 Jan 2027 01:00" in page
        assert "to 05:00, Europe/Berlin" in page


# --- the first page -----------------------------------------------------------------------------------------------


def test_the_first_page_tells_what_is_open_and_what_opens_within_a_day(
    api: ApiClient, tenant: Tenant, nightly: uuid.UUID
) -> None:
    with at("2027-01-12T01:00Z"):
        windows = member(tenant, Role.VIEWER).get("/admin/").context["windows"]
    assert [(each["name"], each["span"], each["zone"]) for each in windows["open"]] == [
        ("Nightly", "Tue 12 Jan 2027 01:00 – 05:00", "Europe/Berlin")
    ]
    assert [each["span"] for each in windows["coming"]] == ["Wed 13 Jan 2027 01:00 – 05:00"]

    with at("2027-01-11T22:00Z"):
        windows = member(tenant).get("/admin/").context["windows"]
    assert [each["span"] for each in windows["coming"]] == ["Tue 12 Jan 2027 01:00 – 05:00"]


def test_a_request_in_several_time_zones_is_one_line(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    for zone in ("Asia/Tokyo", "Europe/Berlin"):
        DeviceFactory(tenant=tenant, group=group, time_zone=zone)
    with at("2027-01-11T09:00Z"):
        scheduled(api, groups=[group], schedule="RECURRING", **{**NIGHTS, "time_type": "device"})
        beat()
        [line] = member(tenant).get("/admin/").context["windows"]["coming"]

    assert line["zone"] == "UTC, over 2 time zones"
    assert line["span"] == "Mon 11 Jan 2027 16:00 – Tue 12 Jan 2027 04:00"


def test_no_window_of_another_tenant_is_seen(other_tenant: Tenant, tenant: Tenant, nightly: uuid.UUID) -> None:
    with at("2027-01-12T01:00Z"):
        client = member(other_tenant)
        assert client.get("/admin/").context["windows"] == {"open": [], "coming": []}
        assert found(client, "open") == []
        assert client.get(STATUSES).context["cl"].result_count == 0
        assert page_of(client, nightly).status_code == 302
        assert client.post(f"{REQUESTS}{nightly}/cancel/").status_code == 404
    assert CommandRequest.objects.get().cancelled_at is None


def test_a_viewer_neither_cancels_nor_sends(tenant: Tenant, nightly: uuid.UUID) -> None:
    with at("2027-01-12T01:00Z"):
        viewer = member(tenant, Role.VIEWER)
        assert viewer.post(f"{REQUESTS}{nightly}/cancel/").status_code == 404
        assert "send_new" not in viewer.get(REQUESTS).content.decode()
        assert viewer.get(f"{REQUESTS}send_new/").status_code == 403
        assert "send_new" in member(tenant).get(REQUESTS).content.decode()
    assert CommandRequest.objects.get().cancelled_at is None


@pytest.mark.parametrize("count", [1, 12])
def test_windows_cost_the_same_however_many_there_are(
    api: ApiClient, tenant: Tenant, count: int, django_assert_num_queries: Queries
) -> None:
    device = DeviceFactory(tenant=tenant)
    with at("2027-01-11T09:00Z"):
        for _ in range(count):
            request = scheduled(api, device, **ONE_HOUR)
        beat()
        client = superuser()
        with django_assert_num_queries(8):  # session, user, several tenants?, the filter's, two for badges, count, rows
            client.get(REQUESTS)
        page_of(client, request)  # from now on the process knows its content types
        with django_assert_num_queries(16):
            page_of(client, request)
