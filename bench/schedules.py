"""One RECURRING command to a whole group: what it takes to announce, open and close a window, and then to count it."""

import argparse
import time
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from bench import worker
from bench.machine import load
from bench.meters import postmaster, tree_seconds
from bench.population import ACTOR, add_devices, new_groups, new_tenant, settle
from bench.sizes import sizes_of
from bench.tables import table
from commands.models import CommandRequest, CommandStatus, ScheduleSlot
from commands.models.status import State
from commands.selectors import command_request_stats
from commands.services.requests import create_command_request
from commands.services.slots import start_schedule
from devices.models import DeviceGroup
from tenants.models import Tenant

SIZES = (1_000, 10_000, 100_000)
HEAD = (
    "turn",
    "devices",
    "seconds",
    "devices/s",
    "us/device",
    "growth",
    "worker CPU s",
    "PostgreSQL CPU s",
    "peak MiB",
)
# What each leaves behind.
TURNS = {"announce": State.SCHEDULED, "open": State.QUEUED, "close": State.TIMEOUT}


def run(options: argparse.Namespace) -> None:
    tenant = new_tenant("Schedules")
    groups = new_groups(tenant, 20)
    rows: list[list[object]] = []
    counts: list[list[object]] = []
    first = 1
    smallest: dict[str, float] = {}
    for size in sizes_of(options, SIZES):
        add_devices(tenant, groups, first=first, last=size)
        first = size + 1
        request = _scheduled(tenant, groups[0])
        for turn, state in TURNS.items():
            job, postgres = _turn(request, turn, state, size)
            each = job.seconds / size * 1e6
            growth = each / smallest.setdefault(turn, each)
            figures = [job.seconds, round(size / job.seconds), each, growth, job.cpu, postgres, job.peak]
            rows.append([turn, f"{size:,}", *figures])
        counts.append([f"{size:,}", CommandStatus.objects.filter(request=request).count(), _stats(request)])
        _forget(tenant)
    table(f"A window of one RECURRING GROUP command, LOCK, in slices ({load()})", HEAD, rows)
    table("Stats of that request", ("devices", "rows", "ms"), counts)


def _scheduled(tenant: Tenant, group: DeviceGroup) -> CommandRequest:
    """Its first window opens in an hour."""
    start = timezone.now() + timedelta(hours=1)
    times = {"start_datetime": start.isoformat(), "end_datetime": (start + timedelta(days=8, hours=1)).isoformat()}
    request = create_command_request(
        tenant=tenant,
        actor=ACTOR,
        command="LOCK",
        command_type="GROUP",
        groups=[group.pk],
        schedule="RECURRING",
        schedule_args={**times, "time_type": "console"},
    )
    start_schedule(request.pk)
    return request


def _turn(request: CommandRequest, turn: str, state: State, size: int) -> tuple[worker.Job, float]:
    slot = ScheduleSlot.objects.filter(request=request).earliest("number")
    now = timezone.now()
    if turn == "open":
        ScheduleSlot.objects.filter(pk=slot.pk).update(opens_at=now, due_at=now)
    elif turn == "close":
        ScheduleSlot.objects.filter(pk=slot.pk).update(opens_at=now - timedelta(hours=1), closes_at=now, due_at=now)
    settle("commands_commandstatus", "commands_appleenrolment")
    postgres = postmaster()
    before = tree_seconds(postgres)
    job = worker.in_another_process("turn_slot", str(slot.pk))
    used = tree_seconds(postgres) - before
    made = CommandStatus.objects.filter(slot=slot, state__in=[state, State.FAILURE]).count()  # Android cannot lock yet
    if made != size:
        raise SystemExit(f"bench: to {turn} left {made} rows of {size} in {state!r}.")
    return job, used


def _stats(request: CommandRequest) -> float:
    """Milliseconds, the fastest of five."""
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        command_request_stats(request)
        times.append(time.perf_counter() - begin)
    return min(times) * 1000


def _forget(tenant: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM commands_commandstatus WHERE tenant_id = %s", [tenant.pk])
        cursor.execute("DELETE FROM commands_scheduleslot")
        cursor.execute("UPDATE commands_appleenrolment SET wake_at = NULL WHERE tenant_id = %s", [tenant.pk])
    settle("commands_commandstatus", "commands_appleenrolment")
