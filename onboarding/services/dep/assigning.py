"""Giving devices their profiles at Apple: what is wanted, what Apple has, and what became of each device.

The rows say what is to be done; a worker may be killed anywhere, and asks Apple again for what it did not store.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Case, F, Min, Q, QuerySet, Value, When
from django.utils import timezone

from devices.models import Device
from onboarding.clients.apple_dep import MAX_DEVICES, DepService
from onboarding.clients.dep_answers import Assigned
from onboarding.clients.dep_errors import DepError, Kind
from onboarding.models import DepDevice, DepProfile, DepProfileDefinition, DepServer
from onboarding.services.dep import claims
from onboarding.services.dep.access import BLOCKING, TokenChanged, at_apple
from onboarding.services.dep.definitions import ProfileGone, defined, forget
from onboarding.services.dep.device_rows import lock_devices
from onboarding.services.dep.profiles import default_profile

log = structlog.get_logger(__name__)

Result = DepDevice.Result
RETRY = dt.timedelta(minutes=5)  # after trouble at Apple's or on the way
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(hours=1), dt.timedelta(hours=24)  # of a device that Apple gives no profile
THROTTLED_WAIT, LEAST_WAIT = dt.timedelta(minutes=10), dt.timedelta(minutes=1)
GONE = ("empty", "removed")  # Apple's words for a device without a profile
REASONS = {
    Result.NOT_ACCESSIBLE: "Apple: this MDM server has no access to the device.",
    Result.FAILED: "Apple could not assign the profile.",
    Result.THROTTLED: "Apple asks to wait before the device is given a profile again.",
}


SPLITS = 32  # of batches that Apple refuses as a whole, in a run


@dataclass
class _Run:
    """Of one profile's devices. `is_common`: the profile is also for devices that have none of their own."""

    server: DepServer
    service: DepService
    profile: DepProfile
    definition: DepProfileDefinition
    is_common: bool
    began: dt.datetime
    splits: int = SPLITS


def servers_to_assign() -> list[uuid.UUID]:
    due = DepServer.objects.filter(claims.is_free(), assign_due_at__lte=timezone.now())
    return list(due.order_by("assign_due_at").values_list("pk", flat=True)[:100])


def assign_due(server_id: uuid.UUID) -> int:
    """How many devices were given a profile; none if it is not due or somebody else has the server."""
    server = claims.claim(server_id, Q(assign_due_at__lte=timezone.now()))
    if server is None:
        return 0
    try:
        with at_apple(server) as service:
            assigned = assign_profiles(server, service)
    except TokenChanged:
        claims.release(server, assign_due_at=timezone.now())
    except DepError as error:
        put_off(server, error)
    except claims.LostClaim:
        return 0
    else:
        claims.release(server)
        return assigned
    return 0


def assign_profiles(server: DepServer, service: DepService) -> int:
    """Gives the server's devices what they are to have, as far as Apple lets it; how many got it.

    For whoever holds the claim, which is renewed. Raises DepError and LostClaim; what was done until then is stored.
    """
    began = timezone.now()
    mark = began + claims.LEASE  # due again then, should we be killed
    claims.go_on(server, assign_due_at=mark)
    common, others = _wanted_profiles(server)
    assigned = 0
    for profile in (common, *others):
        try:
            run = _Run(server, service, profile, defined(profile, server, service), profile == common, began)
            assigned += _give(run)
        except ProfileGone:
            continue  # who deletes one makes the server due
    DepServer.objects.filter(pk=server.pk, assign_due_at=mark).update(assign_due_at=next_try(server))
    return assigned


def _give(run: _Run) -> int:
    claims.go_on(run.server)
    assigned = _assign(run) if run.definition.profile_uuid else 0
    if not run.definition.profile_uuid:
        _note_refused(run)
    _note_right(run)
    return assigned


def next_try(server: DepServer) -> dt.datetime | None:
    """When the first of those may be asked for again that Apple gave no profile."""
    found: dt.datetime | None = failed_devices(server).aggregate(first=Min("assign_not_before"))["first"]
    return found


