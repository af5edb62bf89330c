"""From one request to a row per device: set-based, in slices, safe to be killed anywhere and run again."""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from commands.catalogue import CATALOGUE, Command
from commands.models import CommandRequest, CommandStatus
from commands.models.status import State
from devices.models import DeviceGroup, DeviceState, Platform
from devices.selectors import online_since, with_subgroups

FIRST_ID = uuid.UUID(int=0)
SUPERVISED_ONLY = "The command needs a supervised device."
DISABLED = "The device is disabled: it was reset or removed."

# One slice: the next devices by id, a row for each, refused ones closed at once.
SLICE_SQL = """
WITH target AS MATERIALIZED (
    SELECT d.id, CASE
        WHEN d.state = %(disabled)s THEN %(disabled_reason)s
        WHEN d.platform = 'APPLE' THEN CASE
            WHEN %(apple_refusal)s <> '' THEN %(apple_refusal)s
            WHEN %(supervised_only)s AND d.is_supervised IS FALSE THEN %(supervised_reason)s
            ELSE '' END
        ELSE %(android_refusal)s END AS refusal
    FROM devices_device d
    WHERE d.tenant_id = %(tenant)s AND d.id > %(cursor)s AND ({targets}) AND ({presence})
    ORDER BY d.id LIMIT %(slice)s
), inserted AS (
    INSERT INTO commands_commandstatus
        (id, tenant_id, request_id, device_id, occurrence, state, reason, not_before, attempts, created_at, updated_at)
    SELECT gen_random_uuid(), %(tenant)s, %(request)s, id, 0,
        CASE WHEN refusal = '' THEN %(queued)s ELSE %(failure)s END, refusal, %(created_at)s, 0, %(created_at)s, %(now)s
    FROM target
    ON CONFLICT (request_id, device_id, occurrence) DO NOTHING
    RETURNING device_id, state
)
SELECT (SELECT count(*) FROM target),
    (SELECT id FROM target ORDER BY id DESC LIMIT 1),
    (SELECT coalesce(array_agg(device_id), '{{}}') FROM inserted WHERE state = %(queued)s)
"""
NAMED = "d.id = ANY(%(devices)s)"
GROUPED = "d.group_id = ANY(%(groups)s) AND d.state <> %(disabled)s"
SEEN = """EXISTS (SELECT 1 FROM devices_heartbeat h WHERE h.device_id = d.id AND h.last_seen >= CASE d.platform
    WHEN 'APPLE' THEN %(apple_online)s ELSE %(android_online)s END)
    AND (d.platform = 'APPLE' OR d.state = %(active)s)"""
PRESENCE = {"all": "TRUE", "active": SEEN, "inactive": f"NOT ({SEEN})"}

# Devices that now have something waiting are pushed, unless a push is out that they have not come for yet.
WAKE_SQL = """
UPDATE commands_appleenrolment SET wake_at = %(now)s WHERE id IN (
    SELECT e.id FROM commands_appleenrolment e LEFT JOIN devices_heartbeat h ON h.device_id = e.device_id
    WHERE e.device_id = ANY(%(devices)s) AND e.channel = 'device'
        AND e.enabled_at IS NOT NULL AND e.push_token_dead_at IS NULL
        AND (e.wake_at IS NULL OR e.wake_at > %(now)s AND h.last_seen > e.pushed_at)
    ORDER BY e.id FOR NO KEY UPDATE OF e
)
"""


def fan_out(request_id: uuid.UUID) -> None:
    """Makes the rows that are missing. Quietly done if the request is gone or has them all."""
    at_once = CommandRequest.objects.filter(schedule=CommandRequest.Schedule.IMMEDIATE)
    request = at_once.filter(pk=request_id, fanned_out_at__isnull=True).first()
    if request is None:
        return
    query = _query(request)
    more = True
    while more:
        more = _fan_out_slice(request, query)


def _query(request: CommandRequest) -> tuple[str, dict[str, Any]]:
    command = CATALOGUE[request.command]
    targets = [clause for clause, ids in ((NAMED, request.devices), (GROUPED, request.groups)) if ids]
    sql = SLICE_SQL.format(targets=" OR ".join(targets), presence=PRESENCE[request.device_type])
    return sql, {
        "tenant": request.tenant_id,
        "request": request.pk,
        "devices": request.devices,
        "groups": _with_subgroups(request),
        "created_at": request.created_at,
        "slice": settings.FAN_OUT_SLICE,
        "queued": State.QUEUED,
        "failure": State.FAILURE,
        "active": DeviceState.ACTIVE,
        "disabled": DeviceState.DISABLED,
        "disabled_reason": DISABLED,
        "supervised_reason": SUPERVISED_ONLY,
        **_refusals(command),
        **_online(request.created_at),
    }


def _with_subgroups(request: CommandRequest) -> list[uuid.UUID]:
    if not request.groups:
        return []
    tree = with_subgroups(request.tenant, request.groups)
    return list(DeviceGroup.objects.filter(pk__in=tree).values_list("pk", flat=True))


def _refusals(command: Command) -> dict[str, Any]:
    return {
        "apple_refusal": command.refusal(Platform.APPLE),
        "android_refusal": command.refusal(Platform.ANDROID),
        "supervised_only": command.apple_needs.supervised,
    }


def _online(moment: dt.datetime) -> dict[str, Any]:
    return {
        "apple_online": online_since(Platform.APPLE, moment),
        "android_online": online_since(Platform.ANDROID, moment),
    }


@transaction.atomic
def _fan_out_slice(request: CommandRequest, query: tuple[str, dict[str, Any]]) -> bool:
    """One slice and the cursor after it, in one short transaction; False when it was the last."""
    row = CommandRequest.objects.select_for_update().filter(pk=request.pk, fanned_out_at__isnull=True).first()
    if row is None:  # another worker was faster
        return False
    sql, params = query
    with connection.cursor() as cursor:
        cursor.execute(sql, {**params, "cursor": row.fan_out_cursor or FIRST_ID, "now": timezone.now()})
        found, last_id, queued = cursor.fetchone()
        if queued:
            cursor.execute(WAKE_SQL, {"devices": queued, "now": timezone.now()})
    if queued:
        CATALOGUE[request.command].on_queued(queued)
    if found == settings.FAN_OUT_SLICE:
        row.fan_out_cursor = last_id
        row.save(update_fields=["fan_out_cursor"])
        return True
    row.fanned_out_at = timezone.now()
    row.reason = _reason(request.pk)
    row.save(update_fields=["fanned_out_at", "reason"])
    return False


def _reason(request_id: uuid.UUID) -> str:
    """How the fan-out went, for the request's `reason`."""
    refused = Q(state=State.FAILURE, sent_at__isnull=True)
    counts = CommandStatus.objects.filter(request_id=request_id).aggregate(
        total=Count("pk"), refused=Count("pk", filter=refused)
    )
    if not counts["total"]:
        return "No device matches."
    if not counts["refused"]:
        return ""
    first = CommandStatus.objects.filter(refused, request_id=request_id).values_list("reason", flat=True)[0]
    return f"{counts['refused']} of {counts['total']} devices cannot be given the command: {first}"
