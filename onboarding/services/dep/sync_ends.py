"""How a sync ends: what came of its servers, and of the devices that are to have a profile."""

import datetime as dt

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from onboarding.models import DepDevice, DepServer, DepSync, DepSyncFailure
from onboarding.services.dep import claims
from onboarding.services.dep.assigning import failed_devices
from onboarding.services.dep.servers import is_due

log = structlog.get_logger(__name__)

Status = DepSync.Status
MOST_FAILURES = 1000  # that are kept of one sync
NO_SERVER = "The tenant has no DEP token any more."


@transaction.atomic
def end_sync(sync: DepSync) -> bool:
    """Whether it has: not while a server is still due, or another worker has one of its."""
    row = DepSync.objects.select_for_update(no_key=True).filter(pk=sync.pk, status=Status.INPROGRESS).first()
    if row is None or DepServer.objects.filter(is_due(), tenant=row.tenant_id).exists():
        return False
    servers = DepServer.objects.filter(sync=row)
    if servers.exclude(claims.is_free()).exists():
        return False
    failed = _note_failures(row, servers)
    row.status, row.failure_reason = _outcome(servers, failed)
    row.assigned = _count_assigned(row, servers)
    row.ended_at = timezone.now()
    row.save(update_fields=["status", "failure_reason", "assigned", "ended_at", "updated_at"])
    log.info("dep_sync_ended", sync=str(row.pk), tenant=str(row.tenant_id), status=row.status, failed=failed)
    return True


def _outcome(servers: QuerySet[DepServer], failed: int) -> tuple[Status, str]:
    reasons = [f"{server}: {server.trouble or server.problem}" for server in servers.exclude(problem="", trouble="")]
    if not servers.exists():
        reasons = [NO_SERVER]
    status = Status.FAILURE if reasons else Status.COMPLETE if failed else Status.SUCCESS
    if failed > MOST_FAILURES:
        reasons.append(f"{failed:,} devices failed; {MOST_FAILURES:,} of them are listed.")
    return status, "\n".join(reasons)


def prune_syncs() -> int:
    """Those that ended longer ago than they are kept. How many."""
    before = timezone.now() - dt.timedelta(days=settings.DEP_SYNC_RETENTION_DAYS)
    return DepSync.objects.filter(ended_at__lt=before).delete()[1].get("onboarding.DepSync", 0)


def _count_assigned(sync: DepSync, servers: QuerySet[DepServer]) -> int:
    """Devices that were given a profile since it began."""
    since = sync.started_at or sync.created_at
    rows = DepDevice.objects.filter(server__in=servers, removed_at__isnull=True, assign_tried_at__gte=since)
    return rows.filter(assign_result=DepDevice.Result.SUCCESS).count()


def _note_failures(sync: DepSync, servers: QuerySet[DepServer]) -> int:
    """How many devices failed: in this sync, or before and still without their profile."""
    noted = sync.failures.count()
    for server in servers:
        failed = failed_devices(server)
        room = max(MOST_FAILURES - noted, 0)
        told = failed.values_list("serial", "assign_reason")[:room]
        rows = [DepSyncFailure(sync=sync, serial=serial, reason=reason) for serial, reason in told]
        DepSyncFailure.objects.bulk_create(rows, ignore_conflicts=True)
        noted += failed.count()
    return noted
