"""Which devices a request is for, which of them cannot be given its command and why, and a row for each: set-based."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from commands.catalogue import CATALOGUE
from commands.models import CommandRequest, ScheduleSlot
from commands.models.status import State
from commands.services.refusals import REFUSAL, refusal_params
from devices.models import DeviceGroup, DeviceState, Platform
from devices.selectors import online_since, with_subgroups

FIRST_ID = uuid.UUID(int=0)
DONE_EARLIER = "The command has succeeded in an earlier window."

# One slice: the next devices by id, a row for each, refused ones closed at once. Of a recurring request a device that
# is through with it gets no further row, and one that cannot be given the command is told so only once.
SLICE_SQL = """
WITH target AS MATERIALIZED (
    SELECT d.id, {over} AS over, {refusal} AS refusal
    FROM devices_device d
    WHERE d.tenant_id = %(tenant)s AND d.id > %(cursor)s AND ({targets}) AND ({presence}) AND ({zone})
    ORDER BY d.id LIMIT %(slice)s
), made AS (
    INSERT INTO commands_commandstatus (id, tenant_id, request_id, device_id, slot_id, occurrence, state, reason,
        not_before, closes_at, attempts, created_at, updated_at)
    SELECT gen_random_uuid(), %(tenant)s, %(request)s, id, %(slot)s, %(occurrence)s,
        CASE WHEN refusal = '' THEN %(state)s ELSE %(failure)s END,
        CASE WHEN refusal = '' THEN %(reason)s ELSE refusal END,
        %(not_before)s, %(closes_at)s, 0, %(created_at)s, %(now)s
    FROM target WHERE NOT over AND (refusal = '' OR NOT {known})
    ON CONFLICT (request_id, device_id, occurrence) {conflict}
    RETURNING device_id, state
), ended AS (
    UPDATE commands_commandstatus SET state = %(cancelled)s, reason = %(over_reason)s, updated_at = %(now)s
    WHERE request_id = %(request)s AND device_id IN (SELECT id FROM target WHERE over) AND state = %(scheduled)s
)
SELECT (SELECT count(*) FROM target),
    (SELECT id FROM target ORDER BY id DESC LIMIT 1),
    (SELECT coalesce(array_agg(device_id), '{{}}') FROM made WHERE state = %(queued)s)
