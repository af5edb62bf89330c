"""A page of Apple's list into our rows: a bounded number of statements, however many devices are on it."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.utils import timezone

from devices.models import Device
from onboarding.clients.dep_answers import Listed
from onboarding.models import DepDevice, DepServer
from onboarding.services.dep import device_rows
from onboarding.services.dep.page_changes import DELETED, TOLD, Change, changes_by_serial, copy_told, differs

OF_ANOTHER_PLATFORM = "A device of another platform has this serial number here."
RECORD_TAKEN = "Its record here is that of another device of Apple's list, {}."
HELD = ("assigned", "pushed")  # Apple's words for a device that has a profile
# What Apple says; and what is forgotten when a device is listed anew.
APPLES = [*TOLD, "device", "server", "op_type", "op_at", "removed_at", "seen_at"]
OURS = ["assigned_uuid", "assign_result", "assign_reason", "assign_tries", "assign_not_before"]


@dataclass
class Stored:
    """What a page changed; failures are serials and why."""

    added: int = 0
    modified: int = 0
    deleted: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    expected: list[uuid.UUID] = field(default_factory=list)  # devices that are listed anew and not enrolled


@dataclass
class _Page:
    """Of one server, at work."""

    server: DepServer
    seen: dt.datetime
    rows: dict[str, DepDevice] = field(default_factory=dict)  # by upper serial
    devices: dict[str, Device] = field(default_factory=dict)
    stored: Stored = field(default_factory=Stored)
    write: dict[str, DepDevice] = field(default_factory=dict)  # differs from what is stored
    anew: dict[str, DepDevice] = field(default_factory=dict)  # listed anew: likewise
    touch: list[uuid.UUID] = field(default_factory=list)  # says nothing new


def store_page(server: DepServer, listed: Collection[Listed], seen: dt.datetime) -> Stored:
    """Within a transaction. Storing a page twice changes nothing the second time."""
    changes = changes_by_serial(listed)
    present = {key: change for key, change in changes.items() if not change.is_deletion}
    deletions = {key: change for key, change in changes.items() if change.is_deletion}
    page = _Page(server, seen)
    _lock(page, present, deletions)
    page.rows = {row.serial.upper(): row for row in _known_rows(server, changes)}
    _retire(page, deletions)
    if present:
        _leave_out_foreign(page, present)
        _untangle(page, present)
        _sort_out(page, present)
    _write(page)
    return page.stored


def retire_unseen(server: DepServer, before: dt.datetime, limit: int) -> int:
    """Within a transaction: those that a full list, begun then, did not have any more. How many, up to a limit."""
    rows = DepDevice.objects.filter(server=server, seen_at__lt=before, removed_at__isnull=True)
    known = dict(rows.order_by("seen_at")[:limit].values_list("pk", "device_id"))
    device_rows.clear_queues(known.values())
    device_rows.lock_devices(known.values())
    gone = dict(rows.filter(pk__in=known).values_list("pk", "device_id"))  # no other server has got them meanwhile
    device_rows.no_longer_expected(gone.values())
    return rows.filter(pk__in=gone).update(removed_at=timezone.now())


def _lock(page: _Page, present: Mapping[str, Change], deletions: Mapping[str, Change]) -> None:
    """All devices of the page, before anything is said of them: another server's page may name them, too."""
    gone: list[uuid.UUID] = []
    if deletions:
        mine = _known_rows(page.server, deletions).filter(server=page.server, removed_at=None)
        gone = list(mine.values_list("device_id", flat=True))
        device_rows.clear_queues(gone)
    told = {key: change.told for key, change in present.items()}
    page.devices = device_rows.devices_of(page.server.tenant, told, gone)


def _known_rows(server: DepServer, changes: Mapping[str, Change]) -> QuerySet[DepDevice]:
    serials = [change.told.serial for change in changes.values()]
    return DepDevice.objects.filter(tenant=server.tenant_id, serial__in=serials)


