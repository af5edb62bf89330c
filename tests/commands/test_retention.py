"""Rows of ended commands are deleted after COMMAND_RETENTION_DAYS, and their request goes on counting them."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import Settings

from commands.models import CommandRequest, CommandResult, CommandStatus, ScheduleSlot
from commands.models.status import State
from commands.services.retention import prune_commands
from commands.tasks import prune_old_rows
from tenants.models import Role, Tenant
from tests.conftest import ApiClient
from tests.factories.commands import CommandRequestFactory, queued
from tests.factories.console import member
from tests.factories.devices import DeviceFactory

DAY = dt.timedelta(days=1)
ENDED = (State.SUCCESS, State.FAILURE, State.TIMEOUT, State.CANCELLED)
OPEN = tuple(state for state in State if state not in ENDED)


def spread(tenant: Tenant, *states: State, days: int = 91, **fields: Any) -> CommandRequest:
    """A request whose rows were last changed so many days ago."""
    then = timezone.now() - days * DAY
    request = CommandRequestFactory(tenant=tenant, **{"created_at": then, **fields})
    for state in states:
        queued(DeviceFactory(tenant=tenant), state=state, request=request, updated_at=then, sent_at=then)
    return request


def counts(api: ApiClient, request: CommandRequest) -> dict[str, int]:
    stats = api.get(f"/api/commands/v0/commands/{request.pk}/stats/").json()["content"]["status"]
    return {row["state"]: row["total"] for row in stats}


def left(request: CommandRequest) -> list[str]:
    return sorted(CommandStatus.objects.filter(request=request).values_list("state", flat=True))


def test_only_what_ended_long_ago_is_deleted(tenant: Tenant, other_tenant: Tenant) -> None:
    old, young = spread(tenant, *State), spread(other_tenant, *State, days=89, created_at=timezone.now() - 91 * DAY)

    prune_old_rows.delay()

    assert left(old) == sorted(OPEN)
    assert left(young) == sorted(State)


def test_the_stats_stay_the_same(api: ApiClient, tenant: Tenant) -> None:
    request = spread(tenant, *State, *ENDED)
    before = counts(api, request)

    prune_old_rows.delay()
    prune_old_rows.delay()

    assert counts(api, request) == before
    assert before["Command Success"] == 2


def test_the_console_counts_them_too(tenant: Tenant) -> None:
    request = spread(tenant, State.SUCCESS, State.SUCCESS, State.QUEUED)
    prune_old_rows.delay()
    client = member(tenant, Role.VIEWER)

    page = client.get(f"/admin/commands/commandrequest/{request.pk}/change/").content.decode()
    listed = client.get("/admin/commands/commandrequest/").content.decode()

    assert "2 older rows were deleted; the progress still counts them." in page
    assert "2 done, 1 waiting" in page
    assert "2 done, 1 waiting" in listed


def test_a_request_without_rows_is_not_looked_at_again(tenant: Tenant) -> None:
    done, waiting = spread(tenant, State.SUCCESS), spread(tenant, State.SUCCESS, State.QUEUED)

    prune_old_rows.delay()

    done.refresh_from_db()
    waiting.refresh_from_db()
    assert (done.pruned_at is not None, waiting.pruned_at) == (True, None)


def test_the_device_s_answer_goes_along(tenant: Tenant) -> None:
    request = spread(tenant, State.SUCCESS)
    CommandResult.objects.create(status=CommandStatus.objects.get(request=request), payload={"it": "said"})

    prune_old_rows.delay()

    assert not CommandResult.objects.exists()


def test_zero_keeps_everything(tenant: Tenant, settings: Settings) -> None:
    settings.COMMAND_RETENTION_DAYS = 0
    request = spread(tenant, State.SUCCESS, days=4000)

    prune_old_rows.delay()

    assert left(request) == [State.SUCCESS]


def test_a_request_that_is_being_handed_out_keeps_its_rows(tenant: Tenant) -> None:
    request = spread(tenant, State.FAILURE, fanned_out_at=None)

    prune_old_rows.delay()

    assert left(request) == [State.FAILURE]


@pytest.mark.parametrize(("ends_in", "kept"), [(1, [State.SUCCESS]), (-1, [])])
def test_a_window_keeps_its_rows_while_it_lasts(tenant: Tenant, ends_in: int, kept: list[State]) -> None:
    """Or the device would be queued again in the next of its windows."""
    request = spread(tenant, State.SUCCESS, schedule="WINDOW", ends_at=timezone.now() + ends_in * DAY)

    prune_old_rows.delay()

    assert left(request) == kept


@pytest.mark.parametrize("once", [False, True])
def test_a_recurrence_keeps_what_it_still_has_to_know(tenant: Tenant, settings: Settings, once: bool) -> None:
    settings.RECURRING_STOPS_AFTER_SUCCESS = once
    running = spread(tenant, *ENDED, schedule="RECURRING", ends_at=timezone.now() + DAY)
    CommandStatus.objects.filter(request=running, state=State.CANCELLED).update(ends_recurrence=True)
    over = spread(tenant, *ENDED, schedule="RECURRING", ends_at=timezone.now() - DAY)

    prune_old_rows.delay()

    assert left(running) == sorted([State.CANCELLED, *([State.SUCCESS] if once else [])])
    assert left(over) == []


def test_a_schedule_with_a_slot_to_come_runs_on_after_its_end(tenant: Tenant) -> None:
    """Of a device in a time zone that is behind."""
    now = timezone.now()
    request = spread(tenant, State.SUCCESS, schedule="WINDOW", ends_at=now - DAY)
    ScheduleSlot.objects.create(
        request=request, zone="UTC", number=1, opens_at=now, closes_at=now + DAY, due_at=now + DAY
    )

    prune_old_rows.delay()

    assert left(request) == [State.SUCCESS]


@contextmanager
def interrupted_at(statement: int) -> Iterator[None]:
    """The connection fails at this statement of the block, counted from 0."""
    seen = 0

    def fail(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == statement + 1:
            raise OperationalError("the connection broke")
        return execute(*args)

    with connection.execute_wrapper(fail):
        yield


def test_a_worker_that_is_killed_anywhere_loses_and_doubles_no_count(
    api: ApiClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.services.retention.SLICE", 2)
    request = spread(tenant, *ENDED, *ENDED, State.QUEUED)
    before = counts(api, request)
    statement = 0

    while len(left(request)) > 1:
        with interrupted_at(statement), suppress(OperationalError):
            prune_commands(older_than=90 * DAY, most=1)
        statement += 1
        assert counts(api, request) == before

    assert left(request) == [State.QUEUED]


def test_stops_at_the_most_of_a_run_and_goes_on_in_the_next(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.services.retention.SLICE", 2)
    monkeypatch.setattr("commands.services.retention.WALK", 1)
    requests = [spread(tenant, *[State.SUCCESS] * 3) for _ in range(3)]

    runs = [prune_commands(older_than=90 * DAY, most=4) for _ in range(4)]

    assert runs == [5, 4, 0, 0]
    assert [left(request) for request in requests] == [[], [], []]
