"""Giving devices what was registered for them: blueprint, group, alias.

Each registration is given once, to the first device that comes with one of its identifiers; what people change of the
device afterwards stays. Knows nothing of platforms: who enrols a device says what it calls itself.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from devices.models import Device, DeviceState
from onboarding.models import SeamlessIdentifier, SeamlessRegistration
from onboarding.seamless.identifiers import Identifier, Kind, told_by_device
from tenants import audit
from tenants.actors import SYSTEM
from tenants.models import Tenant

# Known, and nothing is delivered to them. One that was removed is left alone until it comes back.
AWAITED = (DeviceState.UNSPECIFIED, DeviceState.ONBOARDING_FAILED, DeviceState.REGISTERED)
NOT_ENROLLED = (*AWAITED, DeviceState.DISABLED)

HOLD_SQL = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"
HOLD_ALONE_SQL = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"

# A registration without a blueprint means its group's: one that the device had as its own would hide that.
GIVE_SQL = """
UPDATE devices_device d SET
    assigned_blueprint_id = CASE WHEN coalesce(r.blueprint_id, r.group_id) IS NULL THEN d.assigned_blueprint_id
                                 ELSE r.blueprint_id END,
    group_id = coalesce(r.group_id, d.group_id),
    alias = CASE WHEN r.alias = '' THEN d.alias ELSE r.alias END,
    is_seamless = true, updated_by = %(by)s, updated_at = %(now)s
FROM unnest(%(devices)s::uuid[], %(registrations)s::uuid[]) AS pair (device_id, registration_id)
JOIN onboarding_seamlessregistration r ON r.id = pair.registration_id
WHERE d.id = pair.device_id
"""
SETTLE_SQL = """
UPDATE onboarding_seamlessregistration r SET device_id = pair.device_id, applied_at = %(now)s, updated_at = %(now)s
FROM unnest(%(devices)s::uuid[], %(registrations)s::uuid[]) AS pair (device_id, registration_id)
WHERE r.id = pair.registration_id AND r.applied_at IS NULL
"""
GIVEN_FIELDS = ["assigned_blueprint", "group", "alias", "is_seamless", "updated_by", "updated_at"]
BY = "seamless"


@dataclass(frozen=True)
class Given:
    """`device` gets what `registration` says; `superseded` name it too, and are settled by it."""

    device_id: uuid.UUID
    registration_id: uuid.UUID
    superseded: tuple[uuid.UUID, ...] = ()


def hold_registrations(tenant_id: uuid.UUID) -> None:
    """Until the transaction ends, no row is worked off. Call it before any device is locked, found or made.

    Otherwise a row that finds no device yet, and the device that finds no row yet, would miss each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(HOLD_SQL, [_lock_name(tenant_id)])


def hold_registrations_alone(tenant_id: uuid.UUID) -> None:
    """The other side of `hold_registrations`: waits for all who hold them."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD_ALONE_SQL, [_lock_name(tenant_id)])


def _lock_name(tenant_id: uuid.UUID) -> str:
    return f"seamless/{tenant_id}"


def apply_registration(device: Device, *, udid: str = "", imeis: Iterable[str] = ()) -> SeamlessRegistration | None:
    """Gives an enrolling device what waits for it, and returns that; None if nothing does.

    Within the caller's transaction, the device's row saved and locked, after `hold_registrations`. Also sets the fields
    of `device`. What the caller was told beside the device's own fields: `udid`, `imeis`.
    """
    names = _names(device, udid=udid, imeis=tuple(imeis))
    given = next(iter(_give(device.tenant_id, {device.pk: names})), None)
    if given is None:
        return None
    device.refresh_from_db(fields=GIVEN_FIELDS)
    registration = SeamlessRegistration.objects.get(pk=given.registration_id)
    told = {"registration": str(registration.pk), "alias": registration.alias}
    told |= {"blueprint": str(registration.blueprint_id or ""), "group": str(registration.group_id or "")}
    audit.record(actor=SYSTEM, action="device.expected", subject=device, details=told)
    return registration


@transaction.atomic
def apply_registrations(tenant: Tenant, device_ids: Collection[uuid.UUID]) -> int:
    """The same for devices that have just become known; how many were waited for. Enrolled ones stay as they are.

    A constant number of queries. Call `hold_registrations` first if the transaction has locked or made devices.
    """
    hold_registrations(tenant.pk)
    rows = Device.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    known = rows.filter(tenant=tenant, pk__in=device_ids, state__in=AWAITED)
    known = known.only("id", "tenant_id", "serial", "udid", "network_info")
    return len(_give(tenant.pk, {device.pk: _names(device) for device in known}))


def _names(device: Device, *, udid: str = "", imeis: tuple[str, ...] = ()) -> list[Identifier]:
    reported = [str(device.network_info.get(name) or "") for name in ("imei1", "imei2")]
    return told_by_device(serial=device.serial, udid=udid or device.udid, imeis=(*imeis, *reported))


def _give(tenant_id: uuid.UUID, names: dict[uuid.UUID, list[Identifier]]) -> list[Given]:
    """To the devices by their names."""
    waiting = _waiting(tenant_id, {name for told in names.values() for name in told})
    if not waiting:
        return []
    serials = _serials(waiting.values())
    given = list(_chosen(names, waiting, serials))
    now = timezone.now()
    with connection.cursor() as cursor:
        pairs = [(each.device_id, each.registration_id) for each in given]
        cursor.execute(GIVE_SQL, {**_columns(pairs), "by": BY, "now": now})
        pairs += [(each.device_id, other) for each in given for other in each.superseded]
        cursor.execute(SETTLE_SQL, {**_columns(pairs), "now": now})
    return given


def _columns(pairs: list[tuple[uuid.UUID, uuid.UUID]]) -> dict[str, list[uuid.UUID]]:
    return {"devices": [device for device, _ in pairs], "registrations": [each for _, each in pairs]}


def _waiting(tenant_id: uuid.UUID, names: set[Identifier]) -> dict[Identifier, uuid.UUID]:
    """The registrations, locked, that are not given yet, by those of these identifiers that name them."""
    found = SeamlessIdentifier.objects.filter(
        tenant_id=tenant_id,
        kind__in=list(Kind),  # the index leads over it
        value__in={value for _, value in names},
        registration__applied_at=None,
    )
    named = {
        (Kind(kind), value): registration_id
        for kind, value, registration_id in found.values_list("kind", "value", "registration_id")
        if (kind, value) in names
    }
    rows = SeamlessRegistration.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    still = set(rows.filter(pk__in=set(named.values()), applied_at=None).values_list("pk", flat=True)) if named else ()
    return {name: registration_id for name, registration_id in named.items() if registration_id in still}


def _serials(registration_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    rows = SeamlessIdentifier.objects.filter(registration__in=set(registration_ids), kind=Kind.SERIAL)
    return dict(rows.values_list("registration_id", "value"))


def _chosen(
    names: dict[uuid.UUID, list[Identifier]], waiting: dict[Identifier, uuid.UUID], serials: dict[uuid.UUID, str]
) -> Iterator[Given]:
    """One that names another serial number is another device's, whatever else it has in common."""
    taken: set[uuid.UUID] = set()
    for device_id, told in names.items():
        own = dict(told).get(Kind.SERIAL, "")
        found = dict.fromkeys(waiting[name] for name in told if name in waiting)
        fitting = [each for each in found if each not in taken and (not own or serials.get(each, own) == own)]
        if fitting:
            taken.update(fitting)
            yield Given(device_id, fitting[0], tuple(fitting[1:]))
