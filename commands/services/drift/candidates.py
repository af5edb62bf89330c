"""Which devices can be compared with their blueprints, which must be anew, and which are to tell what they have."""

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

from django.db import connection

from commands.models.status import DELIVERABLE
from devices.models import Device, DeviceState, Platform

SETTLED = dt.timedelta(seconds=10)  # what was written at a moment is committed, and so seen, by then

DEVICES_SQL = """
FROM devices_device d
LEFT JOIN devices_devicegroup g ON g.id = d.group_id
LEFT JOIN devices_blueprint b ON b.id = coalesce(d.assigned_blueprint_id, g.effective_blueprint_id)
LEFT JOIN devices_deviceinventory i ON i.device_id = d.id
"""
HAS_BLUEPRINT = """(b.published_version_id IS NOT NULL
    AND d.platform = %(apple)s AND d.os <> %(macos)s AND d.state = %(active)s)"""
HAS_TOLD = "(i.information_at IS NOT NULL AND i.profiles_at IS NOT NULL AND i.apps_at IS NOT NULL)"
DUE_SQL = f"""
WITH due AS MATERIALIZED (
    SELECT d.id, CASE WHEN {HAS_BLUEPRINT} AND {HAS_TOLD} THEN b.published_version_id END AS version
    {DEVICES_SQL} LEFT JOIN devices_driftreport r ON r.device_id = d.id
    WHERE CASE WHEN {HAS_BLUEPRINT} AND {HAS_TOLD}
        THEN d.converge_status <> %(open)s AND (r.device_id IS NULL OR r.blueprint_version_id <> b.published_version_id
            OR r.checked_at < %(settled)s
                + greatest(d.updated_at, i.information_at, i.profiles_at, i.apps_at, i.changed_at))
        ELSE r.device_id IS NOT NULL END
"""
ALL_SQL = DUE_SQL + ") SELECT id, version FROM due LIMIT %(most)s"
THESE_SQL = DUE_SQL + "AND d.id = ANY(%(devices)s)) SELECT id, version FROM due"
WANTED_SQL = f"""
SELECT d.id, CASE WHEN {HAS_BLUEPRINT} AND {HAS_TOLD} THEN b.published_version_id END
{DEVICES_SQL} WHERE d.id = ANY(%(devices)s)
"""
SILENT_SQL = f"""
SELECT d.tenant_id, d.id {DEVICES_SQL}
WHERE {HAS_BLUEPRINT} AND (i.asked_at IS NULL OR i.asked_at < %(before)s)
    AND ({HAS_TOLD} AND least(i.information_at, i.profiles_at, i.apps_at) >= %(before)s) IS NOT TRUE
    AND NOT EXISTS (SELECT 1 FROM commands_commandstatus s JOIN commands_commandrequest q ON q.id = s.request_id
        WHERE s.device_id = d.id AND s.state = ANY(%(waiting)s) AND q.command = %(command)s)
ORDER BY i.asked_at NULLS FIRST, d.id LIMIT %(most)s
"""
COMMAND = "DEVICE_INFORMATION"

Wanted = dict[uuid.UUID, uuid.UUID | None]  # by device: the version to compare with; None if it cannot be compared


def due_devices(most: int) -> Wanted:
    """Whose report is missing, older than what is known of them, of another version, or of no use; in no order."""
    return dict(_rows(ALL_SQL, most=most))


def due_among(devices: Collection[uuid.UUID]) -> Wanted:
    return dict(_rows(THESE_SQL, devices=list(devices)))


def wanted_versions(devices: Collection[uuid.UUID]) -> Wanted:
    return dict(_rows(WANTED_SQL, devices=list(devices)))


def silent_devices(most: int, *, before: dt.datetime) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Tenant and device: those with a blueprint that have not told all they have since then, nor were asked."""
    waiting = [state.value for state in DELIVERABLE]
    return _rows(SILENT_SQL, most=most, before=before, waiting=waiting, command=COMMAND)


def _rows(statement: str, **params: Any) -> list[Any]:
    common: dict[str, Any] = {
        "apple": Platform.APPLE,
        "macos": Device.Os.MACOS,
        "active": DeviceState.ACTIVE,
        "open": Device.ConvergeStatus.OPEN,
        "settled": SETTLED,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, {**common, **params})
        return list(cursor.fetchall())
