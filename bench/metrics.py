"""Seconds of one scrape of /metrics at growing table sizes, through Django's handler in this process."""

import argparse
import datetime as dt
import io
import time
from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.utils import timezone

from bench.lists import DEVICES, STATUSES_OF_A_DEVICE, count_queries, grow
from bench.machine import load
from bench.population import new_groups, new_tenant, settle
from bench.tables import table
from tenants.models import ApnsCertificate, Tenant

TENANTS = 10
HEAD = ("devices", "tenants", "status rows", "ms", "queries", "kB")


def run(options: argparse.Namespace) -> None:
    tenants = {tenant: new_groups(tenant, 3) for tenant in (new_tenant(f"Metrics {n}") for n in range(TENANTS))}
    for tenant in tenants:
        _certify(tenant)
    application = get_wsgi_application()
    rows = []
    for size in DEVICES[: options.sizes]:
        for tenant, groups in tenants.items():
            grow(tenant, groups, size // TENANTS, size // TENANTS * STATUSES_OF_A_DEVICE)
        _make_due()
        queries = count_queries(lambda: _scrape(application))
        took = [_scrape(application) for _ in range(options.rounds)]
        least = min(seconds for seconds, _ in took)
        rows.append([f"{size:,}", TENANTS, size * STATUSES_OF_A_DEVICE, 1000 * least, queries, took[0][1] // 1024])
    table(f"One scrape of /metrics (cheapest of {options.rounds}; {load()})", HEAD, rows)


def _certify(tenant: Tenant) -> None:
    completed = {"state": "COMPLETED", "certificate": "bench", "topic": f"com.apple.mgmt.External.{tenant.pk}"}
    ends = timezone.now() + dt.timedelta(days=200)
    ApnsCertificate.objects.create(tenant=tenant, private_key=b"bench", cert_expiry_on=ends, **completed)


def _make_due() -> None:
    """One enrolment of a hundred waits for a push."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE commands_appleenrolment SET wake_at = now() - interval '5 min' WHERE random() < 0.01")
    settle("commands_appleenrolment")


def _scrape(application: WSGIHandler) -> tuple[float, int]:
    """Seconds and bytes."""
    environ = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/metrics", "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1",
        "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
    }  # fmt: skip
    told: list[str] = []

    def start_response(status: str, *_: Any) -> Callable[[bytes], None]:
        told.append(status)
        return lambda _: None

    began = time.perf_counter()
    response = application(environ, start_response)
    body = b"".join(response)
    response.close()
    took = time.perf_counter() - began
    if not told[0].startswith("200"):
        raise SystemExit(f"bench: /metrics answered {told[0]}: {body[:300]!r}")
    return took, len(body)