"""
NAMED = "d.id = ANY(%(devices)s)"
GROUPED = "d.group_id = ANY(%(groups)s) AND d.state <> %(disabled)s"
SEEN = """EXISTS (SELECT 1 FROM devices_heartbeat h WHERE h.device_id = d.id AND h.last_seen >= CASE d.platform
    WHEN 'APPLE' THEN %(apple_online)s ELSE %(android_online)s END)
    AND (d.platform = 'APPLE' OR d.state = %(active)s)"""
PRESENCE = {"all": "TRUE", "active": SEEN, "inactive": f"NOT ({SEEN})"}
DEVICE_ZONE = "coalesce(nullif(d.time_zone, ''), %(tenant_zone)s)"
OVER = """EXISTS (SELECT 1 FROM commands_commandstatus s WHERE s.request_id = %(request)s AND s.device_id = d.id
    AND (s.ends_recurrence OR %(once)s AND s.state = %(success)s))"""
KNOWN = """EXISTS (SELECT 1 FROM commands_commandstatus s
    WHERE s.request_id = %(request)s AND s.device_id = target.id)"""
LEAVE = "DO NOTHING"
QUEUE = """DO UPDATE SET state = EXCLUDED.state, reason = '', slot_id = EXCLUDED.slot_id, updated_at = %(now)s,
    not_before = EXCLUDED.not_before, closes_at = EXCLUDED.closes_at
    WHERE commands_commandstatus.state = %(scheduled)s AND EXCLUDED.state = %(queued)s"""


@dataclass(frozen=True)
class Slice:
    """What became of the next devices. `last_id` is None after the last slice."""

    last_id: uuid.UUID | None
    ready: list[uuid.UUID]  # devices that have something to come for


def queue_slice(request: CommandRequest, *, after: uuid.UUID | None) -> Slice:
    """The next rows of an immediate request. `after`: the last device of the slice before."""
    sql = SLICE_SQL.format(
        refusal=REFUSAL,
        over="FALSE",
        targets=_targets(request),
        presence=PRESENCE[request.device_type],
        zone="TRUE",
        known="FALSE",
        conflict=LEAVE,
    )
    moments = {"not_before": request.created_at, "created_at": request.created_at, "closes_at": None}
    row = {"slot": None, "occurrence": 0, "state": State.QUEUED, "reason": ""}
    return _slice(sql, request, after, {**row, **moments, **_online(request.created_at)})


def announce_slice(slot: ScheduleSlot) -> Slice:
    """The next devices that the window is for as things stand, each with a row in Command Scheduled."""
    return _slot_slice(slot, presence="TRUE", conflict=LEAVE, state=State.SCHEDULED)


def open_slice(slot: ScheduleSlot) -> Slice:
    """The next devices that the window is for now that it opens; their rows are queued."""
    return _slot_slice(slot, presence=PRESENCE[slot.request.device_type], conflict=QUEUE, state=State.QUEUED)


def _slot_slice(slot: ScheduleSlot, *, presence: str, conflict: str, state: State) -> Slice:
    request, recurs = slot.request, slot.request.schedule == CommandRequest.Schedule.RECURRING
    in_zone = f"{DEVICE_ZONE} = %(zone)s" if request.schedule_args.get("time_type") == "device" else "TRUE"
    sql = SLICE_SQL.format(
        refusal=REFUSAL,
        over=OVER if recurs else "FALSE",
        targets=_targets(request),
        presence=presence,
        zone=in_zone,
        known=KNOWN if recurs else "FALSE",
        conflict=conflict,
    )
    row = {
        "slot": slot.pk,
        "occurrence": slot.number if recurs else 0,
        "state": state,
        "reason": f"Command scheduled by {request.created_by}" if state is State.SCHEDULED else "",
        "not_before": slot.opens_at,
        "closes_at": slot.closes_at,
        "created_at": timezone.now(),
    }
    where = {"zone": slot.zone, "tenant_zone": request.tenant.time_zone, **_online(slot.opened_at or slot.opens_at)}
    return _slice(sql, request, slot.cursor, {**row, **where})


def _slice(sql: str, request: CommandRequest, after: uuid.UUID | None, params: Mapping[str, Any]) -> Slice:
    with connection.cursor() as cursor:
        cursor.execute(sql, {**_common(request), **params, "cursor": after or FIRST_ID})
        found, last_id, queued = cursor.fetchone()
    ready = CATALOGUE[request.command].on_queued(request, queued) if queued else []
    return Slice(last_id if found == settings.FAN_OUT_SLICE else None, ready)


def _common(request: CommandRequest) -> dict[str, Any]:
    return {
        **_members(request),
        "request": request.pk,
        "now": timezone.now(),
        "slice": settings.FAN_OUT_SLICE,
        "once": settings.RECURRING_STOPS_AFTER_SUCCESS,
        "over_reason": DONE_EARLIER,
        **{state.name.lower(): state.value for state in State},
        **refusal_params(
            CATALOGUE[request.command],
            refusal=request.refusal,
            is_scheduled=request.schedule != CommandRequest.Schedule.IMMEDIATE,
        ),
    }


def _members(request: CommandRequest) -> dict[str, Any]:
    """Parameters of NAMED, GROUPED and PRESENCE."""
    return {
        "tenant": request.tenant_id,
        "devices": request.devices,
        "groups": _with_subgroups(request),
        "active": DeviceState.ACTIVE,
        "disabled": DeviceState.DISABLED,
    }


def _targets(request: CommandRequest) -> str:
    return " OR ".join(clause for clause, ids in ((NAMED, request.devices), (GROUPED, request.groups)) if ids)


def _with_subgroups(request: CommandRequest) -> list[uuid.UUID]:
    if not request.groups:
        return []
    tree = with_subgroups(request.tenant, request.groups)
    return list(DeviceGroup.objects.filter(pk__in=tree).values_list("pk", flat=True))


def _online(moment: dt.datetime) -> dict[str, Any]:
    return {
        "apple_online": online_since(Platform.APPLE, moment),
        "android_online": online_since(Platform.ANDROID, moment),
    }


def zones_of_targets(request: CommandRequest) -> list[str]:
    """The time zones in which a request's devices are; those that report none are in their tenant's."""
    sql = (
        f"SELECT DISTINCT {DEVICE_ZONE} FROM devices_device d WHERE d.tenant_id = %(tenant)s AND ({_targets(request)})"
    )
    params = {**_members(request), "tenant_zone": request.tenant.time_zone}
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [row[0] for row in cursor.fetchall()]


def count_targets(request: CommandRequest) -> int:
    """How many devices a request is for as things stand; it need not be saved."""
    sql = (
        f"SELECT count(*) FROM devices_device d WHERE d.tenant_id = %(tenant)s AND ({_targets(request)}) "
        f"AND ({PRESENCE[request.device_type]})"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {**_members(request), **_online(timezone.now())})
        return int(cursor.fetchone()[0])
