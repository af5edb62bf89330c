"""The devices behind Apple's list: found by serial, else made. Set-based, within the caller's transaction."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Upper
from django.utils import timezone

from commands.models import AppleEnrolment, CommandStatus
from commands.models.status import OPEN
from commands.services.queue import clear_queue
from devices.models import Device, DeviceState, Platform
from devices.services.devices import generated_name
from onboarding.clients.dep_answers import Listed
from onboarding.models import DepDevice
from tenants.models import Tenant

SYNC = "dep sync"  # who made and changed what
OS_OF_FAMILY = {
    "iphone": Device.Os.IOS,
    "ipod": Device.Os.IOS,
    "ipad": Device.Os.IPADOS,
    "mac": Device.Os.MACOS,
    "appletv": Device.Os.TVOS,
}

# Apple's word on the device's own row; what the device itself has told since stays. Rows that say so already are left
# alone: a full list is mostly that.
SHOW_SQL = """
UPDATE devices_device AS device SET
    device_source = 'ABM',
    dep_profile = told.profile,
    dep_profile_status = told.status,
    dep_profile_assign_time = told.assigned_at,
    dep_profile_push_time = told.pushed_at,
    os = told.os,
    hardware_info = told.hardware_info,
    updated_at = now()
FROM (
    SELECT dep.device_id,
        CASE WHEN dep.profile_uuid = '' THEN '' ELSE coalesce((
            SELECT profile.name FROM onboarding_depprofiledefinition AS definition
            JOIN onboarding_depprofile AS profile ON profile.id = definition.profile_id
            WHERE definition.server_id = dep.server_id AND definition.profile_uuid = dep.profile_uuid LIMIT 1
        ), dep.profile_uuid) END AS profile,
        CASE WHEN dep.removed_at IS NOT NULL THEN 'removed'
            WHEN dep.profile_status IN ('empty', 'assigned', 'pushed', 'removed') THEN dep.profile_status
            ELSE '' END AS status,
        dep.profile_assigned_at AS assigned_at,
        dep.profile_pushed_at AS pushed_at,
        coalesce(nullif(known.os, ''), system.os, '') AS os,
        CASE WHEN dep.model = '' OR coalesce(known.hardware_info->>'model', '') <> '' THEN known.hardware_info
            ELSE known.hardware_info || jsonb_build_object('model', dep.model) END AS hardware_info
    FROM onboarding_depdevice AS dep
    JOIN devices_device AS known ON known.id = dep.device_id
    LEFT JOIN unnest(%(families)s::text[], %(systems)s::text[]) AS system(family, os)
        ON system.family = lower(dep.device_family)
    WHERE dep.tenant_id = %(tenant)s AND dep.serial = ANY(%(serials)s)
) AS told
WHERE device.id = told.device_id AND (
    device.device_source, device.dep_profile, device.dep_profile_status, device.dep_profile_assign_time,
    device.dep_profile_push_time, device.os, device.hardware_info
) IS DISTINCT FROM (
    'ABM', told.profile, told.status, told.assigned_at, told.pushed_at, told.os, told.hardware_info
)
"""


def os_of(family: str) -> str:
    """Blank where we have no name for it."""
    return OS_OF_FAMILY.get(family.lower(), "")


def devices_of(
    tenant: Tenant, listed: Mapping[str, Listed] | Mapping[str, DepDevice], others: Collection[uuid.UUID] = ()
) -> dict[str, Device]:
    """By upper serial: those there are and new ones for the rest, locked, with what this module needs of them.

    `others` are locked with them, since whoever locks many devices does it at once and in the order of their ids;
    whoever makes many has locked none by then.
    """
    rows = Device.objects.filter(tenant=tenant).alias(key=Upper("serial"))
    known = set(rows.filter(key__in=list(listed)).values_list(Upper("serial"), flat=True)) if listed else set()
    missing = [_new(tenant, told) for key, told in listed.items() if key not in known]
    # One of them may be enrolling just now, or be told of by another list: then that row is the one.
    Device.objects.bulk_create(missing, ignore_conflicts=True)
    locked = rows.filter(Q(key__in=list(listed)) | Q(pk__in=others)).order_by("pk")
    told = locked.select_for_update(of=("self",), no_key=True).only("tenant_id", "platform", "serial")
    # Where serials differ in case only, the one in upper case counts, as Apple spells them.
    ordered = sorted(told, key=lambda row: row.serial.isupper())
    return {row.serial.upper(): row for row in ordered if row.serial.upper() in listed}


def _new(tenant: Tenant, told: Listed | DepDevice) -> Device:
    key = uuid.uuid4()
    return Device(
        pk=key,
        tenant=tenant,
        platform=Platform.APPLE,
        device_source=Device.Source.ABM,
        state=DeviceState.REGISTERED,
        serial=told.serial,
        name=generated_name(key),
        os=os_of(told.device_family),
        hardware_info={
            "brand": "Apple",
            "manufacturer": "Apple",
            **({"model": told.model} if told.model else {}),
        },
        created_by=SYNC,
        updated_by=SYNC,
    )


def show_on_devices(tenant_id: uuid.UUID, serials: Sequence[str]) -> None:
    """Copies what is known of Apple's list, as its rows have it, to the devices."""
    params: dict[str, Any] = {
        "tenant": tenant_id,
        "serials": list(serials),
        "families": list(OS_OF_FAMILY),
        "systems": [str(system) for system in OS_OF_FAMILY.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(SHOW_SQL, params)


def register(device_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """State 200 for those that are not enrolled, which are answered: they are expected (again)."""
    rows = Device.objects.filter(_is_not_enrolled(), pk__in=device_ids)
    expected = list(rows.values_list("pk", flat=True))
    Device.objects.filter(pk__in=expected).exclude(state=DeviceState.REGISTERED).update(
        state=DeviceState.REGISTERED, updated_by=SYNC, updated_at=timezone.now()
    )
    return expected


def clear_queues(device_ids: Collection[uuid.UUID]) -> None:
    """Of those that leave Apple's list and never came. Before any device is locked: a queue is, before its device."""
    for device in _expected(device_ids).filter(_has_open_commands()).only("pk"):
        clear_queue(device=device, reason="The device left Apple's list before it was enrolled.")


def no_longer_expected(device_ids: Collection[uuid.UUID]) -> None:
    """They left Apple's list. One that is enrolled stays as it is; one that never came is not expected any more.

    After `clear_queues`, and with their rows locked.
    """
    now, removed = timezone.now(), Device.DepProfileStatus.REMOVED
    _expected(device_ids).update(state=DeviceState.DISABLED, updated_by=SYNC, updated_at=now)
    shown = Device.objects.filter(pk__in=device_ids).exclude(dep_profile_status=removed)
    shown.update(dep_profile_status=removed, updated_at=now)


def lock_devices(device_ids: Collection[uuid.UUID]) -> None:
    """As a check-in does: what is enrolled, and whose list has it, does not change under us."""
    rows = Device.objects.filter(pk__in=device_ids).order_by("pk")
    list(rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def _expected(device_ids: Collection[uuid.UUID]) -> QuerySet[Device]:
    return Device.objects.filter(_is_not_enrolled(), pk__in=device_ids, state=DeviceState.REGISTERED)


def _has_open_commands() -> Exists:
    return Exists(CommandStatus.objects.filter(device=OuterRef("pk"), state__in=OPEN))


def _is_not_enrolled() -> Q:
    channel = AppleEnrolment.Channel.DEVICE
    enrolled = AppleEnrolment.objects.filter(device=OuterRef("pk"), channel=channel, authenticated_at__isnull=False)
    return Q(~Exists(enrolled))
