"""CPU seconds of 1,000 device connects: idle, and with one command waiting."""

import argparse
import hashlib
import statistics
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.utils import timezone

from bench.client import Exchange, Load, Took, in_another_process
from bench.machine import load
from bench.messages import Phone, phones
from bench.meters import postmaster, tree_seconds
from bench.population import add_devices, new_groups, new_tenant, settle
from bench.tables import say, table
from bench.web import Web, running_web
from commands.models import AppleEnrolment, CommandRequest
from tenants.models import Tenant

CONNECTIONS = (1, 4, 16)
HISTORY = 10  # finished commands of each device
# CPU seconds of 1,000 connects, web and PostgreSQL, of the best open server on a two-core machine, at 1, 4 and 16
# connections; the aim is 0.7 of them.
TO_BEAT = {"idle": (3.2, 2.8, 2.5), "one command": (7.0, 7.6, 7.6)}
AIM = 0.7
HEAD = (
    "connects", "connections", "web", "PostgreSQL", "sum", "aim", "to beat", "connects/s", "p50 ms", "p99 ms",
)  # fmt: skip

PIN_SQL = """
UPDATE commands_appleenrolment e SET certificate_sha256 = pin
FROM unnest(%s::text[], %s::text[]) AS given(udid, pin) WHERE e.enrolment_id = udid
"""
HISTORY_SQL = """
INSERT INTO commands_commandstatus
    (id, tenant_id, request_id, device_id, occurrence, state, reason, not_before, attempts, created_at, updated_at)
SELECT gen_random_uuid(), tenant_id, %(request)s, device_id, n, 'Command Success', '', now(), 0,
    now() - make_interval(hours => n), now()
FROM commands_appleenrolment, generate_series(1, %(history)s) AS n WHERE tenant_id = %(tenant)s
"""
CLEAR_SQL = "DELETE FROM commands_commandstatus WHERE request_id = %s AND occurrence = 0"
QUEUE_SQL = """
INSERT INTO commands_commandstatus
    (id, tenant_id, request_id, device_id, occurrence, state, reason, not_before, attempts, created_at, updated_at)
SELECT status_id, e.tenant_id, %s, e.device_id, 0, 'Command Queued', '', now(), 0, now(), now()
FROM unnest(%s::text[], %s::uuid[]) AS given(udid, status_id) JOIN commands_appleenrolment e ON e.enrolment_id = udid
"""
WAKE_SQL = "UPDATE commands_appleenrolment SET wake_at = now() + interval '1 hour', pushed_at = now()"


@dataclass(frozen=True)
class Figure:
    """CPU seconds of 1,000 connects; `took` is what the client saw."""

    web: float
    postgres: float
    took: Took
    connects: int

    @property
    def total(self) -> float:
        return self.web + self.postgres


class Fleet:
    """Enrolled devices and their ready-made conversations."""

    def __init__(self, count: int) -> None:
        tenant = new_tenant("Connect")
        add_devices(tenant, new_groups(tenant, 10), first=1, last=-(-count * 4 // 3) + 4)
        udids = AppleEnrolment.objects.filter(tenant=tenant).values_list("enrolment_id", flat=True)
        self.phones: list[Phone] = phones(list(udids[:count]))
        self.commands = [uuid.uuid4() for _ in self.phones]
        self.request = _request(tenant)
        with connection.cursor() as cursor:
            pins = [hashlib.sha256(phone.certificate_der).hexdigest() for phone in self.phones]
            cursor.execute(PIN_SQL, [[phone.udid for phone in self.phones], pins])
            cursor.execute(HISTORY_SQL, {"request": self.request.pk, "tenant": tenant.pk, "history": HISTORY})
        self.idle = [[Exchange(phone.idle(), b"")] for phone in self.phones]
        self.one_command = [
            [
                Exchange(phone.idle(), str(command).encode()),
                Exchange(phone.acknowledged(command), b""),
            ]
            for phone, command in zip(self.phones, self.commands, strict=True)
        ]

    def clear(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(CLEAR_SQL, [self.request.pk])
        settle("commands_commandstatus", "commands_appleenrolment", "devices_heartbeat")

    def queue_one(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(CLEAR_SQL, [self.request.pk])
            cursor.execute(QUEUE_SQL, [self.request.pk, [phone.udid for phone in self.phones], self.commands])
            cursor.execute(WAKE_SQL)
        settle("commands_commandstatus", "commands_appleenrolment", "devices_heartbeat")


def run(options: argparse.Namespace) -> None:
    fleet = Fleet(options.devices)
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder, running_web(Path(folder) / "web.log") as web:
        say(f"\n$ {web.command}")
        kinds = {"idle": (fleet.clear, fleet.idle), "one command": (fleet.queue_one, fleet.one_command)}
        for prepare, conversations in kinds.values():  # warm connections, statements and caches
            prepare()
            in_another_process(Load(web.port, 16, conversations))
        rows = [
            _row(name, position, _cheapest(web, prepare, conversations, CONNECTIONS[position], options.rounds))
            for name, (prepare, conversations) in kinds.items()
            for position in range(len(CONNECTIONS))
        ]
    title = (
        f"Device connects over loopback HTTP, {options.devices:,} devices, each connecting once: CPU seconds of 1,000 "
        f"connects\n(a connect with a command is two round trips; cheapest of {options.rounds}; {load()})"
    )
    table(title, HEAD, rows)


def _request(tenant: Tenant) -> CommandRequest:
    return CommandRequest.objects.create(
        tenant=tenant, command_type="GROUP", command="LOCK", created_by="bench", fanned_out_at=timezone.now()
    )


def _cheapest(
    web: Web, prepare: Callable[[], None], conversations: list[list[Exchange]], connections: int, rounds: int
) -> Figure:
    figures = []
    for _ in range(rounds):
        prepare()
        figures.append(_measure(web, Load(web.port, connections, conversations)))
    return min(figures, key=lambda figure: figure.total)


def _measure(web: Web, work: Load) -> Figure:
    postgres = postmaster()
    before = tree_seconds(web.pid), tree_seconds(postgres)
    took = in_another_process(work)
    after = tree_seconds(web.pid), tree_seconds(postgres)
    thousands = len(work.conversations) / 1000
    return Figure((after[0] - before[0]) / thousands, (after[1] - before[1]) / thousands, took, len(work.conversations))


def _row(name: str, position: int, figure: Figure) -> list[object]:
    to_beat = TO_BEAT[name][position]
    percentiles = statistics.quantiles(figure.took.latencies, n=100)
    return [
        name,
        CONNECTIONS[position],
        figure.web,
        figure.postgres,
        figure.total,
        to_beat * AIM,
        to_beat,
        round(figure.connects / figure.took.seconds),
        percentiles[49] * 1000,
        percentiles[98] * 1000,
    ]
