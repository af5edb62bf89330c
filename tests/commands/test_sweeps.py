"""What beat runs: finds what a lost nudge left behind, drops what is old. All of it is safe to run twice."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from commands.models import CommandRequest, CommandResult, CommandStatus
from commands.services.requests import create_command_request
from commands.tasks import drop_old_results, fan_out_request, sweep_requests, wake_devices, wake_lost_devices
from tenants.models import Tenant
from tests.factories.broker import tasks_go_to
from tests.factories.commands import AppleEnrolmentFactory, CommandRequestFactory, queued
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import ACTOR

MINUTE = dt.timedelta(minutes=1)


def left_behind(tenant: Tenant, *, age: dt.timedelta = MINUTE, **fields: Any) -> CommandRequest:
    """A request whose nudge was lost."""
    created = timezone.now() - age
    device = DeviceFactory(tenant=tenant)
    return CommandRequestFactory(
        tenant=tenant, devices=[device.pk], fanned_out_at=None, **{"created_at": created, **fields}
    )


def test_a_request_without_its_rows_is_found(tenant: Tenant, other_tenant: Tenant) -> None:
    requests = [left_behind(tenant), left_behind(other_tenant)]

    sweep_requests.delay()
    sweep_requests.delay()

    assert set(CommandStatus.objects.values_list("request", flat=True)) == {request.pk for request in requests}
    assert CommandStatus.objects.count() == 2


def test_a_young_request_is_left_to_its_nudge(tenant: Tenant) -> None:
    left_behind(tenant, age=dt.timedelta())

    sweep_requests.delay()

    assert not CommandStatus.objects.exists()


def test_a_nudge_for_a_request_that_is_gone_is_no_error(tenant: Tenant) -> None:
    request = left_behind(tenant)
    request_id = str(request.pk)
    request.delete()

    fan_out_request.delay(request_id)


def test_a_lost_wake_is_found_and_pushed_for(tenant: Tenant) -> None:
    enrolment = AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant))
    queued(enrolment.device)

    wake_lost_devices.delay()

    enrolment.refresh_from_db()
    assert "No valid APNs certificate" in enrolment.push_error


def test_with_nothing_to_do_nothing_is_done(tenant: Tenant) -> None:
    for task in (sweep_requests, wake_devices, wake_lost_devices, drop_old_results):
        task.delay()


def test_old_answers_are_dropped_and_their_states_kept(tenant: Tenant, settings: Settings) -> None:
    settings.RESULT_RETENTION_DAYS = 30
    rows = [queued(DeviceFactory(tenant=tenant)) for _ in range(2)]
    for row, days in zip(rows, (31, 29), strict=True):
        CommandResult.objects.create(status=row, payload={}, received_at=timezone.now() - dt.timedelta(days=days))

    drop_old_results.delay()

    assert list(CommandResult.objects.values_list("status", flat=True)) == [rows[1].pk]
    assert CommandStatus.objects.count() == 2


@pytest.fixture
def _no_broker() -> Iterator[None]:
    """Tasks go to a broker that is not there."""
    with tasks_go_to("redis://127.0.0.1:1/0"):
        yield


@pytest.mark.usefixtures("_no_broker")
def test_without_a_broker_a_request_is_taken_and_swept_later(
    tenant: Tenant, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    device = DeviceFactory(tenant=tenant)

    with pytest.raises(OperationalError):
        fan_out_request.delay("the broker is away indeed")
    with django_capture_on_commit_callbacks(execute=True):
        request = create_command_request(
            tenant=tenant,
            actor=ACTOR,
            command="LOCK",
            command_type=CommandRequest.CommandType.DEVICE,
            devices=[device.pk],
        )

    assert CommandRequest.objects.get(pk=request.pk).fanned_out_at is None
