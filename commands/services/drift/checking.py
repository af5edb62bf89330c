"""What differs between devices and the published versions of their blueprints, field by field.

Only what is meant always is compared: what is for provisioning only may have been changed since.
"""

import time
import uuid
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone

from commands.blueprints.plan import Plan
from commands.blueprints.planning import plan_many
from commands.services.drift.candidates import Wanted, due_among, due_devices, wanted_versions
from devices.models import Device, DriftReport
from tenants.sealing import SealError

log = structlog.get_logger(__name__)

SLICE = 200  # devices that are compared together
MOST = 5_000  # of one run
SECONDS = 25  # of one run
LOCK = "commands.drift"
INCOMPARABLE = (LookupError, TypeError, ValueError, SealError)
REPORT_COLUMNS = ["tenant", "blueprint_version", "differences", "count", "checked_at"]


def check_drift(device: Device) -> DriftReport | None:
    """Compared now. None if nothing of its blueprint is published, or the device is not provisioned, or has not told
    what it has, or is of a kind that blueprints do not reach yet."""
    return check_devices([device.pk]).get(device.pk)


def fresh_report(device: Device) -> DriftReport | None:
    """Compared now if anything has changed since it was last."""
    if due := due_among([device.pk]):
        return _check(due).get(device.pk)
    return DriftReport.objects.filter(device=device).select_related("blueprint_version__blueprint").first()


def check_devices(device_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, DriftReport]:
    """The same for many, by device; those without a report are left out."""
    return _check(wanted_versions(device_ids))


def refresh_drift(*, most: int = MOST, seconds: float = SECONDS) -> int:
    """Compares anew where it is due, slice by slice; how many. What another worker has done meanwhile is left out."""
    began, done = time.monotonic(), 0
    due = list(due_devices(most))
    for begin in range(0, len(due), SLICE):
        if time.monotonic() - began > seconds:
            break
        done += _refresh_slice(due[begin : begin + SLICE])
    return done


@transaction.atomic
def _refresh_slice(device_ids: list[uuid.UUID]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
    due = due_among(device_ids)
    _check(due)
    return len(due)


def _check(wanted: Wanted) -> dict[uuid.UUID, DriftReport]:
    now = timezone.now()  # before the facts are read: what changes meanwhile makes it due again
    versions = {device_id: version for device_id, version in wanted.items() if version is not None}
    devices = Device.objects.select_related("tenant").defer("search_text").in_bulk(versions)
    plans = _plans([(device, versions[pk]) for pk, device in devices.items()])
    reports = {
        pk: DriftReport(
            device=devices[pk],
            tenant_id=devices[pk].tenant_id,
            blueprint_version_id=versions[pk],
            checked_at=now,
            **_told(plan),
        )
        for pk, plan in plans.items()
        if not plan.problem
    }
    DriftReport.objects.filter(device__in=[pk for pk in wanted if pk not in reports]).delete()
    DriftReport.objects.bulk_create(
        reports.values(), update_conflicts=True, unique_fields=["device"], update_fields=REPORT_COLUMNS
    )
    return reports


def _plans(pairs: list[tuple[Device, uuid.UUID]]) -> dict[uuid.UUID, Plan]:
    """One that cannot be compared is not at the cost of the others."""
    try:
        return plan_many(pairs, provision=False)
    except INCOMPARABLE:
        if len(pairs) == 1:
            log.exception("drift_not_checked", device=str(pairs[0][0].pk))
            return {}
        return {pk: plan for pair in pairs for pk, plan in _plans([pair]).items()}


def _told(plan: Plan) -> dict[str, Any]:
    """What this kind of device can never have is told, and not counted."""
    return {
        "differences": [asdict(each) for each in plan.differences],
        "count": sum(each.is_drift for each in plan.differences),
    }
