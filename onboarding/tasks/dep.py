"""Reading Apple's lists, and giving their devices profiles. The rows say what is to be done."""

import uuid

from config.celery import app
from onboarding.services.dep.assigning import assign_due, servers_to_assign
from onboarding.services.dep.sync_ends import prune_syncs
from onboarding.services.dep.syncing import syncs_to_work_off, work_off

SWEEP_SECONDS = 10  # between two sweeps; what was not begun by then is swept again


@app.task(name="onboarding.sweep_dep")
def sweep_dep() -> None:
    """Tokens that were uploaded, servers that are due, syncs that nobody works at, profiles to assign."""
    for sync_id in syncs_to_work_off():
        work_off_dep_sync.apply_async((str(sync_id),), expires=SWEEP_SECONDS)
    for server_id in servers_to_assign():
        assign_dep_profiles.apply_async((str(server_id),), expires=SWEEP_SECONDS)


@app.task(name="onboarding.work_off_dep_sync", time_limit=6 * 3600, soft_time_limit=6 * 3600 - 60)
def work_off_dep_sync(sync_id: str) -> None:
    """There may be hundreds of thousands of devices: longer than other tasks may take."""
    work_off(uuid.UUID(sync_id))


@app.task(name="onboarding.assign_dep_profiles", time_limit=6 * 3600, soft_time_limit=6 * 3600 - 60)
def assign_dep_profiles(server_id: str) -> None:
    """Those of devices that Apple put off, and what changed between two readings."""
    assign_due(uuid.UUID(server_id))


@app.task(name="onboarding.prune_dep_syncs")
def prune_dep_syncs() -> None:
    prune_syncs()
