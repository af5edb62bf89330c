"""Command requests and their statuses in the console."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from commands.models import CommandStatus
from commands.models.status import State
from tenants.models import AuditEvent, Membership, Role, Tenant
from tests.factories.commands import CommandRequestFactory, queued
from tests.factories.console import browser, member, superuser
from tests.factories.devices import DeviceFactory, DeviceGroupFactory
from tests.factories.tenants import UserFactory

REQUESTS = "/admin/commands/commandrequest/"
STATUSES = "/admin/commands/commandstatus/"
Queries = Callable[[int], AbstractContextManager[Any]]


def spread(tenant: Tenant, *states: State) -> Any:
    """A request with a device in each of these states."""
    request = CommandRequestFactory(tenant=tenant, command="REBOOT")
    for state in states:
        row = queued(DeviceFactory(tenant=tenant), state=state)
        CommandStatus.objects.filter(pk=row.pk).update(request=request)
        row.request.delete()
    request.devices = list(CommandStatus.objects.filter(request=request).values_list("device", flat=True))
    request.save()
    return request


def test_the_list_tells_the_progress(tenant: Tenant) -> None:
    spread(tenant, State.SUCCESS, State.SUCCESS, State.FAILURE, State.TIMEOUT, State.QUEUED, State.CANCELLED)

    page = member(tenant, Role.VIEWER).get(REQUESTS).content.decode()

    assert "2 done, 2 failed, 1 cancelled, 1 waiting" in page
    assert "6 devices" in page


def test_requests_that_have_no_rows_say_why(tenant: Tenant) -> None:
    CommandRequestFactory(tenant=tenant)
    CommandRequestFactory(tenant=tenant, fanned_out_at=None)

    page = member(tenant).get(REQUESTS).content.decode()

    assert "no device matches" in page
    assert "starting" in page


@pytest.mark.parametrize("count", [2, 20])
def test_the_lists_cost_the_same_however_long_they_are(
    tenant: Tenant, other_tenant: Tenant, count: int, django_assert_num_queries: Queries
) -> None:
    for _ in range(count):
        spread(tenant, State.SUCCESS, State.QUEUED)
        spread(other_tenant, State.SUCCESS)
    client = superuser()

    with django_assert_num_queries(8):  # session, user, several tenants?, the filter's, two for badges, count, rows
        client.get(REQUESTS)
    with django_assert_num_queries(8):
        client.get(STATUSES)


def test_a_page_tells_who_asked_what_of_whom(tenant: Tenant) -> None:
    request = spread(tenant, State.SUCCESS, State.FAILURE)
    group = DeviceGroupFactory(tenant=tenant, name="Tills")
    request.groups, request.command_args, request.reason = [group.pk], {"level": 5}, "One is too old."
    request.save()

    answer = member(tenant, Role.VIEWER).get(f"{REQUESTS}{request.pk}/change/")

    page = answer.content.decode()
    for word in ("REBOOT", "Tills", "&quot;level&quot;: 5", "One is too old.", "1 done, 1 failed"):
        assert word in page
    assert f"{STATUSES}?request__id__exact={request.pk}" in page


def test_the_links_of_a_page_lead_to_its_statuses(tenant: Tenant) -> None:
    request = spread(tenant, State.SUCCESS, State.FAILURE)
    spread(tenant, State.FAILURE)
    client = member(tenant)

    stats = client.get(f"{REQUESTS}{request.pk}/change/").context["stats"]

    for _, count, url in stats:
        assert client.get(url).context["cl"].result_count == count == 1


@pytest.mark.parametrize("path", ["add/", "{id}/delete/"])
def test_requests_are_neither_added_nor_deleted_here(tenant: Tenant, path: str) -> None:
    request = spread(tenant, State.QUEUED)

    assert superuser().post(REQUESTS + path.format(id=request.pk), {"post": "yes"}).status_code == 403


def test_statuses_are_filtered_and_searched(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, name="Till 1")
    row = queued(device, "WIPE")
    queued(DeviceFactory(tenant=tenant), state=State.FAILURE)
    client = member(tenant)

    queries = [
        {"state__exact": "Command Queued"},
        {"command": "WIPE"},
        {"q": "till"},
        {"q": str(row.pk)},
        {"q": str(row.request_id)},
        {"q": str(device.pk)},
        {"device__id__exact": str(device.pk)},
    ]
    assert [[each.pk for each in client.get(STATUSES, query).context["cl"].result_list] for query in queries] == [
        [row.pk]
    ] * len(queries)


def test_a_statuss_page_opens(tenant: Tenant) -> None:
    row = queued(DeviceFactory(tenant=tenant), reason="Waits for its turn.")

    page = member(tenant, Role.VIEWER).get(f"{STATUSES}{row.pk}/change/").content.decode()

    assert "Waits for its turn." in page
    assert "none kept" in page


def test_cancels_what_still_waits_and_says_why_the_rest_stays(tenant: Tenant) -> None:
    waiting = queued(DeviceFactory(tenant=tenant))
    scheduled = queued(DeviceFactory(tenant=tenant), state=State.SCHEDULED)
    done = queued(DeviceFactory(tenant=tenant), state=State.SUCCESS)
    gone = queued(DeviceFactory(tenant=tenant), state=State.CANCELLED)
    ids = [str(row.pk) for row in (waiting, scheduled, done, gone)]

    answer = member(tenant).post(STATUSES, {"action": "cancel", "_selected_action": ids}, follow=True)

    page = answer.content.decode()
    assert "2 cancelled." in page
    assert "1 not cancelled: Only a queued or scheduled command can be cancelled" in page
    assert "1 not cancelled: it had been cancelled before." in page
    waiting.refresh_from_db()
    done.refresh_from_db()
    assert (waiting.state, done.state) == (State.CANCELLED, State.SUCCESS)
    assert AuditEvent.objects.filter(action="command_status.cancelled").count() == 2


def test_a_viewer_cancels_nothing(tenant: Tenant, other_tenant: Tenant) -> None:
    row = queued(DeviceFactory(tenant=tenant))
    user = UserFactory()  # operator elsewhere, so that the action is there to be tried
    Membership.objects.create(user=user, tenant=tenant, role=Role.VIEWER)
    Membership.objects.create(user=user, tenant=other_tenant, role=Role.OPERATOR)

    chosen = {"action": "cancel", "_selected_action": [str(row.pk)]}
    answer = browser(user).post(STATUSES, chosen, follow=True)
    member(tenant, Role.VIEWER).post(STATUSES, chosen)

    row.refresh_from_db()
    assert "0 cancelled." in answer.content.decode()
    assert "your role in its tenant is viewer" in answer.content.decode()
    assert row.state == State.QUEUED


def test_what_the_platform_sent_by_itself_is_listed_only_when_asked_for(tenant: Tenant) -> None:
    own = CommandRequestFactory(tenant=tenant, command="LOCK")
    internal = CommandRequestFactory(tenant=tenant, command="INSTALL_PROFILE", is_internal=True)
    client = member(tenant)

    def found(**query: str) -> set[str]:
        rows = client.get("/admin/commands/commandrequest/", query).context["cl"].result_list
        return {str(row.pk) for row in rows}

    assert found() == {str(own.pk)}
    assert found(origin="platform") == {str(internal.pk)}
    assert found(origin="any") == {str(own.pk), str(internal.pk)}
