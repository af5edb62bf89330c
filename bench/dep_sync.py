"""Reading an MDM server's devices from a stand-in of Apple's device assignment, and giving them their profile.

`first`: all are new. `changes`: every tenth was changed at Apple. `all again`: the whole list, of which all is known.
"""

import argparse
import os
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection

from bench import worker
from bench.machine import load
from bench.meters import postmaster, tree_seconds
from bench.population import ACTOR, new_tenant, settle
from bench.sizes import sizes_of
from bench.tables import table
from onboarding.models import DepServer, DepSync
from onboarding.services.dep.servers import find_servers, make_due
from onboarding.services.dep.syncing import open_sync, work_off
from onboarding.simulation.dep import DepStandIn, MdmServer, running_dep, token_file
from tenants.models import Tenant
from tenants.services.dep_tokens import complete_dep_token, create_dep_token, download_public_key

SIZES = (1_000, 10_000, 100_000)
HEAD = (
    "devices", "time", "seconds", "worker", "PostgreSQL", "CPU/1,000", "peak MiB", "pages", "assignments",
    "queries/page",
)  # fmt: skip


def run(options: argparse.Namespace) -> None:
    rows: list[list[object]] = []
    with running_dep() as dep:
        settings.DEP_URL = os.environ["DEP_URL"] = dep.url  # here, and for the worker
        for size in sizes_of(options, SIZES):
            tenant, server = _tenant(dep, size)
            rows.append(_measure(dep, tenant, size, "first"))
            work_off(_due(tenant, anew=False).pk)  # in which Apple tells of the profiles that it was told to assign
            _change(server, size // 10)
            rows.append(_measure(dep, tenant, size, "changes"))
            rows.append([*_measure(dep, tenant, size, "all again")[:-1], _queries(dep, tenant)])
    table(f"A DEP server is read, 1,000 devices a page: seconds and CPU seconds ({load()})", HEAD, rows)


def _tenant(dep: DepStandIn, size: int) -> tuple[Tenant, MdmServer]:
    """With a token of a server of so many devices."""
    tenant, server = new_tenant(f"DEP {size}"), dep.add_server()
    server.stock(size)
    token = create_dep_token(tenant=tenant, actor=ACTOR)
    file = token_file(server, download_public_key(token=token, actor=ACTOR).encode())
    complete_dep_token(token=token, file=file, token_name="Bench", actor=ACTOR)
    find_servers()
    return tenant, server


def _change(server: MdmServer, number: int) -> None:
    for serial in list(server.devices)[:number]:
        server.change(serial, asset_tag="A-1")


def _measure(dep: DepStandIn, tenant: Tenant, size: int, time: str) -> list[object]:
    sync = _due(tenant, anew=time == "all again")
    pages, assignments = _pages(dep), dep.counters["assign"]
    server = postmaster()
    spent = tree_seconds(server)
    job = worker.in_another_process("dep_sync", str(sync.pk))
    postgres = tree_seconds(server) - spent
    settle("devices_device", "onboarding_depdevice")
    sync.refresh_from_db()
    if sync.status != DepSync.Status.SUCCESS:
        raise SystemExit(f"bench: the sync ended in {sync.status}: {sync.failure_reason}")
    if time == "first" and (sync.added, sync.assigned) != (size, size):
        raise SystemExit(f"bench: {sync.added} devices were read, {sync.assigned} have a profile.")
    a_thousand = (job.cpu + postgres) / size * 1000
    counted = (_pages(dep) - pages, dep.counters["assign"] - assignments)
    return [size, time, job.seconds, job.cpu, postgres, a_thousand, job.peak, *counted, None]


def _due(tenant: Tenant, *, anew: bool) -> DepSync:
    if anew:
        DepServer.objects.filter(tenant=tenant).update(cursor="", cursor_at=None)
    make_due(tenant)
    return open_sync(tenant, DepSync.Cause.CALLER)[0]


def _pages(dep: DepStandIn) -> int:
    return dep.counters["fetch"] + dep.counters["sync"]


def _queries(dep: DepStandIn, tenant: Tenant) -> float:
    """Of the whole list, in this process."""
    count, before = 0, _pages(dep)

    def counting(execute: Callable[..., Any], *details: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*details)

    sync = _due(tenant, anew=True)
    with connection.execute_wrapper(counting):
        work_off(sync.pk)
    return count / (_pages(dep) - before)
