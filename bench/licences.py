"""Reading a location of Apps and Books from a stand-in, the first time and again: seconds, memory, queries per page."""

import argparse
import os
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from apps_domain.models import VppLocation
from apps_domain.services.licence_locations import find_new_tokens
from apps_domain.services.licence_sync import sync_location
from bench import worker
from bench.machine import load
from bench.meters import postmaster, tree_seconds
from bench.population import ACTOR, new_tenant, settle
from bench.sizes import sizes_of
from bench.tables import table
from onboarding.simulation.vpp import Asset, Library, VppStandIn, running_vpp
from tenants.services.vpp_tokens import create_vpp_token

SIZES = (500, 5_000, 50_000)
HELD = 4  # assignments of an app
HEAD = ("apps", "assignments", "time", "seconds", "worker", "PostgreSQL", "peak MiB", "pages", "queries/page")


def run(options: argparse.Namespace) -> None:
    rows: list[list[object]] = []
    with running_vpp() as vpp:
        settings.VPP_URL = os.environ["VPP_URL"] = vpp.url  # here, and for the worker
        for size in sizes_of(options, SIZES):
            location = _location(vpp, size)
            rows.append(_measure(vpp, location, size, "first", queries=None))
            rows.append(_measure(vpp, location, size, "again", queries=_queries(vpp, location)))
    table(f"A location is read, {vpp.limits.page_size} rows a page: seconds and CPU seconds ({load()})", HEAD, rows)


def _location(vpp: VppStandIn, size: int) -> VppLocation:
    tenant = new_tenant(f"Licences {size}")
    library = vpp.add_library(Library(f"bench-{size}", f"Bench {size}"))
    library.uid = str(size)
    library.own(*(Asset(str(10**9 + number), 10) for number in range(size)))
    for number in range(size * HELD):
        library.assignments[str(10**9 + number // HELD), "STDQ", f"S{number % HELD:04}-{number}", ""] = None
    library.changed()
    token = create_vpp_token(tenant=tenant, file=library.vpptoken, actor=ACTOR)
    find_new_tokens()
    return VppLocation.objects.get(token=token)


def _due(location: VppLocation) -> None:
    VppLocation.objects.filter(pk=location.pk).update(sync_due_at=timezone.now())


def _measure(vpp: VppStandIn, location: VppLocation, size: int, time: str, *, queries: float | None) -> list[object]:
    _due(location)
    before, server = _pages(vpp), postmaster()
    spent = tree_seconds(server)
    job = worker.in_another_process("sync", str(location.pk))
    postgres = tree_seconds(server) - spent
    settle("apps_domain_vpplicence", "apps_domain_vppassignment")
    found = location.licences.count(), location.assignments.count()
    if found != (size, size * HELD):
        raise SystemExit(f"bench: {found} licences and assignments were read.")
    return [size, size * HELD, time, job.seconds, job.cpu, postgres, job.peak, _pages(vpp) - before, queries]


def _pages(vpp: VppStandIn) -> int:
    return vpp.counters["assets"] + vpp.counters["assignments"]


def _queries(vpp: VppStandIn, location: VppLocation) -> float:
    """Of a sync in this process."""
    count, before = 0, _pages(vpp)

    def counting(execute: Callable[..., Any], *details: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*details)

    _due(location)
    with connection.execute_wrapper(counting):
        sync_location(location.pk)
    return count / (_pages(vpp) - before)
