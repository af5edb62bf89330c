"""Converges over real sockets and with a real worker: from the API to devices and back, and a worker that is killed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from commands.models import CommandRequest, Converge
from commands.tasks import sweep_all_converges
from devices.models import Device
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.factories.converges import with_blueprint
from tests.factories.converging import NO_CAMERA, WEB_CLIP, WIFI, commands_of
from tests.factories.fleet import row_of
from tests.factories.waiting import until
from tests.integration.conftest import StartWorker
from tests.integration.test_installs import Caller, Wire, enrolled

pytestmark = pytest.mark.django_db(transaction=True)

CONVERGES = "/api/v2/converge"


@pytest.fixture
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=30) as http:
        yield http


@pytest.fixture
def server(live_server: LiveServer, settings: Settings) -> str:
    settings.BASE_URL = live_server.url
    return live_server.url


@pytest.fixture
def caller(http: httpx2.Client, server: str, tenant: Tenant) -> Caller:
    return Caller(http, server, tenant)


@pytest.fixture
def fleet(http: httpx2.Client, server: str, tenant: Tenant) -> list[SimulatedAppleDevice]:
    return enrolled(Wire(http), server, tenant, 3)


def asked(caller: Caller, device: Device) -> str:
    body = {"device_id": str(device.pk), "converge_with_provision_option": False}
    answer = caller.post(CONVERGES, json=body)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["content"]["id"])


def told(caller: Caller, pk: str) -> dict[str, Any]:
    content: dict[str, Any] = caller.get(f"{CONVERGES}/{pk}").json()["content"]
    return content


def until_done(caller: Caller, pk: str, phone: SimulatedAppleDevice) -> str:
    """When the worker has begun, the device comes again and again. Why it ended as it did."""
    until(lambda: not Converge.objects.filter(pk=pk, status__in=("QUEUED", "PROCESSING")).exists(), seconds=60)

    def has_ended() -> bool:
        phone.connect()
        return told(caller, pk)["status"] in ("SUCCESS", "FAILURE")

    until(has_ended, seconds=60)
    end = told(caller, pk)
    assert end["status"] == "SUCCESS", end
    return str(end["reason"])


@pytest.mark.timeout(180)
def test_devices_are_brought_to_their_blueprint_by_a_worker(
    start_worker: StartWorker, caller: Caller, fleet: list[SimulatedAppleDevice]
) -> None:
    """Nothing but nudges: beat does not run here."""
    start_worker()
    for phone in fleet:
        with_blueprint(row_of(phone), ios={**NO_CAMERA, **WIFI, **WEB_CLIP})

    for phone in fleet:
        pk = asked(caller, row_of(phone))
        assert until_done(caller, pk, phone) == "3 commands succeeded."

    again = [asked(caller, row_of(phone)) for phone in fleet]
    until(lambda: not Converge.objects.filter(pk__in=again).exclude(status="SUCCESS").exists(), seconds=60)
    ends = [told(caller, pk) for pk in again]
    assert {(end["status"], end["reason"]) for end in ends} == {("SUCCESS", "Nothing differed.")}


@pytest.mark.timeout(180)
def test_a_worker_that_is_killed_while_it_plans_is_followed_by_another(
    start_worker: StartWorker, caller: Caller, fleet: list[SimulatedAppleDevice]
) -> None:
    phone, worker = fleet[0], start_worker()
    with_blueprint(row_of(phone), ios=NO_CAMERA)
    until(lambda: not CommandRequest.objects.filter(fanned_out_at=None).exists(), seconds=60)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE commands_commandrequest IN SHARE MODE")  # the worker waits here
        pk = asked(caller, row_of(phone))
        until(lambda: Converge.objects.filter(pk=pk, status="PROCESSING").exists(), seconds=60)
        worker.kill()
    row = Converge.objects.get(pk=pk)
    assert (row.status, commands_of(row)) == (Converge.Status.PROCESSING, [])
    Converge.objects.filter(pk=pk).update(updated_at=timezone.now() - dt.timedelta(minutes=5))

    start_worker()
    sweep_all_converges.delay()  # as beat does every ten seconds
    until_done(caller, pk, phone)

    assert commands_of(row)[-1] == ("Restrictions", "Success")
    assert len(commands_of(row)) <= 2  # it may have been asked what it has
