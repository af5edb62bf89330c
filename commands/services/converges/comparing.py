"""Devices against the versions that they converge to: many at once, and none at the cost of the others."""

import uuid
from collections import defaultdict
from collections.abc import Sequence

import structlog

from commands.blueprints.plan import Plan
from commands.blueprints.planning import plan_for, plan_many
from commands.models import Converge
from devices.models import BlueprintVersion, Device
from tenants.sealing import SealError

log = structlog.get_logger(__name__)

BROKEN = Plan(problem="The server could not compare the device with its blueprint; its log says why.")
GONE = Plan(problem="The version of the blueprint was deleted.")
INCOMPARABLE = (LookupError, TypeError, ValueError, SealError)
Pair = tuple[Converge, Device]  # the device with its tenant


def plans_of(pairs: Sequence[Pair]) -> dict[uuid.UUID, Plan]:
    """By converge."""
    kinds: dict[tuple[bool, bool], list[Pair]] = defaultdict(list)
    for converge, device in pairs:
        kinds[converge.converge_with_provision_option, converge.reapply].append((converge, device))
    found: dict[uuid.UUID, Plan] = {}
    for (provision, reapply), group in kinds.items():
        found |= _plans(group, provision=provision, reapply=reapply)
    return found


def _plans(group: Sequence[Pair], *, provision: bool, reapply: bool) -> dict[uuid.UUID, Plan]:
    wanted = [(device, converge.blueprint_version_id) for converge, device in group if converge.blueprint_version_id]
    try:
        plans = plan_many(wanted, provision=provision, reapply=reapply)
    except INCOMPARABLE:
        return {converge.pk: _plan_alone(converge, device) for converge, device in group}
    return {converge.pk: plans[device.pk] for converge, device in group}


def _plan_alone(converge: Converge, device: Device) -> Plan:
    provision, reapply = converge.converge_with_provision_option, converge.reapply
    try:
        version = BlueprintVersion.objects.get(pk=converge.blueprint_version_id or uuid.UUID(int=0))
        return plan_for(device, version, provision=provision, reapply=reapply)
    except BlueprintVersion.DoesNotExist:
        return GONE
    except INCOMPARABLE:
        log.exception("converge_not_planned", converge=str(converge.pk))
        return BROKEN
