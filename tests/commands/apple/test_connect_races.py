"""Two connections of one device at once: real threads, each with its own database connection."""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from django.db import connections, transaction
from django.utils import timezone

from commands.models import AppleEnrolment, CommandStatus
from commands.models.status import State
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import handed, report
from tests.factories.commands import queued
from tests.factories.fleet import placed, row_of
from tests.factories.tenants import TenantFactory
from tests.factories.waiting import until, waiting_for_locks

pytestmark = pytest.mark.django_db(transaction=True)
Value = TypeVar("Value")


@pytest.fixture
def device() -> SimulatedAppleDevice:
    return placed(TenantFactory(name="Ours"))


def at_once(acts: list[Callable[[], Value]]) -> list[Value]:
    """What they return, all begun at the same moment."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Value]) -> Value:
        start.wait(timeout=10)
        return closing_connections(act)

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def closing_connections(act: Callable[[], Value]) -> Value:
    try:
        return act()
    finally:
        connections.close_all()


def all_held_up(acts: list[Callable[[], Value]], device: SimulatedAppleDevice) -> list[Value]:
    """What they return, all caught at the device's enrolment before the first may go on."""
    with ThreadPoolExecutor(len(acts)) as pool:
        with transaction.atomic():
            AppleEnrolment.objects.select_for_update().get(device=row_of(device))
            running = [pool.submit(closing_connections, act) for act in acts]
            until(lambda: waiting_for_locks() == len(acts))
        return [each.result(timeout=10) for each in running]


def test_overlapping_idle_connections_are_never_handed_the_same_row(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))

    answers = all_held_up([lambda: handed(report(device))] * 4, device)

    assert Counter(answers) == {str(row.pk): 1, None: 3}


def test_losing_such_a_race_does_not_put_the_next_push_off(device: SimulatedAppleDevice) -> None:
    queued(row_of(device))

    all_held_up([lambda: handed(report(device))] * 2, device)

    due = AppleEnrolment.objects.get(device=row_of(device)).wake_at
    assert due is not None
    assert due - timezone.now() < dt.timedelta(minutes=2)


def test_two_connections_drain_a_queue_without_doubling_or_losing(device: SimulatedAppleDevice) -> None:
    rows = [queued(row_of(device), not_before=timezone.now() - dt.timedelta(seconds=20 - n)) for n in range(12)]
    handed_over: Counter[str] = Counter()

    def connection() -> None:
        offer = handed(report(device))
        while offer:
            handed_over[offer] += 1
            offer = handed(report(device, "Acknowledged", offer))

    at_once([connection, connection, connection])
    connection()  # what a connection left to another that ended meanwhile

    assert set(handed_over) == {str(row.pk) for row in rows}
    assert set(CommandStatus.objects.values_list("state", flat=True)) == {State.SUCCESS}


def test_the_same_report_on_two_connections_counts_once(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), "DEVICE_INFORMATION", state=State.INITIATED, attempts=1)
    answer: dict[str, Any] = {"QueryResponses": {"DeviceName": "Room 7"}}

    at_once([lambda: report(device, "Acknowledged", row.pk, **answer).status_code] * 4)

    row.refresh_from_db()
    assert (row.state, row.step) == (State.IN_PROGRESS, 1)
    assert row_of(device).name == "Room 7"


def test_success_and_failure_at_once_leave_one_of_them(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), state=State.INITIATED, attempts=1)
    acts = [lambda: report(device, "Acknowledged", row.pk), lambda: report(device, "Error", row.pk)]

    statuses = [response.status_code for response in at_once(acts)]

    row.refresh_from_db()
    assert statuses == [200, 200]
    assert (row.state, bool(row.reason)) in {(State.SUCCESS, False), (State.FAILURE, True)}


def test_another_devices_connection_is_not_held_up(device: SimulatedAppleDevice) -> None:
    other = placed(TenantFactory(name="Theirs"), 2)
    rows = [queued(row_of(each)) for each in (device, other)]

    answers = at_once([lambda: handed(report(device)), lambda: handed(report(other))])

    assert answers == [str(row.pk) for row in rows]
