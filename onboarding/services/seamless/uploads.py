"""Taking in who is expected: a file, or identifiers. Nothing is looked up yet: workers do that, slice by slice."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

import orjson
from django.db import connection, transaction
from django.utils import timezone

from config.api.errors import BadRequest
from devices.models import Blueprint, DeviceGroup, Platform
from onboarding.models import SeamlessRow, SeamlessUpload
from onboarding.nudges import nudge_seamless
from onboarding.seamless.entries import Entry
from onboarding.seamless.errors import UnusableFileError
from onboarding.seamless.files import Line, judged_lines, read_file
from onboarding.seamless.identifiers import Kind
from onboarding.services.seamless.reasons import Code, failure
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant

MAX_NAMED = 20  # titles of passed over columns that are kept
MAX_IDS = 1024  # characters of the identifiers that a row shows
COPY_SQL = """
COPY onboarding_seamlessrow (
    id, tenant_id, upload_id, line, cells, assigned_blueprint_id, group_id, alias, unique_ids, unique_id_type,
    platform, status, meta, created_at, updated_at
) FROM STDIN
"""
COLUMN_OF = {Kind.SERIAL: "serial_number", Kind.UUID: "udid", Kind.IMEI: "imei1"}
Status = SeamlessRow.Status


@dataclass(frozen=True)
class Defaults:
    """For rows that name none."""

    blueprint_id: uuid.UUID | None = None
    group_id: uuid.UUID | None = None


@transaction.atomic
def create_upload(
    *,
    tenant: Tenant,
    actor: Actor,
    file: IO[bytes],
    source: SeamlessUpload.Source,
    file_name: str = "",
    blueprint: Blueprint | None = None,
    group: DeviceGroup | None = None,
    platform: Platform = Platform.APPLE,
) -> SeamlessUpload:
    """The file's rows, in memory that does not grow with them. BadRequest if it is no such file.

    `blueprint`, `group`: for rows that name none.
    """
    defaults = Defaults(blueprint.pk if blueprint else None, group.pk if group else None)
    upload = SeamlessUpload(tenant=tenant, source=source, file_name=file_name[:255], created_by=actor.name)
    try:
        told = read_file(file)
        upload.passed_over = [title[:60] for title in told.passed_over[:MAX_NAMED]]
        return _stored(upload, told.lines, defaults=defaults, platform=platform, actor=actor)
    except UnusableFileError as error:
        raise BadRequest(str(error)) from None


@transaction.atomic
def create_expected(
    *,
    tenant: Tenant,
    actor: Actor,
    kind: Kind,
    identifiers: Sequence[str],
    blueprint_id: uuid.UUID | None = None,
    group_id: uuid.UUID | None = None,
    alias: str = "",
    platform: Platform = Platform.APPLE,
) -> SeamlessUpload:
    """A row for each identifier, all of which are of this kind and valid."""
    upload = SeamlessUpload(tenant=tenant, source=SeamlessUpload.Source.API, created_by=actor.name)
    lines = judged_lines(
        {COLUMN_OF[kind]: identifier, **({"alias": alias} if alias else {})} for identifier in identifiers
    )
    return _stored(upload, lines, defaults=Defaults(blueprint_id, group_id), platform=platform, actor=actor)


def _stored(
    upload: SeamlessUpload, lines: Iterator[Line], *, defaults: Defaults, platform: Platform, actor: Actor
) -> SeamlessUpload:
    upload.save(force_insert=True)
    maker = _RowMaker(upload, defaults, platform)
    with connection.cursor() as cursor, cursor.copy(COPY_SQL) as copy:
        for line in lines:
            copy.write_row(maker.row(line))
    upload.row_count = maker.count
    upload.ended_at = None if maker.valid else timezone.now()
    upload.save(update_fields=["row_count", "ended_at"])
    details = {"file": upload.file_name, "source": upload.source, "rows": maker.count, "valid": maker.valid}
    audit.record(actor=actor, action="seamless.uploaded", subject=upload, details=details)
    nudge_seamless(upload.pk)
    return upload


class _RowMaker:
    """Rows as they are stored. Those that cannot be read have failed already."""

    def __init__(self, upload: SeamlessUpload, defaults: Defaults, platform: Platform) -> None:
        self._upload, self._defaults, self._platform = upload, defaults, platform
        self._blueprints = _blueprints_of_groups(upload.tenant)
        self.count = self.valid = 0

    def row(self, line: Line) -> tuple[Any, ...]:
        """In the order of COPY_SQL."""
        self.count += 1
        self.valid += line.entry is not None
        cells, entry = self._completed(line)
        upload = self._upload
        meta = None if entry else failure(Code.DUPLICATE if line.is_duplicate else Code.INVALID, line.problem)
        return (
            uuid.uuid4(),
            upload.tenant_id,
            upload.pk,
            line.number,
            orjson.dumps(cells).decode(),
            self._blueprint_of(entry) if entry else None,
            entry.group_id if entry else None,
            entry.alias if entry else "",
            (entry.unique_ids if entry else _unread_ids(cells))[:MAX_IDS],
            (entry.kind if entry else _unread_kind(cells)).value,
            self._platform.value,
            (Status.IN_QUEUE if entry else Status.FAILED).value,
            None if meta is None else orjson.dumps(meta).decode(),
            upload.created_at,
            upload.created_at,
        )

    def _completed(self, line: Line) -> tuple[dict[str, str], Entry | None]:
        """With what was said for rows that name none; it is kept with their cells, as if they did."""
        cells, entry = dict(line.cells), line.entry
        for name in ("blueprint_id", "group_id"):
            value = getattr(self._defaults, name)
            if value and name not in cells:
                cells[name] = str(value)
                entry = entry and replace(entry, **{name: value})
        return cells, entry

    def _blueprint_of(self, entry: Entry) -> uuid.UUID | None:
        """What it would get now; it is looked up again when the row's turn comes."""
        return entry.blueprint_id or (self._blueprints.get(entry.group_id) if entry.group_id else None)


def _blueprints_of_groups(tenant: Tenant) -> dict[uuid.UUID, uuid.UUID]:
    rows = DeviceGroup.objects.filter(tenant=tenant, effective_blueprint__isnull=False).order_by()
    return dict(rows.values_list("pk", "effective_blueprint"))


def _unread_kind(cells: dict[str, str]) -> Kind:
    return next((kind for kind, name in COLUMN_OF.items() if cells.get(name)), Kind.SERIAL)


def _unread_ids(cells: dict[str, str]) -> str:
    """Of a row that cannot be read: what it was to be known by."""
    return cells.get(COLUMN_OF[_unread_kind(cells)], "")
