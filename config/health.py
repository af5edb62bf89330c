"""Probes for load balancers and people, and the answers of last resort."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views import defaults
from redis import Redis
from redis.exceptions import RedisError

from config.api.documentation import read_only
from config.api.exception_handler import json_error
from config.celery import WORKER_HEARTBEAT_KEY

log = structlog.get_logger(__name__)

WORKER_PATIENCE = 60  # seconds without a report


class NotReady(Exception):
    """Says what is missing and what to do."""


@read_only
def health(request: HttpRequest) -> JsonResponse:
    """The process is up; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@read_only
def ready(request: HttpRequest) -> JsonResponse:
    """200 when this server can do its whole work, 503 otherwise; each check says how it went."""
    checks = {name: _outcome(check) for name, check in CHECKS.items()}
    checks["migrations"] = _outcome(_migrations) if checks["database"]["ok"] else dict(checks["database"])
    good = all(outcome["ok"] for outcome in checks.values())
    return JsonResponse({"status": "ready" if good else "not ready", "checks": checks}, status=200 if good else 503)


def _outcome(check: Callable[[], None]) -> dict[str, Any]:
    try:
        check()
    except NotReady as error:
        return {"ok": False, "message": str(error)}
    return {"ok": True}


def _database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        log.warning("database_not_ready", error=str(error))
        raise NotReady("The database does not answer.") from None


def _migrations() -> None:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        raise NotReady("The database does not answer.") from None
    if plan:
        raise NotReady(f"{len(plan)} migrations are not applied; run `manage.py migrate`.")


def _broker() -> None:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
    except (RedisError, ValueError) as error:
        log.warning("broker_not_ready", error=str(error))
        raise NotReady("The broker (REDIS_URL) does not answer.") from None


def worker_silence() -> float | None:
    """Seconds since a worker reported; None when none did lately."""
    heartbeat = cache.get(WORKER_HEARTBEAT_KEY)
    reported = heartbeat.get("at") if isinstance(heartbeat, dict) else None
    return time.time() - reported if isinstance(reported, float) else None


def _worker() -> None:
    silence = worker_silence()
    if silence is None:
        raise NotReady("No worker has reported lately; check that `worker` and `beat` run.")
    if silence > WORKER_PATIENCE:
        raise NotReady("The last worker report is older than a minute; check that `worker` and `beat` run.")


CHECKS = {"database": _database, "broker": _broker, "worker": _worker}


def _wants_json(request: HttpRequest) -> bool:
    return f"{request.path}/".startswith(("/api/", "/sys/"))


def server_error(request: HttpRequest) -> HttpResponse:
    if _wants_json(request):
        return json_error(500, "Something went wrong on our side.")
    return _plain(defaults.server_error(request))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return (
        json_error(404, "Not found.") if _wants_json(request) else _plain(defaults.page_not_found(request, exception))
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return json_error(400, "Bad request.") if _wants_json(request) else _plain(defaults.bad_request(request, exception))


def _plain(response: HttpResponseBase) -> HttpResponse:
    assert isinstance(response, HttpResponse)
    return response
