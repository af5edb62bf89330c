"""GET /metrics: who may read it, and what happens when it cannot be read."""

import platform
import socket
import time
import tomllib
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.core import GaugeMetricFamily
from pytest_django import DjangoAssertNumQueries, Settings

from config import env, metrics
from config.celery import WORKER_HEARTBEAT_KEY, note_worker
from config.settings.logs import WithoutNoise
from tenants.models import Tenant
from tests.factories.metrics import figures, scrape
from tests.factories.tenants import TenantFactory

TOKEN = "planted-metrics-token"


@pytest.fixture
def _token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def test_tells_prometheus_in_its_own_format(tenant: Tenant) -> None:
    answer = Client().get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert answer.headers["Cache-Control"] == "no-store"
    assert b"# TYPE muster_devices gauge\n" in answer.content
    assert b"# HELP muster_devices " in answer.content


def test_tells_openmetrics_when_asked_for_it(tenant: Tenant) -> None:
    answer = Client().get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.content.endswith(b"# EOF\n")


def test_tells_the_version(tenant: Tenant) -> None:
    version = tomllib.loads((env.ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert figures("muster_build_info", by=("version", "python")) == {(version, platform.python_version()): 1}


# --- who may read it --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_without_a_token_it_is_there_for_this_machine(address: str) -> None:
    assert Client(REMOTE_ADDR=address).get("/metrics").status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "2001:db8::1", "", "nonsense", "127.0.0.1.example"])
def test_without_a_token_it_is_not_there_for_others(address: str) -> None:
    answer = Client(REMOTE_ADDR=address).get("/metrics")

    assert answer.status_code == 404
    assert b"muster_" not in answer.content


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "Via"]
)
def test_without_a_token_a_proxy_on_this_machine_does_not_open_it(settings: Settings, header: str) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    assert Client().get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


@pytest.mark.usefixtures("db", "_token")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_with_the_token_it_is_there_from_anywhere(scheme: str) -> None:
    client = Client(REMOTE_ADDR="192.0.2.7")

    assert client.get("/metrics", headers={"Authorization": f"{scheme} {TOKEN}"}).status_code == 200


@pytest.mark.usefixtures("db", "_token")
@pytest.mark.parametrize(
    "authorization",
    [None, "", TOKEN, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer ü"],
)
def test_with_a_token_nobody_else_reads_it_not_even_from_here(
    authorization: str | None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    with django_assert_num_queries(0):
        answer = Client().get("/metrics", headers=headers)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.content == b"Send METRICS_TOKEN as the bearer token.\n"


def test_a_callers_token_is_not_that_of_the_metrics(tenant: Tenant, settings: Settings, api: Any) -> None:
    settings.METRICS_TOKEN = TOKEN

    assert Client().get("/metrics", headers=api.headers).status_code == 401


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_it_is_only_read(method: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)("/metrics")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/metrics/", "/metric", "/metrics/x"])
def test_other_paths_are_404(db: None, path: str) -> None:
    assert Client().get(path).status_code == 404


# --- when it cannot be read -------------------------------------------------------------------------------------------


def test_a_database_that_breaks_is_503_without_a_traceback(
    tenant: Tenant, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DEBUG = True
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE devices_device RENAME TO gone")

    answer = Client().get("/metrics")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "15")
    assert answer.content == b"The database does not answer, or not in time; the log says more.\n"
    assert "metrics_not_collected" in caplog.text


def slow() -> list[Any]:
    """A collector whose statement does not end by itself."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(30)")
    return []


def test_a_statement_that_does_not_end_is_cut_off(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "STATEMENT_SECONDS", 0.1)
    monkeypatch.setattr(metrics, "_collectors", lambda names: [slow])
    started = time.monotonic()

    assert Client().get("/metrics").status_code == 503
    assert time.monotonic() - started < 10


def test_no_worker_is_zero(db: None) -> None:
    cache.delete(WORKER_HEARTBEAT_KEY)

    assert figures("muster_worker_heartbeat_timestamp_seconds") == {(): 0}


def test_a_worker_tells_when_it_was_there(db: None) -> None:
    note_worker("tests")

    (at,) = figures("muster_worker_heartbeat_timestamp_seconds").values()
    assert 0 <= time.time() - at < 60


@pytest.mark.parametrize("value", ["text", {}, {"at": None}, {"at": "x"}], ids=str)
def test_a_heartbeat_that_makes_no_sense_is_none(db: None, value: Any) -> None:
    cache.set(WORKER_HEARTBEAT_KEY, value)

    assert figures("muster_worker_heartbeat_timestamp_seconds") == {(): 0}


def test_without_redis_the_rest_is_told(tenant: Tenant, settings: Settings) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        settings.CACHES = {
            "default": {**settings.CACHES["default"], "LOCATION": f"redis://127.0.0.1:{listener.getsockname()[1]}/0"}
        }
        told = figures("muster_worker_heartbeat_timestamp_seconds")

    assert told == {(): 0}


# --- the figures as a whole -------------------------------------------------------------------------------------------


def test_names_are_escaped(settings: Settings, db: None) -> None:
    tenant = TenantFactory(name='Evil"} 1\nmuster_fake{a="\\')

    told = figures("muster_wakes_overdue", by=("tenant", "tenant_id"))

    assert told == {(tenant.name, str(tenant.pk)): 0}
    assert not any(name == "muster_fake" for name, _ in scrape())


def test_the_queries_do_not_grow_with_the_tenants(
    tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with CaptureQueriesContext(connection) as of_one:
        scrape()
    for _ in range(20):
        TenantFactory()

    with django_assert_num_queries(len(of_one)):
        scrape()
    assert len(of_one) <= 19


def test_every_figure_is_ours_and_is_explained(tenant: Tenant) -> None:
    families = metrics._collected()

    assert all(family.name.startswith("muster_") and family.documentation.endswith(".") for family in families)
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    assert any(isinstance(family, GaugeMetricFamily) for family in families)


def test_a_scrape_leaves_no_line_in_the_log(tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    Client().get("/metrics")

    assert [record for record in caplog.records if WithoutNoise().filter(record)] == []
