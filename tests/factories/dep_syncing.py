"""Syncs as beat and a worker do them; what comes of them; and pages of a list without Apple."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from devices.models import Device
from onboarding.clients.dep_answers import Listed, Page
from onboarding.models import DepServer, DepSync
from onboarding.services.dep.syncing import syncs_to_work_off, work_off
from tenants.models import Tenant

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
REGISTERED, DISABLED, ACTIVE = 200, 20, 1  # states of devices
TEXTS = ("model", "description", "color", "asset_tag", "device_family", "os", "device_assigned_by")
TIMES = ("device_assigned_at", "profile_assigned_at", "profile_pushed_at", "op_at")


def sync(tenant: Tenant) -> DepSync:
    """Of all of the tenant's servers, now; the sync afterwards."""
    DepServer.objects.filter(tenant=tenant).update(sync_due_at=timezone.now())
    for sync_id in syncs_to_work_off():
        work_off(sync_id)
    return DepSync.objects.filter(tenant=tenant).latest("created_at")


def sync_of(server: DepServer) -> DepSync:
    """Likewise; the server is as it is afterwards."""
    done = sync(server.tenant)
    server.refresh_from_db()
    return done


def counts(done: DepSync) -> tuple[str, int, int, int]:
    return done.status, done.added, done.modified, done.deleted


def failures(done: DepSync) -> dict[str, str]:
    return dict(done.failures.values_list("serial", "reason"))


def serials(**of: Any) -> set[str]:
    """Of devices of whatever tenant that have these fields."""
    return set(Device.objects.filter(**of).values_list("serial", flat=True))


def listed(serial: str, **told: Any) -> Listed:
    """As an entry of a page is read."""
    blank = dict.fromkeys((*TEXTS, "profile_status", "profile_uuid", "op_type"), "")
    return Listed(**{**blank, **dict.fromkeys(TIMES), "serial": serial, **told})


class Pages:
    """Stands for Apple: pages of changes, and what happens while each is on its way."""

    def __init__(self, *pages: tuple[Callable[[], object], list[Listed]]) -> None:
        self._pages = list(pages)

    def sync(self, cursor: str, limit: int) -> Page:
        meanwhile, devices = self._pages.pop(0)
        meanwhile()
        return Page(devices, f"{cursor}+", bool(self._pages), None)

    fetch = sync
