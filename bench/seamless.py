"""Taking in a file of who is expected, and working it off, in a tenant full of devices: seconds, memory, queries."""

import argparse
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection

from bench import worker
from bench.machine import load
from bench.meters import postmaster, tree_seconds
from bench.population import ACTOR, add_devices, new_blueprint, new_groups, new_tenant, settle
from bench.sizes import sizes_of
from bench.tables import table
from devices.models import Device, DeviceState
from onboarding.models import SeamlessRow, SeamlessUpload
from onboarding.services.seamless.uploads import create_upload
from onboarding.services.seamless.working import SLICE, work_slice
from tenants.models import Tenant

SIZES = (1_000, 10_000, 100_000)
KNOWN = 10  # each so many-th row is of a device that is known and not enrolled
HEAD = ("rows", "MiB", "step", "seconds", "worker", "PostgreSQL", "peak MiB", "grown MiB", "queries/slice")
SOURCE = SeamlessUpload.Source.COMMAND_LINE


def run(options: argparse.Namespace) -> None:
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes_of(options, SIZES):
            tenant = _tenant(size)
            file = Path(folder, f"{size}.csv")
            _write(tenant, file, size)
            rows += _measured(tenant, file, size)
    table(f"A file is taken in and worked off: seconds and CPU seconds ({load()})", HEAD, rows)


def take_in(words: str) -> int:
    """In the worker: a tenant's id and a path."""
    tenant_id, path = words.split(" ", 1)
    with open(path, "rb") as file:
        tenant = Tenant.objects.get(pk=tenant_id)
        return create_upload(tenant=tenant, actor=ACTOR, file=file, source=SOURCE).row_count


def _tenant(size: int) -> Tenant:
    """With as many devices as the file has rows."""
    tenant = new_tenant(f"Expecting {size}")
    groups = new_groups(tenant, 10)
    new_blueprint(tenant, groups)
    add_devices(tenant, groups, first=size * 10, last=size * 11 - 1)
    ids = Device.objects.filter(tenant=tenant).order_by("serial").values_list("pk", flat=True)[: size // KNOWN]
    Device.objects.filter(pk__in=list(ids)).update(state=DeviceState.REGISTERED)
    settle("devices_device", "devices_devicegroup")
    return tenant


def _write(tenant: Tenant, file: Path, size: int) -> None:
    known = Device.objects.filter(tenant=tenant, state=DeviceState.REGISTERED).values_list("serial", flat=True)
    serials = [*known, *(f"NEW{size}X{number}" for number in range(size - len(known)))]
    blueprint = tenant.blueprints.get().pk
    lines = (f"{serial},{_imei(number)},{blueprint},Device {number}\n" for number, serial in enumerate(serials))
    file.write_text("serial_number,imei1,blueprint_id,alias\n" + "".join(lines))


def _imei(number: int) -> str:
    """With its check digit."""
    body = f"86{number:012}"
    doubled = (int(digit) * 2 for digit in body[1::2])
    total = sum(value - 9 if value > 9 else value for value in doubled) + sum(map(int, body[::2]))
    return f"{body}{-total % 10}"


def _measured(tenant: Tenant, file: Path, size: int) -> list[list[object]]:
    length = file.stat().st_size / 2**20
    taken = _step("take_in", f"{tenant.pk} {file}")
    upload = SeamlessUpload.objects.get(tenant=tenant)
    worked = _step("work_off", str(upload.pk))
    succeeded = SeamlessRow.objects.filter(upload=upload, status=SeamlessRow.Status.SUCCESS).count()
    if succeeded != size:
        raise SystemExit(f"bench: {succeeded} rows succeeded.")
    return [
        [f"{size:,}", length, "taken in", *taken, None],
        [f"{size:,}", length, "worked off", *worked, _queries(tenant, file)],
    ]


def _step(*words: str) -> list[float]:
    server = postmaster()
    spent = tree_seconds(server)
    job = worker.in_another_process(*words)
    return [job.seconds, job.cpu, tree_seconds(server) - spent, job.peak, job.grown]


def _queries(tenant: Tenant, file: Path) -> int:
    """Of a slice of the same rows once more, in this process."""
    with file.open("rb") as again:
        upload_id: uuid.UUID = create_upload(tenant=tenant, actor=ACTOR, file=again, source=SOURCE).pk
    count = 0

    def counting(execute: Callable[..., Any], *details: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*details)

    with connection.execute_wrapper(counting):
        work_slice(upload_id)
    assert SeamlessRow.objects.filter(upload=upload_id, status=SeamlessRow.Status.SUCCESS).count() == SLICE
    return count