def failed_devices(server: DepServer) -> QuerySet[DepDevice]:
    """Those that did not get their profile when it was last asked for; `assign_reason` says why."""
    live = DepDevice.objects.filter(server=server, removed_at=None)
    return live.exclude(assign_result__in=("", Result.SUCCESS)).order_by("serial")


def _wanted_profiles(server: DepServer) -> tuple[DepProfile, list[DepProfile]]:
    """The server's own or the tenant's default, for all devices; and what single devices have instead."""
    row = DepServer.objects.select_related("profile", "tenant").filter(pk=server.pk).first()
    if row is None:
        raise claims.LostClaim
    common = row.profile or default_profile(row.tenant)
    own = DepProfile.objects.filter(devices__server=server, devices__removed_at=None).exclude(pk=common.pk)
    return common, list(own.distinct().order_by("created_at", "pk"))


def _who_want(run: _Run) -> QuerySet[DepDevice]:
    whose = Q(own_profile=run.profile) | (Q(own_profile=None) if run.is_common else Q())
    return DepDevice.objects.filter(whose, tenant=run.server.tenant_id, server=run.server, removed_at=None)


def _to_assign(run: _Run) -> QuerySet[DepDevice]:
    """Those that may be asked for now: what Apple took for them is another profile, or Apple has said since that they
    have it no more."""
    wanted = run.definition.profile_uuid
    told_since = Q(assign_tried_at=None) | Q(seen_at__gt=F("assign_tried_at"))
    has_it_no_more = ~Q(profile_uuid=wanted) | Q(profile_status__in=GONE)
    may_be = Q(assign_not_before=None) | Q(assign_not_before__lte=run.began)
    return _who_want(run).filter(may_be, ~Q(assigned_uuid=wanted) | (told_since & has_it_no_more))


def _assign(run: _Run) -> int:
    """In batches, by serial."""
    assigned, renewed, last = 0, False, ""
    while batch := list(_to_assign(run).filter(serial__gt=last).order_by("serial")[:MAX_DEVICES]):
        try:
            results = _ask(run, batch)
        except DepError as error:
            if error.kind is not Kind.GONE or renewed:
                raise
            forget(run.definition)
            run.definition, renewed = defined(run.profile, run.server, run.service), True
            if not run.definition.profile_uuid:
                break
            continue
        assigned += _store(run, batch, results)
        last = batch[-1].serial
        claims.go_on(run.server)
    return assigned


def _ask(run: _Run, batch: Sequence[DepDevice]) -> dict[str, Assigned]:
    """By serial. A batch that Apple refuses as a whole is halved, until it is known which device it is about."""
    try:
        return run.service.assign(run.definition.profile_uuid, [row.serial for row in batch])
    except DepError as error:
        if error.kind is not Kind.OURS:
            raise
        log.warning("dep_batch_refused", server=str(run.server.pk), devices=len(batch), code=error.code)
    if len(batch) == 1 or run.splits == 0:
        return {row.serial: Assigned(Result.FAILED, None) for row in batch}
    run.splits -= 1
    claims.go_on(run.server)
    middle = len(batch) // 2
    return _ask(run, batch[:middle]) | _ask(run, batch[middle:])


def _store(run: _Run, batch: Sequence[DepDevice], results: dict[str, Assigned]) -> int:
    """What became of each, on its row and its device; how many have the profile."""
    now = timezone.now()
    told = {serial.upper(): result for serial, result in results.items()}
    groups: dict[tuple[str, dt.datetime | None, str], list[uuid.UUID]] = defaultdict(list)
    for row in batch:
        groups[_outcome(row, told.get(row.serial.upper()), now)].append(row.pk)
    done: list[uuid.UUID] = []
    has_lost_it = Case(When(assigned_uuid=run.definition.profile_uuid, then=Value("")), default=F("assigned_uuid"))
    with transaction.atomic():
        lock_devices([row.device_id for row in batch])
        for (result, not_before, reason), keys in groups.items():
            rows = DepDevice.objects.filter(pk__in=keys, server=run.server)
            if result == Result.SUCCESS:
                done = keys
                _store_success(run, rows, now)
            else:
                tries = {} if result == Result.THROTTLED else {"assign_tries": F("assign_tries") + 1}
                rows.update(
                    assigned_uuid=has_lost_it,
                    assign_result=result,
                    assign_reason=reason,
                    assign_not_before=not_before,
                    assign_tried_at=now,
                    **tries,
                )
    log.info("dep_profiles_assigned", server=str(run.server.pk), asked=len(batch), assigned=len(done))
    return len(done)


