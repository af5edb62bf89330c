"""Reads about how devices stand to their blueprints. Tenant first, always."""

import uuid
from dataclasses import dataclass

from django.db import connection
from django.db.models import Case, Count, F, Q, QuerySet, When
from django.db.models.functions import Coalesce

from devices.models import Device, DeviceState, DriftReport
from devices.standings import UpgradeStatus, status_of
from tenants.models import Tenant

MOST = 20
SETTINGS_SQL = """
SELECT told->>'setting', count(DISTINCT report.device_id) AS devices
FROM devices_driftreport report CROSS JOIN jsonb_array_elements(report.differences) told
WHERE report.tenant_id = %s AND report.count > 0 AND (told->>'reason' = '' OR (told->>'refused')::boolean)
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s
"""


@dataclass(frozen=True)
class FleetDrift:
    by_status: dict[UpgradeStatus, int]  # of all devices that are not removed
    most: list[DriftReport]  # with their devices, those with the most differences first
    settings: list[tuple[str, int]]  # the settings that differ on most devices, and on how many


def drift_of_fleet(tenant: Tenant, *, most: int = MOST) -> FleetDrift:
    """Three queries."""
    drifted = drifted_devices(tenant)
    return FleetDrift(upgrade_statuses(tenant), list(drifted[:most]), drifting_settings(tenant, most=most))


def drifted_devices(tenant: Tenant) -> QuerySet[DriftReport]:
    """Those with the most differences first."""
    rows = DriftReport.objects.filter(tenant=tenant, count__gt=0).order_by("-count", "device_id")
    return rows.select_related("device", "blueprint_version__blueprint").defer("device__search_text")


def drifting_settings(tenant: Tenant, *, most: int = MOST) -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS_SQL, [tenant.pk, most])
        return list(cursor.fetchall())


def upgrade_statuses(tenant: Tenant, *, blueprint_id: uuid.UUID | None = None) -> dict[UpgradeStatus, int]:
    """How many devices are in each, removed ones left out; `blueprint_id`: of those that have this one."""
    rows = Device.objects.filter(tenant=tenant).exclude(state=DeviceState.DISABLED).order_by()
    rows = rows.annotate(
        goal=Coalesce("assigned_blueprint_id", "group__effective_blueprint_id"),
        version=Case(
            When(assigned_blueprint__isnull=False, then=F("assigned_blueprint__published_version_id")),
            default=F("group__effective_blueprint__published_version_id"),
        ),
    )
    if blueprint_id is not None:
        rows = rows.filter(goal=blueprint_id)
    facts = rows.annotate(
        has_goal=Q(goal__isnull=False),
        has_version=Q(version__isnull=False),
        is_current=Coalesce(Q(version=F("current_blueprint_version_id")), False),
        has_drifted=Coalesce(Q(drift__count__gt=0, drift__blueprint_version=F("current_blueprint_version_id")), False),
    )
    names = ("platform", "state", "converge_status", "has_goal", "has_version", "is_current", "has_drifted")
    totals = dict.fromkeys(UpgradeStatus, 0)
    for *told, count in facts.values_list(*names).annotate(total=Count("*")):
        totals[status_of(**dict(zip(names, told, strict=True)))] += count
    return totals
