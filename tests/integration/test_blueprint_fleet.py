"""A blueprint changed ten times over a fleet that refuses, puts off and dies, with a real worker and over real sockets.

`python -m bench blueprints` tells the same story with 200 devices, production's settings and beat as a process.
"""

import datetime as dt
import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx2
import pytest
from django.conf import settings as now
from django.db import connection
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from bench.changing.caller import Caller
from bench.changing.crowd import Crowd, make_devices, running_crowd
from bench.changing.story import Story
from bench.changing.versions import ten_versions
from commands.models import CommandStatus
from commands.models.status import State
from config.celery import app as celery
from onboarding.services.enrolment_profiles import create_enrolment_profile
from onboarding.simulation.apns import ApnsStandIn
from onboarding.simulation.certificates import PushCredentials
from tenants.models import ApnsCertificate, Role, Tenant
from tests.factories.fleet import key_number
from tests.factories.tenants import ACTOR, token_for, with_authority
from tests.integration.conftest import TOPIC, StartWorker

pytestmark = pytest.mark.django_db(transaction=True)

DEVICES = 10
DEATHS = {10: 8}  # when the last version is published
BEAT = 0.7  # seconds between the rounds of what beat sends every few seconds
HOUR = dt.timedelta(hours=1)  # so long a command waits for its device
OFTEN = 15.0  # what beat sends more seldom plays no part


@pytest.fixture
def haste(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """The worker knows profiles by the same key as we."""
    monkeypatch.setenv("SECRET_KEY", settings.SECRET_KEY)
    times = {"COMMAND_QUEUE_TTL": int(HOUR.total_seconds()), "REDELIVER_SECONDS": 1, "PUSH_REPEAT_SECONDS": 2}
    for name, seconds in times.items():
        monkeypatch.setenv(name, str(seconds))
        setattr(settings, name, seconds)


@pytest.fixture
def crowd(
    live_server: LiveServer,
    settings: Settings,
    http: httpx2.Client,
    tenant: Tenant,
    apns: ApnsStandIn,
    push_credentials: PushCredentials,
) -> Iterator[Crowd]:
    settings.BASE_URL = live_server.url
    with_authority(tenant)
    ApnsCertificate.objects.create(
        tenant=tenant,
        state=ApnsCertificate.State.COMPLETED,
        private_key=push_credentials.private_key_pem,
        certificate=push_credentials.certificate_pem.decode(),
        topic=TOPIC,
        cert_expiry_on=timezone.now() + dt.timedelta(days=365),
    )
    link = create_enrolment_profile(tenant=tenant, name="Fleet", actor=ACTOR)
    url, numbers = f"{live_server.url}/mdm/enrol/{link.token}/profile.mobileconfig", count()
    devices = make_devices(http, DEVICES, seed="suite", key_factory=lambda bits: key_number(next(numbers)))
    for device in devices:
        device.faults.dies_after = None
    courier = ("127.0.0.1", apns.courier_port)
    with running_crowd(devices, profile=lambda: http.get(url).content, courier=courier) as crowd:
        yield crowd


@pytest.fixture
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=30) as http:
        yield http


@pytest.fixture
def beat(start_worker: StartWorker, crowd: Crowd) -> Iterator[None]:
    """A worker, and what beat sends it, more often than beat does. For who is dead, hours pass between its rounds."""
    start_worker()
    stop = threading.Event()
    schedule: dict[str, Any] = now.CELERY_BEAT_SCHEDULE
    tasks = [entry["task"] for entry in schedule.values() if _is_needed(entry)]

    def tick() -> None:
        while not stop.wait(BEAT):
            _let_an_hour_pass_for([device.serial for device in crowd.devices if device.faults.dead])
            for task in tasks:
                celery.send_task(task, expires=2)
        connection.close()

    thread = threading.Thread(target=tick, name="beat", daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


def _let_an_hour_pass_for(serials: list[str]) -> None:
    """What lies in the queues of these devices has lain there that much longer."""
    waiting = CommandStatus.objects.filter(device__serial__in=serials, state=State.QUEUED)
    waiting.update(not_before=F("not_before") - HOUR)


def _is_needed(entry: dict[str, Any]) -> bool:
    return bool(entry["schedule"] <= OFTEN) and entry["task"].startswith("commands.")


@pytest.mark.timeout(300)
def test_each_device_ends_as_its_blueprint_says_or_with_a_reason(
    haste: None, beat: None, live_server: LiveServer, http: httpx2.Client, tenant: Tenant, crowd: Crowd
) -> None:
    caller = Caller(http, live_server.url, tenant_id=str(tenant.pk), token=token_for(tenant, Role.ADMIN)[1])

    outcome = Story(caller, crowd, ten_versions(), patience=120, pause=0.5, deaths=DEATHS).run()

    assert [(ending.device.serial, ending) for ending in outcome.wrong] == []
    statuses = [ending.status for ending in outcome.endings]
    assert statuses.count("SUCCESS") >= DEVICES // 2
    assert statuses.count("FAILURE") >= 1
    assert outcome.again == 0
