"""Redis may vanish at any moment: the API answers on, and no command is lost."""

import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from commands.models import CommandRequest, CommandStatus
from commands.tasks import GRACE, sweep_requests
from config.celery import app
from tenants.models import Tenant
from tests.api.calls import belongings_of, call, undone
from tests.api.seed import OPERATIONS
from tests.conftest import ApiClient
from tests.factories.broker import tasks_go_to
from tests.factories.devices import DeviceFactory

SECONDS = 4.0  # what a caller may wait at most; a second on a quiet machine


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield listener.getsockname()[1]


@pytest.fixture
def _no_cache(settings: Settings) -> None:
    default = {**settings.CACHES["default"], "LOCATION": f"redis://127.0.0.1:{closed_port()}/0"}
    settings.CACHES = {"default": default}


@pytest.mark.usefixtures("_no_cache")
def test_every_operation_answers_without_a_cache(api: ApiClient, tenant: Tenant, settings: Settings) -> None:
    settings.API_RATE_LIMIT = 1
    owned = belongings_of(tenant).complete()
    for seed in OPERATIONS:
        for _ in range(2):
            with undone():
                assert call(api, seed, owned).status_code == seed.statuses[0], seed


@pytest.mark.usefixtures("_no_cache")
def test_a_cache_that_is_away_misses_and_forgets() -> None:
    cache.set("a", 1)
    cache.set_many({"b": 2})

    assert cache.get("a", "default") == "default"
    assert cache.get_many(["a", "b"]) == {}
    assert cache.add("a", 1) is False
    assert cache.incr("a") == 0
    assert cache.has_key("a") is False
    assert cache.touch("a") is False
    assert cache.delete("a") is False
    assert cache.get_or_set("a", 5) == 5
    cache.delete_many(["a", "b"])
    cache.clear()


def lock(api: ApiClient, tenant: Tenant) -> tuple[Any, float]:
    device = DeviceFactory(tenant=tenant)
    body = {"command_type": "DEVICE", "devices": [str(device.pk)], "command": "LOCK"}
    started = time.monotonic()
    response = api.post("/api/commands/v0/commands/", body)
    return response, time.monotonic() - started


def test_a_command_is_taken_at_once_while_the_broker_refuses(api: ApiClient, tenant: Tenant) -> None:
    with tasks_go_to(f"redis://127.0.0.1:{closed_port()}/0"):
        response, seconds = lock(api, tenant)

    assert response.status_code == 201
    assert seconds < SECONDS
    assert CommandRequest.objects.get().fanned_out_at is None
    assert not CommandStatus.objects.exists()


def test_a_command_is_taken_soon_while_the_broker_is_silent(api: ApiClient, tenant: Tenant, silent_port: int) -> None:
    with tasks_go_to(f"redis://127.0.0.1:{silent_port}/0"):
        response, seconds = lock(api, tenant)

    assert response.status_code == 201
    assert seconds < SECONDS
    assert not CommandStatus.objects.exists()


def test_a_broker_that_is_there_gets_the_nudge(api: ApiClient, tenant: Tenant, settings: Settings) -> None:
    other_database = re.sub(r"(virtual_host=|/)\d+$", r"\g<1>15", settings.CELERY_BROKER_URL)
    with tasks_go_to(other_database):
        response, seconds = lock(api, tenant)
        with app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
            message = queue.get(timeout=1)
            message.ack()

    assert message.headers["task"] == "commands.fan_out_request"
    assert message.payload[0] == [response.json()["content"]["id"]]
    assert seconds < SECONDS


def test_the_sweep_fans_out_what_the_broker_never_heard_of(api: ApiClient, tenant: Tenant) -> None:
    with tasks_go_to(f"redis://127.0.0.1:{closed_port()}/0"):
        response, _ = lock(api, tenant)
    sweep_requests()
    assert not CommandStatus.objects.exists()  # too young: its nudge may be on its way

    CommandRequest.objects.update(created_at=timezone.now() - 2 * GRACE)
    sweep_requests()
    sweep_requests()

    assert CommandStatus.objects.get().state == "Command Queued"
    stats = api.get(f"/api/commands/v0/commands/{response.json()['content']['id']}/stats/").json()["content"]
    assert stats["status"] == [{"state": "Command Queued", "total": 1}]