def _retire(page: _Page, deletions: Mapping[str, Change]) -> None:
    """Deletions by this server; one that another server has by now is not gone."""
    gone = [
        (row, change.told)
        for key, change in deletions.items()
        if (row := page.rows.get(key)) is not None
        and row.server_id == page.server.pk
        and row.removed_at is None
        and not change.is_older_than(row)
    ]
    if not gone:
        return
    device_rows.no_longer_expected([row.device_id for row, _ in gone])
    for row, told in gone:
        row.op_type, row.op_at, row.removed_at, row.seen_at = DELETED, told.op_at or row.op_at, page.seen, page.seen
        page.write[row.serial.upper()] = row
    page.stored.deleted += len(gone)


def _leave_out_foreign(page: _Page, present: dict[str, Change]) -> None:
    """Serials that a device of another platform has here: the others go on."""
    for key, device in page.devices.items():
        if not device.is_apple:
            page.stored.failures.append((present.pop(key).told.serial, OF_ANOTHER_PLATFORM))


def _untangle(page: _Page, present: dict[str, Change]) -> None:
    """A device that got another serial, with another main board, is known to Apple's list by its old one as well.

    That one gets a device of its own.
    """
    owners = DepDevice.objects.filter(device__in=[page.devices[key].pk for key in present])
    known = {row.device_id: row for row in owners}
    strays = {}
    for key in list(present):
        row = known.get(page.devices[key].pk)
        if row is not None and row.serial.upper() == key:
            page.rows[key] = row  # also if it is spelled otherwise
        elif row is not None:
            strays[row.serial.upper()] = row
    if not strays:
        return
    for key, device in device_rows.devices_of(page.server.tenant, strays).items():
        if device.is_apple and not DepDevice.objects.filter(device=device).exists():
            DepDevice.objects.filter(pk=strays[key].pk).update(device=device)
            continue
        told = next(other for other in present if page.devices[other].pk == strays[key].device_id)
        page.stored.failures.append((present.pop(told).told.serial, RECORD_TAKEN.format(strays[key].serial)))


def _sort_out(page: _Page, present: Mapping[str, Change]) -> None:
    for key, change in present.items():
        row = page.rows.get(key)
        if row is None:
            page.anew[key] = _row(page, change.told.serial, page.devices[key])
            copy_told(page.anew[key], change.told)
            continue
        moved = row.server_id != page.server.pk
        if change.is_older_than(row) or (moved and change.is_from_before_move(row)):
            continue
        anew, changed = moved or change.lists_anew(row), differs(row, change.told)
        row.device, row.server, row.removed_at, row.seen_at = page.devices[key], page.server, None, page.seen
        copy_told(row, change.told)
        if anew:
            page.anew[key] = row
        elif changed or change.told.op_type:
            page.write[key] = row
            page.stored.modified += changed
        else:
            page.touch.append(row.pk)


def _row(page: _Page, serial: str, device: Device) -> DepDevice:
    server = page.server
    return DepDevice(tenant_id=server.tenant_id, server=server, device=device, serial=serial, seen_at=page.seen)


def _write(page: _Page) -> None:
    for row in page.anew.values():
        _begin_anew(row)
    _upsert(page.anew, [*APPLES, *OURS])
    _upsert(page.write, APPLES)
    if page.touch:
        DepDevice.objects.filter(pk__in=page.touch).update(seen_at=page.seen)
    written = [row.serial for rows in (page.anew, page.write) for row in rows.values()]
    if written:
        device_rows.show_on_devices(page.server.tenant_id, written)
    if page.anew:
        page.stored.added += len(page.anew)
        page.stored.expected = device_rows.register([row.device_id for row in page.anew.values()])


def _begin_anew(row: DepDevice) -> None:
    """What was assigned before counts no more; what Apple says it has, does."""
    row.assigned_uuid = row.profile_uuid if row.profile_status in HELD else ""
    row.assign_result = row.assign_reason = ""
    row.assign_tries, row.assign_not_before = 0, None


def _upsert(rows: Mapping[str, DepDevice], columns: list[str]) -> None:
    """In the order of serials, as everybody who writes many of them."""
    if not rows:
        return
    ordered = [rows[key] for key in sorted(rows)]
    DepDevice.objects.bulk_create(
        ordered, update_conflicts=True, unique_fields=["tenant", "serial"], update_fields=columns
    )
