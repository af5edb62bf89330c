"""The lists of the API at growing table sizes, through Django's handler in this process: milliseconds of a page."""

import argparse
import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.utils import timezone

from bench.machine import load
from bench.population import ACTOR, add_devices, new_blueprint, new_groups, new_tenant, settle
from bench.tables import table
from commands.models import CommandRequest, CommandStatus
from devices.models import Blueprint, Device
from tenants.models import Role, Tenant
from tenants.services.tokens import create_api_token

PAGE = 100
DEVICES = (1_000, 10_000, 100_000)
STATUSES_OF_A_DEVICE = 10
LARGE = 10_000_000
SLOW = 1.0  # seconds: not repeated as often
DEVICE_LIST = "/api/device/v0/devices/"

# Requests of a thousand devices each, as a rule: most are done, some wait, some failed.
STATUSES_SQL = """
INSERT INTO commands_commandstatus
    (id, tenant_id, request_id, device_id, occurrence, state, reason, not_before, attempts, created_at, updated_at)
SELECT gen_random_uuid(), %(tenant)s, request.id, device.id, 0, CASE n %% 20
        WHEN 0 THEN 'Command Queued' WHEN 1 THEN 'Command Failure' WHEN 2 THEN 'Command TimeOut'
        ELSE 'Command Success' END,
    '', request.created_at, 0, request.created_at, request.created_at + interval '1 minute'
FROM (SELECT id, created_at, row_number() OVER (ORDER BY id) AS r FROM commands_commandrequest
        WHERE tenant_id = %(tenant)s AND reason = %(batch)s) AS request
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM devices_device WHERE tenant_id = %(tenant)s) AS device
    ON n %% %(spread)s = r %% %(spread)s
"""


@dataclass(frozen=True)
class Case:
    name: str
    path: str
    query: Mapping[str, object]


@dataclass(frozen=True)
class Took:
    first: float  # milliseconds with nothing remembered
    again: float
    queries: int
    count: int


class Caller:
    """A caller of the API whose requests do not leave the process."""

    def __init__(self, tenant: Tenant) -> None:
        token = create_api_token(tenant=tenant, role=Role.VIEWER, actor=ACTOR)[1]
        self.application: WSGIHandler = get_wsgi_application()
        self.headers = {
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "HTTP_X_TENANT_ID": str(tenant.pk),
            "HTTP_X_CALLER_ID": "bench",
            "HTTP_X_SCAPI_PRIVATE_URL": "http://127.0.0.1/private",
        }

    def get(self, path: str, query: Mapping[str, object]) -> dict[str, Any]:
        environ = {
            "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": urlencode(query),
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1",
            "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), **self.headers,
        }  # fmt: skip
        told: list[str] = []

        def start_response(status: str, *_: Any) -> Callable[[bytes], None]:
            told.append(status)
            return lambda _: None

        response = self.application(environ, start_response)
        body = b"".join(response)
        response.close()
        if not told[0].startswith("200"):
            raise SystemExit(f"bench: {path}?{urlencode(query)} answered {told[0]}: {body[:300]!r}")
        return dict(orjson.loads(body))


def run(options: argparse.Namespace) -> None:
    tenant = new_tenant("Lists")
    groups = new_groups(tenant, 20)
    new_blueprint(tenant, groups)
    caller = Caller(tenant)
    heads: list[str] = []
    results: dict[str, list[Took]] = {}
    for devices, statuses in _sizes(options):
        grow(tenant, groups, devices, statuses)
        heads.append(f"{devices:,} devices, {statuses:,} statuses")
        for case in _cases(tenant, groups[1].pk, statuses):
            results.setdefault(case.name, []).append(_measure(caller, case, options.rounds))
    title = (
        f"Pages of {PAGE}: milliseconds, with the count taken anew / remembered (of the least of {options.rounds}; "
        f"{load()})\nSizes: " + "; ".join(f"{number}: {head}" for number, head in enumerate(heads, 1))
    )
    head = ["list", "queries", *[f"rows at {n}" for n in range(1, len(heads) + 1)]]
    head += [f"ms at {n}" for n in range(1, len(heads) + 1)] + ["growth"]
    table(title, head, [_row(name, took) for name, took in results.items()])


def _sizes(options: argparse.Namespace) -> list[tuple[int, int]]:
    sizes = [(count, count * STATUSES_OF_A_DEVICE) for count in DEVICES[: options.sizes]]
    return [*sizes, (sizes[-1][0], LARGE)] if options.large else sizes


