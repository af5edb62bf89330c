"""manage.py sweep_commands and prune_commands: beat's work by hand."""

import datetime as dt
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from commands.models import AppleEnrolment, CommandRequest, CommandStatus
from commands.models.status import State
from commands.services.requests import cancel_command_request
from tenants.models import Tenant
from tests.factories.commands import AppleEnrolmentFactory, CommandRequestFactory, queued
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import ACTOR

DAY = dt.timedelta(days=1)


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def left_behind(tenant: Tenant) -> CommandRequest:
    """Nobody was told of it."""
    device = DeviceFactory(tenant=tenant)
    return CommandRequestFactory(tenant=tenant, devices=[device.pk], fanned_out_at=None)


def test_does_all_that_was_left_and_says_what(tenant: Tenant, other_tenant: Tenant) -> None:
    requests = [left_behind(tenant), left_behind(other_tenant)]
    cancelled = queued(DeviceFactory(tenant=tenant))
    cancel_command_request(request=cancelled.request, actor=ACTOR)
    overdue = queued(DeviceFactory(tenant=tenant), state=State.INITIATED, expires_at=timezone.now() - DAY)
    enrolment = AppleEnrolmentFactory(device=requests[0].tenant.devices.get(pk=requests[0].devices[0]))

    printed = run("sweep_commands")

    assert CommandStatus.objects.filter(request__in=requests, state=State.QUEUED).count() == 2
    cancelled.refresh_from_db()
    overdue.refresh_from_db()
    assert (cancelled.state, overdue.state) == (State.CANCELLED, State.TIMEOUT)
    assert AppleEnrolment.objects.get(pk=enrolment.pk).wake_at is not None
    for line in ("2  requests handed out", "1  waiting rows of cancelled requests ended", "1  rows timed out"):
        assert line in printed


def test_opens_a_window_that_is_due(tenant: Tenant) -> None:
    device, now = DeviceFactory(tenant=tenant), timezone.now()
    times = {"start_datetime": now.isoformat(), "end_datetime": (now + DAY).isoformat(), "time_type": "console"}
    CommandRequestFactory(
        tenant=tenant,
        devices=[device.pk],
        fanned_out_at=None,
        schedule="WINDOW",
        schedule_args=times,
        ends_at=now + DAY,
    )

    run("sweep_commands")

    assert CommandStatus.objects.get(device=device).state == State.QUEUED


def test_twice_is_as_once(tenant: Tenant) -> None:
    left_behind(tenant)
    run("sweep_commands")

    assert "0  requests handed out" in run("sweep_commands")
    assert CommandStatus.objects.count() == 1


def test_a_request_that_cannot_be_handed_out_does_not_hold_up_the_rest(tenant: Tenant) -> None:
    broken, whole = left_behind(tenant), left_behind(tenant)
    CommandRequest.objects.filter(pk=broken.pk).update(command="OF_ANOTHER_VERSION")

    with pytest.raises(CommandError, match="1 of 12 sweeps failed"):
        run("sweep_commands")

    assert CommandStatus.objects.get().request == whole


def test_prunes_what_is_older_than_it_is_told(tenant: Tenant) -> None:
    queued(DeviceFactory(tenant=tenant), state=State.SUCCESS)
    CommandRequest.objects.update(created_at=timezone.now() - DAY)

    with time_machine.travel(timezone.now() + 8 * DAY, tick=False):
        assert "0 rows ended more than 9 days ago." in run("prune_commands", "--older-than", "9", "--dry-run")
        assert "1 rows ended more than 7 days ago." in run("prune_commands", "--older-than", "7", "--dry-run")
        assert CommandStatus.objects.count() == 1
        assert "1 rows deleted that ended more than 7 days ago." in run("prune_commands", "--older-than", "7")

    assert not CommandStatus.objects.exists()


def test_rows_that_are_kept_for_ever_are_pruned_only_on_request(tenant: Tenant, settings: Settings) -> None:
    settings.COMMAND_RETENTION_DAYS = 0

    with pytest.raises(CommandError, match="say --older-than DAYS"):
        run("prune_commands")
