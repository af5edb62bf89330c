"""Asking for converges: of one device, with a refusal in words, or of many at once."""

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from commands.models import Converge
from commands.nudges import nudge_converges
from commands.schedules.plan import read_schedule
from commands.services.converges.goals import Goal, goal_of, goals_of
from commands.services.converges.windows import next_window, waiting_words
from config.api.errors import BadRequest
from devices.models import Device
from devices.services.devices import note_converges
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant

SLICE = 1000
BEHIND = "It begins when the one before it on this device has ended."


@transaction.atomic
def create_converge(
    *,
    tenant: Tenant,
    actor: Actor,
    device: Device,
    provision: bool,
    cause: str = Converge.Cause.CALLER,
    schedule_type: str = Converge.Schedule.IMMEDIATE,
    schedule_args: dict[str, Any] | None = None,
    time_zone: str = "",
    reapply: bool = False,
) -> Converge:
    """Queued behind the device's others. BadRequest if the device cannot converge.

    `schedule_args` are as `stored_arguments` makes them. `time_zone` is the caller's, in which a window in console time
    is meant; blank is the tenant's.
    """
    if device.tenant_id != tenant.pk:
        raise BadRequest(f"invalid device id: {device.pk}", content={"invalid_device_ids": [str(device.pk)]})
    goal = goal_of(device)
    if goal.refusal:
        raise BadRequest(goal.refusal, content={"device_id": [goal.refusal]})
    converge = _new(goal, actor=actor, provision=provision, cause=cause, reapply=reapply)
    converge.schedule_type, converge.schedule_args = schedule_type, schedule_args or {}
    converge.time_zone = time_zone or tenant.time_zone
    if schedule_type == Converge.Schedule.WINDOW:
        _place_in_window(converge, tenant)
    converge.reason = converge.reason or _queue_words([device.pk]).get(device.pk, "")
    converge.save(force_insert=True)
    note_converges([device.pk], Device.ConvergeStatus.OPEN)
    details = {"device": str(device.pk), "schedule": schedule_type, "provision": provision}
    audit.record(actor=actor, action="converge.created", subject=converge, details=details)
    nudge_converges()
    return converge


@transaction.atomic
def create_converges(
    *,
    tenant: Tenant,
    actor: Actor,
    device_ids: Collection[uuid.UUID],
    provision: bool,
    cause: str = Converge.Cause.CALLER,
    reapply: bool = False,
) -> list[uuid.UUID]:
    """At once, for those of the tenant's devices that can converge; the others are left out. Which devices they are."""
    ids, able = sorted(set(device_ids)), list[uuid.UUID]()
    for begin in range(0, len(ids), SLICE):
        found = goals_of(ids[begin : begin + SLICE]).values()
        mine = [each for each in found if each.device.tenant_id == tenant.pk and not each.refusal]
        _insert(mine, tenant, actor=actor, provision=provision, cause=cause, reapply=reapply)
        able += [each.device.pk for each in mine]
    if able:
        nudge_converges()
    return able


def _insert(mine: Iterable[Goal], tenant: Tenant, **told: Any) -> None:
    rows = [_new(goal, **told) for goal in mine]
    behind = _queue_words([row.device_id for row in rows])
    for row in rows:
        row.time_zone, row.reason = tenant.time_zone, behind.get(row.device_id, "")
    Converge.objects.bulk_create(rows)
    note_converges([row.device_id for row in rows], Device.ConvergeStatus.OPEN)


def _new(goal: Goal, *, actor: Actor, provision: bool, cause: str, reapply: bool) -> Converge:
    now = timezone.now()
    return Converge(
        tenant_id=goal.device.tenant_id,
        device=goal.device,
        blueprint=goal.blueprint,
        blueprint_version_id=goal.version_id,
        converge_with_provision_option=provision,
        reapply=reapply,
        cause=cause,
        created_by=actor.name,
        created_at=now,
        not_before=now,
    )


def _queue_words(device_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """For devices that have one already which has begun, or is to begin now."""
    due = Converge.objects.filter(status__in=Converge.OPEN, not_before__lte=timezone.now())
    busy = due.filter(device_id__in=device_ids).values_list("device_id", flat=True)
    return dict.fromkeys(busy, BEHIND)


def _place_in_window(converge: Converge, tenant: Tenant) -> None:
    """The next window, in the zone that its times are meant in."""
    plan = read_schedule(converge.schedule_type, converge.schedule_args)
    if plan.in_device_time:
        converge.time_zone = converge.device.time_zone or tenant.time_zone
    slot = next_window(converge)
    if slot is None:
        told = (
            "no window falls between start_datetime (or now) and end_datetime in the time zone "
            f"{converge.time_zone}; send other window times, or a later end_datetime."
        )
        raise BadRequest(f"schedule_args: {told}", content={"schedule_args": [told]})
    converge.not_before, converge.closes_at = max(slot.opens_at, converge.created_at), slot.closes_at
    converge.reason = waiting_words(slot.opens_at, converge.time_zone)
