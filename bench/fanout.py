"""One command to a whole group: seconds and memory of the fan-out at growing numbers of devices."""

import argparse

from django.db import connection

from bench import worker
from bench.machine import load
from bench.meters import postmaster, tree_seconds
from bench.population import ACTOR, add_devices, new_groups, new_tenant, settle
from bench.sizes import sizes_of
from bench.tables import table
from commands.models import CommandStatus
from commands.services.requests import create_command_request
from devices.models import DeviceGroup
from tenants.models import Tenant

SIZES = (1_000, 10_000, 100_000)
HEAD = (
    "devices",
    "seconds",
    "devices/s",
    "us/device",
    "growth",
    "worker CPU s",
    "PostgreSQL CPU s",
    "peak MiB",
    "of it for the job",
)


def run(options: argparse.Namespace) -> None:
    tenant = new_tenant("Fan-out")
    groups = new_groups(tenant, 20)
    rows: list[list[object]] = []
    first, smallest = 1, 0.0
    for size in sizes_of(options, SIZES):
        add_devices(tenant, groups, first=first, last=size)
        first = size + 1
        job, postgres = _cheapest(tenant, groups[0], size, options.rounds)
        each = job.seconds / size * 1e6
        smallest = smallest or each
        rows.append(
            [
                f"{size:,}",
                job.seconds,
                round(size / job.seconds),
                each,
                each / smallest,
                job.cpu,
                postgres,
                job.peak,
                job.grown,
            ]
        )
    table(f"Fan-out of one GROUP command, LOCK, in slices (fastest of {options.rounds}; {load()})", HEAD, rows)


def _cheapest(tenant: Tenant, group: DeviceGroup, size: int, rounds: int) -> tuple[worker.Job, float]:
    jobs = []
    for _ in range(rounds):
        jobs.append(_fan_out(tenant, group, size))
        _forget(tenant)
    return min(jobs, key=lambda each: each[0].seconds)


def _fan_out(tenant: Tenant, group: DeviceGroup, size: int) -> tuple[worker.Job, float]:
    request = create_command_request(
        tenant=tenant, actor=ACTOR, command="LOCK", command_type="GROUP", groups=[group.pk]
    )
    postgres = postmaster()
    before = tree_seconds(postgres)
    job = worker.in_another_process("fan_out", str(request.pk))
    used = tree_seconds(postgres) - before
    made = CommandStatus.objects.filter(request=request).count()
    if made != size:
        raise SystemExit(f"bench: the fan-out made {made} rows for {size} devices.")
    return job, used


def _forget(tenant: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM commands_commandstatus WHERE tenant_id = %s", [tenant.pk])
        cursor.execute("UPDATE commands_appleenrolment SET wake_at = NULL WHERE tenant_id = %s", [tenant.pk])
    settle("commands_commandstatus", "commands_appleenrolment")