def _row(name: str, took: list[Took]) -> list[object]:
    figures = [f"{each.first:.1f} / {each.again:.1f}" for each in took]
    return [name, took[-1].queries, *[each.count for each in took], *figures, took[-1].first / took[0].first]


def grow(tenant: Tenant, groups: list[Any], devices: int, statuses: int) -> None:
    """Up to so many devices and statuses."""
    there = Device.objects.filter(tenant=tenant).count()
    if there < devices:
        add_devices(tenant, groups, first=there + 1, last=devices)
    missing = statuses - CommandStatus.objects.filter(tenant=tenant).count()
    batch = f"batch {statuses}"
    spread = max(devices // 1000, 1)
    now = timezone.now()
    requests = [
        CommandRequest(
            tenant=tenant, command_type="GROUP", groups=[groups[0].pk], command="LOCK", created_by="bench",
            fanned_out_at=now, reason=batch, created_at=now - timedelta(minutes=n),
        )
        for n in range(missing * spread // devices)
    ]  # fmt: skip
    CommandRequest.objects.bulk_create(requests, batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute(STATUSES_SQL, {"tenant": tenant.pk, "batch": batch, "spread": spread})
    settle("commands_commandstatus", "commands_commandrequest")


def _cases(tenant: Tenant, group: object, rows: int) -> list[Case]:
    devices = Device.objects.filter(tenant=tenant)
    some = devices.order_by("created_at")[:3][2]
    blueprint = Blueprint.objects.get(tenant=tenant)
    request = CommandRequest.objects.filter(tenant=tenant).order_by("created_at")[:3][2].pk
    statuses, far = "/api/commands/v0/status/", devices.count() * 3 // 5
    seen = {
        "last_seen_gt": (timezone.now() - timedelta(days=1)).isoformat(),
        "last_seen_lt": timezone.now().isoformat(),
    }
    return [
        Case("devices", DEVICE_LIST, {}),
        Case("devices: state, platform", DEVICE_LIST, {"state": "active", "platform": "APPLE"}),
        Case("devices: search, three letters", DEVICE_LIST, {"search": "s22"}),
        Case("devices: search, a serial", DEVICE_LIST, {"search": some.serial[3:]}),
        Case("devices: search, common", DEVICE_LIST, {"search": "iphone"}),
        Case("devices: group_multi, one", DEVICE_LIST, {"group_multi": group}),
        Case("devices: assigned_blueprint_id", DEVICE_LIST, {"assigned_blueprint_id": blueprint.pk}),
        Case("devices: battery_level_lte", DEVICE_LIST, {"battery_level_lte": 10}),
        Case("devices: ordering=name", DEVICE_LIST, {"ordering": "name"}),
        Case("devices: ordering=-last_seen", DEVICE_LIST, {"ordering": "-last_seen"}),
        Case("devices: offset at 60 %", DEVICE_LIST, {"offset": far}),
        Case("heartbeats of a day", "/api/device/v2/heartbeat/", seen),
        Case("statuses", statuses, {}),
        Case("statuses: request, an old one", statuses, {"request": request}),
        Case("statuses: device", statuses, {"device": some.pk}),
        Case("statuses: state", statuses, {"state": "Command Failure"}),
        Case("statuses: not internal", statuses, {"exclude_internal_commands": "true"}),
        Case("statuses: offset at 60 %", statuses, {"offset": rows * 3 // 5}),
        Case("requests", "/api/commands/v0/commands/", {}),
        Case("stats of a request", f"/api/commands/v0/commands/{request}/stats/", {}),
    ]


def _measure(caller: Caller, case: Case, rounds: int) -> Took:
    query = {"limit": PAGE, **case.query}
    answer = caller.get(case.path, query)
    queries = count_queries(lambda: caller.get(case.path, query))
    first = min(_timed(lambda: caller.get(case.path, query), forget=True) for _ in range(rounds))
    _timed(lambda: caller.get(case.path, query))  # so that the count is remembered
    again = min(_timed(lambda: caller.get(case.path, query)) for _ in range(rounds if first > SLOW else 3 * rounds))
    content = answer.get("content", answer)
    return Took(first * 1000, again * 1000, queries, int(content.get("count", 1)))


def _timed(call: Callable[[], object], *, forget: bool = False) -> float:
    settings.API_CACHE_COUNTS = not forget
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def count_queries(call: Callable[[], object]) -> int:
    """Of a request with nothing remembered."""
    settings.API_CACHE_COUNTS = False
    count = 0

    def counting(execute: Callable[..., Any], *details: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*details)

    with connection.execute_wrapper(counting):
        call()
    return count
