"""GET /sys/health and /sys/ready"""

import json
import socket
import time
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ConnectionHandler
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from config.celery import WORKER_HEARTBEAT_KEY, note_worker

CHECKS = ["broker", "database", "migrations", "worker"]


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def _worker() -> None:
    note_worker("tests")


def failing(status: int) -> dict[str, str]:
    """What `/sys/ready` says of the checks that fail."""
    response = Client().get("/sys/ready")
    assert response.status_code == status, response.content
    told = response.json()
    assert sorted(told["checks"]) == CHECKS
    assert told["status"] == ("ready" if status == 200 else "not ready")
    return {name: check["message"] for name, check in told["checks"].items() if not check["ok"]}


def test_health_asks_nobody(db: None, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{closed_port()}/0"

    with django_assert_num_queries(0):
        response = Client().get("/sys/health")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.usefixtures("db", "_worker")
def test_ready_when_everything_is_there() -> None:
    assert failing(200) == {}


@pytest.mark.usefixtures("db", "_worker")
@pytest.mark.parametrize("scheme", ["redis", "unix"])
def test_a_broker_that_is_away_is_said_to_be(settings: Settings, scheme: str) -> None:
    settings.REDIS_URL = {"redis": f"redis://127.0.0.1:{closed_port()}/0", "unix": "unix:///nowhere.sock?db=0"}[scheme]

    assert failing(503) == {"broker": "The broker (REDIS_URL) does not answer."}


@pytest.mark.usefixtures("db", "_worker")
def test_a_broker_that_is_silent_is_not_waited_for(settings: Settings) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(4)
        settings.REDIS_URL = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        started = time.monotonic()

        assert list(failing(503)) == ["broker"]
        assert time.monotonic() - started < 4


@pytest.mark.usefixtures("db", "_worker")
@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1", ""])
def test_a_broker_address_that_is_none_is_said_to_be_no_broker(settings: Settings, url: str) -> None:
    settings.REDIS_URL = url

    assert list(failing(503)) == ["broker"]


@pytest.mark.usefixtures("db")
def test_a_worker_that_never_reported_is_missed() -> None:
    cache.delete(WORKER_HEARTBEAT_KEY)

    assert failing(503) == {"worker": "No worker has reported lately; check that `worker` and `beat` run."}


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("age", "status"), [(50, 200), (61, 503)])
def test_a_worker_that_reported_long_ago_is_missed(age: int, status: int) -> None:
    cache.set(WORKER_HEARTBEAT_KEY, {"at": time.time() - age, "worker": "tests"})

    assert list(failing(status)) == ([] if status == 200 else ["worker"])


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("value", ["text", {}, {"at": None}], ids=str)
def test_a_report_that_makes_no_sense_is_none(value: Any) -> None:
    cache.set(WORKER_HEARTBEAT_KEY, value)

    assert list(failing(503)) == ["worker"]


@pytest.mark.usefixtures("db", "_worker")
def test_a_migration_that_is_not_applied_is_counted() -> None:
    newest = MigrationLoader(connection).graph.leaf_nodes("tenants")[0]
    MigrationRecorder(connection).record_unapplied(*newest)

    assert "migrations are not applied; run `manage.py migrate`." in failing(503)["migrations"]


@pytest.mark.usefixtures("db", "_worker")
def test_a_database_that_is_away_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    away = {**connections.settings["default"], "HOST": "127.0.0.1", "PORT": closed_port()}
    monkeypatch.setattr("config.health.connection", ConnectionHandler({"default": away})["default"])

    told = "The database does not answer."
    assert failing(503) == {"database": told, "migrations": told}


@pytest.mark.usefixtures("db", "_worker")
def test_a_failing_check_tells_no_secrets(settings: Settings) -> None:
    settings.REDIS_URL = f"redis://:hunter2@127.0.0.1:{closed_port()}/0"

    assert "hunter2" not in json.dumps(failing(503))


@pytest.mark.parametrize("path", ["/sys/health", "/sys/ready"])
@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_probes_only_read(path: str, method: str) -> None:
    response: Any = getattr(Client(enforce_csrf_checks=True), method)(path)

    assert response.status_code == 405
    assert response.json()["code"] == 405
    assert response.headers["Allow"] == "GET, HEAD"


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("path", ["/sys/", "/sys/health/", "/sys/nothing", "/sys"])
def test_other_paths_are_json_404(path: str) -> None:
    response = Client().get(path)

    assert response.status_code == 404
    assert response.json()["code"] == 404
