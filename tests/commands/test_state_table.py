"""The states of a row: the table of moves, and what uses it."""

import pytest
from django.db import IntegrityError, transaction

from commands.models import CommandStatus
from commands.models.status import CANCELLABLE, DELIVERABLE, FINAL, MOVES, State, sources_of
from commands.services.queue import cancel_command_status, clear_queue
from config.api.errors import BadRequest
from tenants.models import Tenant
from tests.factories.commands import queued
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import ACTOR

CLEARED = {
    State.QUEUED: State.CANCELLED,
    State.SCHEDULED: State.CANCELLED,
    State.INITIATED: State.FAILURE,
    State.ACKNOWLEDGED: State.FAILURE,
    State.IN_PROGRESS: State.FAILURE,
}


def test_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(State)
    assert {State.SUCCESS, State.FAILURE, State.CANCELLED} == FINAL


def test_a_time_out_is_not_final_and_not_delivered_any_more() -> None:
    assert MOVES[State.TIMEOUT] == {State.SUCCESS, State.FAILURE}
    assert State.TIMEOUT not in DELIVERABLE


def test_only_what_was_not_delivered_can_be_cancelled() -> None:
    assert set(CANCELLABLE) == {State.QUEUED, State.SCHEDULED}


@pytest.mark.parametrize("target", list(State))
def test_sources_are_the_moves_read_backwards(target: State) -> None:
    assert set(sources_of(target)) == {state for state in State if target in MOVES[state]}


def test_the_database_refuses_a_state_that_is_none(tenant: Tenant) -> None:
    row = queued(DeviceFactory(tenant=tenant))

    with pytest.raises(IntegrityError), transaction.atomic():
        CommandStatus.objects.filter(pk=row.pk).update(state="Command Lost")


def test_the_database_refuses_a_second_row_for_a_device_and_slot(tenant: Tenant) -> None:
    row = queued(DeviceFactory(tenant=tenant))

    with pytest.raises(IntegrityError), transaction.atomic():
        queued(row.device, request=row.request)


@pytest.mark.parametrize("state", list(State))
def test_cancelling_obeys_the_table(tenant: Tenant, state: State) -> None:
    row = queued(DeviceFactory(tenant=tenant), state=state)

    if state in (*CANCELLABLE, State.CANCELLED):
        assert cancel_command_status(status=row, actor=ACTOR).state == State.CANCELLED
        return
    with pytest.raises(BadRequest):
        cancel_command_status(status=row, actor=ACTOR)
    row.refresh_from_db()
    assert row.state == state


@pytest.mark.parametrize("state", list(State))
def test_clearing_a_queue_obeys_the_table(tenant: Tenant, other_tenant: Tenant, state: State) -> None:
    row = queued(DeviceFactory(tenant=tenant), state=state)
    theirs = queued(DeviceFactory(tenant=other_tenant), state=state)

    assert clear_queue(device=row.device, reason="Gone.") == (1 if state in CLEARED else 0)

    row.refresh_from_db()
    theirs.refresh_from_db()
    assert (row.state, theirs.state) == (CLEARED.get(state, state), state)
