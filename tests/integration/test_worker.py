"""The main line with a real worker: request, fan-out, push, connection, success; and a worker that is killed in it."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from redis import Redis

from commands.models import AppleEnrolment, CommandRequest, CommandStatus, ScheduleSlot
from commands.models.status import State
from commands.tasks import sweep_requests, turn_schedules
from onboarding.simulation.apns import ApnsStandIn
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.certificates import PushCredentials
from tenants.models import ApnsCertificate, Tenant
from tests.conftest import ApiClient
from tests.factories.apns import deliveries
from tests.factories.fleet import placed, row_of
from tests.factories.waiting import until
from tests.integration.conftest import TOPIC, StartWorker

pytestmark = pytest.mark.django_db(transaction=True)

WAITERS_SQL = """
SELECT count(*) FROM pg_locks waiting JOIN pg_locks held USING (pid)
WHERE NOT waiting.granted AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@pytest.fixture
def fleet(transactional_db: None, tenant: Tenant, push_credentials: PushCredentials) -> list[SimulatedAppleDevice]:
    """Six devices, in the order of their ids."""
    ApnsCertificate.objects.create(
        tenant=tenant,
        state=ApnsCertificate.State.COMPLETED,
        private_key=push_credentials.private_key_pem,
        certificate=push_credentials.certificate_pem.decode(),
        topic=TOPIC,
        cert_expiry_on=timezone.now() + dt.timedelta(days=365),
    )
    devices = [placed(tenant, index, topic=TOPIC) for index in range(1, 7)]
    return sorted(devices, key=lambda device: row_of(device).pk)


def post(api: ApiClient, fleet: list[SimulatedAppleDevice], opens_at: dt.datetime | None = None) -> uuid.UUID:
    """The id of a LOCK request for all of them: at once, or in a window of five minutes."""
    devices = [str(row_of(device).pk) for device in fleet]
    body: dict[str, Any] = {"command_type": "DEVICE", "devices": devices, "command": "LOCK", "schedule": "IMMEDIATE"}
    if opens_at is not None:
        times = {"start_datetime": opens_at, "end_datetime": opens_at + dt.timedelta(minutes=5)}
        body |= {"schedule": "WINDOW", "schedule_args": {key: value.isoformat() for key, value in times.items()}}
    created = api.post("/api/commands/v0/commands/", body)
    assert created.status_code == 201, created.content
    return uuid.UUID(created.json()["content"]["id"])


def stats(api: ApiClient, request_id: uuid.UUID) -> Any:
    return api.get(f"/api/commands/v0/commands/{request_id}/stats/").json()["content"]["status"]


def locked(device: SimulatedAppleDevice) -> int:
    """How often it is told to lock on its next connection."""
    return [step.request_type for step in device.connect().executed].count("DeviceLock")


def rows_in(request_id: uuid.UUID, state: State) -> int:
    return CommandStatus.objects.filter(request=request_id, state=state).count()


def waits_for_a_lock() -> bool:
    """Whether another connection does."""
    with connection.cursor() as cursor:
        cursor.execute(WAITERS_SQL)
        return int(cursor.fetchone()[0]) > 0


def test_a_command_is_fanned_out_pushed_carried_out_and_told(
    api: ApiClient, apns: ApnsStandIn, fleet: list[SimulatedAppleDevice], start_worker: StartWorker
) -> None:
    start_worker()

    request_id = post(api, fleet)
    apns.wait_until(lambda: len(apns.notifications) >= len(fleet), timeout=20)

    assert deliveries(apns) == {device.push_token: 1 for device in fleet}
    assert [locked(device) for device in fleet] == [1] * len(fleet)
    assert stats(api, request_id) == [{"state": "Command Success", "total": len(fleet)}]


def test_a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(
    api: ApiClient, apns: ApnsStandIn, fleet: list[SimulatedAppleDevice], start_worker: StartWorker
) -> None:
    request_id = post(api, fleet)
    with transaction.atomic():
        AppleEnrolment.objects.select_for_update().get(device=row_of(fleet[4]))  # the third slice will wait for it
        first = start_worker()
        until(waits_for_a_lock, seconds=20)
        first.kill()
    assert CommandStatus.objects.filter(request=request_id).count() == 4

    start_worker()
    CommandRequest.objects.filter(pk=request_id).update(created_at=timezone.now() - dt.timedelta(minutes=1))
    sweep_requests.delay()  # as beat does every ten seconds
    apns.wait_until(lambda: len(apns.notifications) >= len(fleet), timeout=20)

    assert sorted(CommandStatus.objects.values_list("device", flat=True)) == [row_of(device).pk for device in fleet]
    assert deliveries(apns) == {device.push_token: 1 for device in fleet}
    assert [locked(device) for device in fleet] == [1] * len(fleet)
    assert [locked(device) for device in fleet] == [0] * len(fleet)
    assert set(CommandStatus.objects.values_list("state", flat=True)) == {State.SUCCESS}


def test_a_window_opens_although_the_worker_is_killed_and_the_broker_flushed(
    api: ApiClient,
    apns: ApnsStandIn,
    fleet: list[SimulatedAppleDevice],
    start_worker: StartWorker,
    redis_url: str,
) -> None:
    first = start_worker()
    request_id = post(api, fleet, opens_at=timezone.now() + dt.timedelta(hours=1))
    until(lambda: rows_in(request_id, State.SCHEDULED) == len(fleet), seconds=20)
    assert [locked(device) for device in fleet] == [0] * len(fleet)

    ScheduleSlot.objects.update(opens_at=timezone.now(), due_at=timezone.now())
    with transaction.atomic():  # the third slice will wait for this row
        CommandStatus.objects.select_for_update(no_key=True).get(request=request_id, device=row_of(fleet[4]))
        turn_schedules.delay()  # as beat does every five seconds
        until(waits_for_a_lock, seconds=20)
        first.kill()
    Redis.from_url(redis_url).flushdb()
    assert (rows_in(request_id, State.QUEUED), rows_in(request_id, State.SCHEDULED)) == (4, 2)

    start_worker()
    turn_schedules.delay()
    apns.wait_until(lambda: len(apns.notifications) >= len(fleet), timeout=20)

    assert [locked(device) for device in fleet] == [1] * len(fleet)
    assert stats(api, request_id) == [{"state": "Command Success", "total": len(fleet)}]
