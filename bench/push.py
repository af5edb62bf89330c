"""CPU seconds of 1,000 pushes: claim, send to the stand-in of APNs in another process, note what it said."""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from bench import worker
from bench.machine import load
from bench.meters import postmaster, tree_seconds
from bench.population import ACTOR, add_devices, new_groups, new_tenant, settle
from bench.tables import table
from commands.models import AppleEnrolment
from commands.services.apns_certificates import complete_certificate
from config.dev.places import ROOT
from config.dev.web import free_ports
from onboarding.simulation.certificates import StandInRoot
from tenants.models import Tenant
from tenants.services.apns import create_apns_certificate

HEAD = ("pushes", "seconds", "pushes/s", "worker", "PostgreSQL", "sum", "stand-in", "peak MiB")
MAGIC = "7D2B9C1E-5F0A-4C67-9D3E-0A1B2C3D4E5F"


def run(options: argparse.Namespace) -> None:
    tenant = new_tenant("Push")
    add_devices(tenant, new_groups(tenant, 10), first=1, last=-(-options.devices * 4 // 3))
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name, running_stand_in(Path(name)) as (stand_in, port):
        told = {"APNS_HOST": "127.0.0.1", "APNS_PORT": str(port), "APNS_CA_FILE": str(Path(name) / "ca.pem")}
        os.environ.update(told)  # for the worker
        devices = _prepare(tenant, Path(name))
        rows = [_push(tenant, devices, stand_in) for _ in range(options.rounds)]
    cheapest = min(rows, key=lambda row: float(str(row[5])))
    title = f"Pushes over one HTTP/2 connection: CPU seconds of 1,000 pushes (cheapest of {options.rounds}; {load()})"
    table(title, HEAD, [cheapest])


@contextlib.contextmanager
def running_stand_in(folder: Path) -> Iterator[tuple[int, int]]:
    """Its process id and its port for pushes."""
    apns, courier, store, vpp = free_ports(4)
    command = [sys.executable, "manage.py", "run_standins", "--directory", str(folder)]
    command += ["--apns-port", str(apns), "--courier-port", str(courier)]
    command += ["--store-port", str(store), "--vpp-port", str(vpp)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        if b"listening" not in process.stdout.readline():
            raise SystemExit("bench: the stand-in of APNs did not start.")
        yield process.pid, apns
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _prepare(tenant: Tenant, folder: Path) -> int:
    """Gives the tenant a push certificate and every enrolment a token; how many."""
    row = create_apns_certificate(tenant=tenant, actor=ACTOR)
    topic = f"com.apple.mgmt.External.{tenant.pk}"
    pem = StandInRoot(folder).issue_push_certificate(row.signing_request.encode(), topic=topic)
    complete_certificate(certificate=row, file=pem, apple_id="bench@example.org", actor=ACTOR)
    enrolments = list(AppleEnrolment.objects.filter(tenant=tenant))
    for number, enrolment in enumerate(enrolments):
        enrolment.push_token, enrolment.push_magic, enrolment.topic = number.to_bytes(32), MAGIC, topic
        enrolment.save(update_fields=["push_token", "push_magic", "topic"])  # bulk updates do not seal
    return len(enrolments)


def _push(tenant: Tenant, devices: int, stand_in: int) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE commands_appleenrolment SET wake_at = now() WHERE tenant_id = %s", [tenant.pk])
    settle("commands_appleenrolment")
    server = postmaster()
    before = tree_seconds(server), tree_seconds(stand_in)
    job = worker.in_another_process("push")
    postgres, other = tree_seconds(server) - before[0], tree_seconds(stand_in) - before[1]
    if job.done != devices:
        raise SystemExit(f"bench: {job.done} of {devices} pushes were taken.")
    each = 1000 / devices
    costs = [job.cpu * each, postgres * each, (job.cpu + postgres) * each, other * each]
    return [devices, job.seconds, round(devices / job.seconds), *costs, job.peak]
