"""GET /metrics: figures for Prometheus, read from the database and the cache when they are asked for.

Any web process answers for the whole installation, so nothing is counted in processes. The rooms' collectors are named
by dotted string in METRICS_COLLECTORS: functions that return metric families of `prometheus_client.core`.
"""

import ipaddress
import platform
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache as remembered
from secrets import compare_digest

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from config import env
from config.api.documentation import read_only
from config.celery import WORKER_HEARTBEAT_KEY

log = structlog.get_logger(__name__)

Families = Iterable[Metric]
STATEMENT_SECONDS = 5  # that one statement of a collector may take
FORWARDING = ("HTTP_X_FORWARDED", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")  # how these headers begin


@read_only
def metrics(request: HttpRequest) -> HttpResponse:
    """With METRICS_TOKEN as the bearer; without one it is there for callers on this machine only."""
    if not settings.METRICS_TOKEN and not _is_local(request):
        raise Http404
    if settings.METRICS_TOKEN and not _carries_token(request):
        return _plain(401, "Send METRICS_TOKEN as the bearer token.", {"WWW-Authenticate": "Bearer"})
    try:
        families = _collected()
    except (DatabaseError, InterfaceError) as error:
        log.error("metrics_not_collected", error=str(error))
        return _plain(503, "The database does not answer, or not in time; the log says more.", {"Retry-After": "15"})
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(_registry(families)), content_type=content_type, headers={"Cache-Control": "no-store"})


def _is_local(request: HttpRequest) -> bool:
    """From this machine, and not through a proxy on it."""
    if any(name.startswith(FORWARDING) for name in request.META):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _carries_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())


def _plain(status: int, text: str, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers)


def _collected() -> list[Metric]:
    """All of one moment as far as possible, and none of them for ever."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{STATEMENT_SECONDS}s"])
        return [family for collect in _collectors(tuple(settings.METRICS_COLLECTORS)) for family in collect()]


@remembered
def _collectors(names: tuple[str, ...]) -> Sequence[Callable[[], Families]]:
    return [import_string(name) for name in names]


class _Collected:
    """What was collected, as a registry takes it."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _registry(families: list[Metric]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Collected(families))
    return registry


def collect() -> Families:
    """Of the installation itself."""
    build = InfoMetricFamily("muster_build", "The version that answers.")
    build.add_metric([], {"version": _version(), "python": platform.python_version()})
    yield build
    yield GaugeMetricFamily(
        "muster_worker_heartbeat_timestamp_seconds",
        "When a worker last took a task from beat; 0 if none has lately, or the cache is away.",
        value=_heartbeat(),
    )


def _heartbeat() -> float:
    told = cache.get(WORKER_HEARTBEAT_KEY)
    at = told.get("at") if isinstance(told, dict) else None
    return at if isinstance(at, float) else 0.0


@remembered
def _version() -> str:
    with (env.ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
