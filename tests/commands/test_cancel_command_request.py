"""Cancelling a whole request: in the console, carried out by a worker, finished by beat."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from commands.models import CommandRequest, CommandStatus
from commands.models.status import State
from commands.services.cancellations import SETTLED, finish_cancellations
from commands.services.queue import requeue_or_fail
from commands.services.requests import cancel_command_request
from commands.services.time_outs import time_out_commands
from config.api.errors import BadRequest
from devices.models import DeviceState
from tenants.models import AuditEvent, Membership, Role, Tenant
from tests.conftest import ApiClient
from tests.factories.commands import CommandRequestFactory, queued
from tests.factories.console import browser, member
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import ACTOR, UserFactory

REQUESTS = "/admin/commands/commandrequest/"
ENDED = (State.SUCCESS, State.FAILURE, State.TIMEOUT, State.CANCELLED)
GIVEN = (State.INITIATED, State.ACKNOWLEDGED, State.IN_PROGRESS)


def spread(tenant: Tenant, *states: State, command: str = "REBOOT", **fields: Any) -> CommandRequest:
    """A request with a device in each of these states."""
    request = CommandRequestFactory(tenant=tenant, command=command, **fields)
    for state in states:
        queued(DeviceFactory(tenant=tenant), command, state, request=request, reason="before")
    return request


def states_of(request: CommandRequest) -> list[tuple[str, str]]:
    return sorted(CommandStatus.objects.filter(request=request).values_list("state", "reason"))


def cancelled(request: CommandRequest) -> CommandRequest:
    """As after the nudge was lost."""
    cancel_command_request(request=request, actor=ACTOR)
    return CommandRequest.objects.get(pk=request.pk)


def test_what_waits_is_cancelled_and_the_rest_goes_on(
    tenant: Tenant, other_tenant: Tenant, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    request = spread(tenant, State.QUEUED, State.SCHEDULED, *GIVEN, *ENDED)
    bystanders = [spread(tenant, State.QUEUED), spread(other_tenant, State.QUEUED)]

    with django_capture_on_commit_callbacks(execute=True):
        after = cancelled(request)

    assert after.reason == f"Cancelled by {ACTOR.name}. 1 of 9 devices cannot be given the command: before"
    told = (State.CANCELLED, f"Cancelled by {ACTOR.name}")
    assert states_of(request) == sorted([told, told, *((state, "before") for state in (*GIVEN, *ENDED))])
    assert [states_of(other) for other in bystanders] == [[(State.QUEUED, "before")]] * 2


def test_cancelling_again_changes_nothing(tenant: Tenant) -> None:
    request = spread(tenant, State.QUEUED)
    first = cancelled(request)

    second = cancelled(request)

    assert (second.cancelled_at, second.reason) == (first.cancelled_at, first.reason)
    assert AuditEvent.objects.filter(action="command_request.cancelled", object_id=str(request.pk)).count() == 1


def test_what_no_device_waits_for_cannot_be_cancelled(tenant: Tenant) -> None:
    request = spread(tenant, State.INITIATED, State.SUCCESS)

    with pytest.raises(BadRequest, match="nothing left to cancel"):
        cancelled(request)

    request.refresh_from_db()
    assert (request.cancelled_at, request.reason) == (None, "")


def test_beat_finishes_what_a_dead_worker_left(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.services.cancellations.SLICE", 2)
    request = cancelled(spread(tenant, *[State.QUEUED] * 5))

    assert finish_cancellations() == 5
    assert finish_cancellations() == 0

    assert {state for state, _ in states_of(request)} == {State.CANCELLED}


def test_a_row_that_was_queued_meanwhile_is_found_too(tenant: Tenant) -> None:
    request = cancelled(spread(tenant, State.QUEUED))
    finish_cancellations()
    late = queued(DeviceFactory(tenant=tenant), request=request)

    with time_machine.travel(timezone.now() + SETTLED + dt.timedelta(seconds=1), tick=False):
        assert finish_cancellations() == 1

    late.refresh_from_db()
    request.refresh_from_db()
    assert late.state == State.CANCELLED
    assert request.cancel_finished_at is not None


def test_a_cancelled_wipe_leaves_its_devices_active(tenant: Tenant) -> None:
    request = spread(tenant, State.QUEUED, State.INITIATED, command="WIPE")
    tenant.devices.update(state=DeviceState.WIPE_IN_PROGRESS)

    cancelled(request)
    finish_cancellations()

    found = CommandStatus.objects.filter(request=request).values_list("state", "device__state")
    assert sorted(found) == [
        (State.CANCELLED, DeviceState.ACTIVE),
        (State.INITIATED, DeviceState.WIPE_IN_PROGRESS),
    ]


def test_what_was_given_is_not_tried_again_after_the_cancellation(tenant: Tenant) -> None:
    request = spread(tenant, State.QUEUED, State.INITIATED, State.INITIATED, schedule="RECURRING")
    CommandStatus.objects.filter(request=request).update(closes_at=timezone.now() + dt.timedelta(days=1))
    cancelled(request)
    failed, timed_out = CommandStatus.objects.filter(request=request, state=State.INITIATED)
    CommandStatus.objects.filter(pk=timed_out.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))

    assert requeue_or_fail(failed.pk, "It broke.") == State.FAILURE
    time_out_commands()

    timed_out.refresh_from_db()
    assert timed_out.state == State.TIMEOUT


def test_cancelling_a_scheduled_row_takes_its_device_out_of_the_recurrence(api: ApiClient, tenant: Tenant) -> None:
    request = CommandRequestFactory(tenant=tenant, schedule="RECURRING")
    ahead, in_slot = (
        queued(DeviceFactory(tenant=tenant), state=state, request=request) for state in (State.SCHEDULED, State.QUEUED)
    )

    answers = [
        api.put(f"/api/commands/v0/status/{row.pk}/", {"state": "Command Cancelled"}) for row in (ahead, in_slot)
    ]

    assert [answer.json()["content"]["reason"] for answer in answers] == [
        "Cancelled by caller-1. It will not run on this device again.",
        "Cancelled by caller-1",
    ]
    ahead.refresh_from_db()
    in_slot.refresh_from_db()
    assert (ahead.ends_recurrence, in_slot.ends_recurrence) == (True, False)


def test_the_console_says_what_will_happen_and_asks(tenant: Tenant) -> None:
    request = spread(tenant, State.QUEUED, State.SCHEDULED, State.INITIATED, State.SUCCESS, schedule="WINDOW")
    client = member(tenant)

    assert "Cancel" in client.get(f"{REQUESTS}{request.pk}/change/").content.decode()
    page = client.get(f"{REQUESTS}{request.pk}/cancel/").content.decode()

    assert "2 devices that still wait for it will not be given it." in page
    assert "1 device has it already; that cannot be taken back, and the answers still count." in page
    assert "Its schedule ends: no further window opens." in page
    request.refresh_from_db()
    assert request.cancelled_at is None


def test_the_console_cancels(
    tenant: Tenant, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    request = spread(tenant, State.QUEUED)
    client = member(tenant)

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"{REQUESTS}{request.pk}/cancel/", follow=True)

    page = answer.content.decode()
    assert "REBOOT is cancelled; what still waits ends within moments." in page
    assert f"{REQUESTS}{request.pk}/cancel/" not in page
    assert [state for state, _ in states_of(request)] == [State.CANCELLED]


def test_the_console_refuses_what_is_over(tenant: Tenant) -> None:
    request = spread(tenant, State.SUCCESS)
    client = member(tenant)

    assert f"{REQUESTS}{request.pk}/cancel/" not in client.get(f"{REQUESTS}{request.pk}/change/").content.decode()
    assert "nothing left to cancel" in client.post(f"{REQUESTS}{request.pk}/cancel/", follow=True).content.decode()


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_viewers_and_strangers_cancel_nothing(tenant: Tenant, other_tenant: Tenant, role: Role | None) -> None:
    request = spread(tenant, State.QUEUED)
    user = UserFactory()
    Membership.objects.create(user=user, tenant=other_tenant, role=Role.ADMIN)
    if role is not None:
        Membership.objects.create(user=user, tenant=tenant, role=role)
    client = browser(user)

    for method in (client.get, client.post):
        assert method(f"{REQUESTS}{request.pk}/cancel/").status_code == 404

    request.refresh_from_db()
    assert request.cancelled_at is None
    assert not AuditEvent.objects.exists()