def _store_success(run: _Run, rows: QuerySet[DepDevice], now: dt.datetime) -> None:
    """On the devices too: as the next sync would."""
    wanted = run.definition.profile_uuid
    Device.objects.filter(dep_device__in=rows.values("pk")).update(
        dep_profile=run.profile.name,
        dep_profile_status=Device.DepProfileStatus.ASSIGNED,
        dep_profile_assign_time=now,
        dep_profile_push_time=None,
        updated_at=now,
    )
    rows.update(
        assigned_uuid=wanted,
        assign_result=Result.SUCCESS,
        assign_reason="",
        assign_tries=0,
        assign_not_before=None,
        assign_tried_at=now,
        profile_uuid=wanted,  # what Apple will say of it, too
        profile_status="assigned",
        profile_assigned_at=now,
        profile_pushed_at=None,
    )


def _outcome(row: DepDevice, told: Assigned | None, now: dt.datetime) -> tuple[str, dt.datetime | None, str]:
    """What to store, not before when to ask again, and why."""
    if told is None or told.result not in Result.values:
        reason = "Apple said nothing of it." if told is None else f"Apple: {told.result}."
        return Result.FAILED, now + _pause(row), reason
    result = Result(told.result)
    if result is Result.SUCCESS:
        return result, None, ""
    if result is Result.THROTTLED:
        wait = dt.timedelta(seconds=told.retry_after) if told.retry_after is not None else THROTTLED_WAIT
        return result, now + max(wait, LEAST_WAIT), REASONS[result]
    return result, now + _pause(row), REASONS[result]


def _pause(row: DepDevice) -> dt.timedelta:
    doubled: int = 2 ** min(row.assign_tries, 10)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def _note_refused(run: _Run) -> None:
    """Apple takes no profile like this: nothing can be assigned before it is changed."""
    reason = f'Profile "{run.profile.name}": {run.definition.problem}'[:255]
    told = {"assign_result": Result.FAILED, "assign_reason": reason, "assign_not_before": None}
    _note(run, _who_want(run).exclude(**told), told)


def _note_right(run: _Run) -> None:
    """Those that have what they are to have, since that is again what they had before something else failed."""
    wanted = run.definition.profile_uuid
    have_it = _who_want(run).filter(assigned_uuid=wanted, profile_uuid=wanted).exclude(assigned_uuid="")
    wrong = have_it.exclude(profile_status__in=GONE).exclude(assign_result__in=("", Result.SUCCESS))
    told = {"assign_result": Result.SUCCESS, "assign_reason": "", "assign_not_before": None, "assign_tries": 0}
    _note(run, wrong, told)


def _note(run: _Run, rows: QuerySet[DepDevice], told: dict[str, Any]) -> None:
    """Until no row is left: what is told of one takes it from them."""
    while some := dict(rows.order_by("serial").values_list("pk", "device_id")[:MAX_DEVICES]):
        with transaction.atomic():
            lock_devices(list(some.values()))
            DepDevice.objects.filter(pk__in=some).update(**told)
        claims.go_on(run.server)


def put_off(server: DepServer, error: DepError) -> None:
    """Lets the server go that could not be finished; what is left is tried again."""
    if error.kind in BLOCKING:
        return claims.release(server)
    log.warning("dep_assignment_failed", server=str(server.pk), kind=error.kind, code=error.code, reason=error.message)
    wait = max(RETRY, dt.timedelta(seconds=error.retry_after or 0)) if error.retryable else FIRST_WAIT
    return claims.release(server, assign_due_at=timezone.now() + wait, trouble=error.message[:255])
