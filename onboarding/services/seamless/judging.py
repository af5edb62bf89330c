"""Whether what a row says can be had: its blueprint, its group, and a device that is not enrolled yet."""

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Expression
from django.db.models.fields.json import KT
from django.db.models.functions import Upper

from devices.models import Blueprint, Device, DeviceGroup
from onboarding.models import SeamlessIdentifier, SeamlessRow
from onboarding.seamless.entries import Entry, read_entry
from onboarding.seamless.errors import InvalidEntryError
from onboarding.seamless.identifiers import Identifier, Kind
from onboarding.services.seamless.matching import NOT_ENROLLED
from onboarding.services.seamless.reasons import Code
from tenants.models import Tenant


@dataclass(frozen=True)
class Verdict:
    """`code` and `reason`: why not. `blueprint_id`: what it comes to; `device_id`: the device, where it is known."""

    row: SeamlessRow
    entry: Entry | None = None
    code: Code | None = None
    reason: str = ""
    blueprint_id: uuid.UUID | None = None
    device_id: uuid.UUID | None = None

    @property
    def accepted(self) -> bool:
        return self.code is None


@dataclass(frozen=True)
class Known:
    """A device that one of the rows may mean."""

    device_id: uuid.UUID
    name: str
    serial: str  # in upper case
    is_enrolled: bool


class RefusedError(Exception):
    """Why the row fails."""

    def __init__(self, code: Code, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


def judge(tenant: Tenant, rows: Sequence[SeamlessRow]) -> list[Verdict]:
    """In the rows' order, in a constant number of queries. Locks what the accepted ones rely on."""
    entries = [(row, *_read(row)) for row in rows]
    facts = _Facts(tenant, [entry for _, entry, _ in entries if entry])
    return [
        facts.verdict(row, entry) if entry else Verdict(row, code=Code.INVALID, reason=problem)
        for row, entry, problem in entries
    ]


def _read(row: SeamlessRow) -> tuple[Entry | None, str]:
    try:
        return read_entry(row.cells), ""
    except InvalidEntryError as error:  # cells of an earlier release
        return None, str(error)


class _Facts:
    """What a slice of rows speaks of, as it is now."""

    def __init__(self, tenant: Tenant, entries: Collection[Entry]) -> None:
        self._groups = _groups(tenant, {entry.group_id for entry in entries if entry.group_id})
        wanted = {entry.blueprint_id for entry in entries if entry.blueprint_id}
        self._blueprints = _blueprints(tenant, wanted | {each for each in self._groups.values() if each})
        self._devices = _devices(tenant, {each for entry in entries for each in entry.identifiers})

    def verdict(self, row: SeamlessRow, entry: Entry) -> Verdict:
        try:
            blueprint_id = self._blueprint(entry)
            return Verdict(row, entry, blueprint_id=blueprint_id, device_id=self._device(entry))
        except RefusedError as refused:
            return Verdict(row, entry, refused.code, refused.reason, blueprint_id=row.assigned_blueprint_id)

    def _blueprint(self, entry: Entry) -> uuid.UUID:
        """The row's own, or else its group's."""
        if entry.group_id and entry.group_id not in self._groups:
            raise RefusedError(Code.GROUP, f"invalid group id: {entry.group_id}")
        if entry.blueprint_id:
            if entry.blueprint_id not in self._blueprints:
                raise RefusedError(Code.BLUEPRINT, f"invalid blueprint id: {entry.blueprint_id}")
            return entry.blueprint_id
        inherited = self._groups[entry.group_id] if entry.group_id else None
        if inherited is None or inherited not in self._blueprints:
            lacking = "the group has none either" if entry.group_id else "it names no group that has one"
            raise RefusedError(Code.BLUEPRINT, f"the row names no blueprint, and {lacking}")
        return inherited

    def _device(self, entry: Entry) -> uuid.UUID | None:
        """The one that is known already, if any. Enrolled ones are left alone."""
        found = list(dict.fromkeys(known for each in entry.identifiers for known in self._devices.get(each, ())))
        serial = dict(entry.identifiers).get(Kind.SERIAL, "")
        strangers = [known for known in found if serial and known.serial not in ("", serial)]
        if strangers or len(found) > 1:
            told = " and ".join(dict.fromkeys(known.name for known in (strangers or found)))
            raise RefusedError(Code.AMBIGUOUS, f"its identifiers are not those of one device: they are also {told}'s")
        if found and found[0].is_enrolled:
            raise RefusedError(Code.ENROLLED, f"the device {found[0].name} is enrolled already; it was not changed")
        return found[0].device_id if found else None


def _groups(tenant: Tenant, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID | None]:
    """The blueprints in force in them."""
    held = DeviceGroup.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    return dict(held.filter(tenant=tenant, pk__in=set(ids)).values_list("pk", "effective_blueprint_id"))


def _blueprints(tenant: Tenant, ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    held = Blueprint.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    return set(held.filter(tenant=tenant, pk__in=set(ids)).values_list("pk", flat=True))


def _devices(tenant: Tenant, identifiers: Collection[Identifier]) -> dict[Identifier, list[Known]]:
    """The tenant's, locked, by those of the identifiers that are theirs: they tell them, or came under them."""
    named = {kind: {value for each, value in identifiers if each == kind} for kind in Kind}
    pairs = {
        *_telling(tenant, Kind.SERIAL, Upper("serial"), named[Kind.SERIAL]),
        *_telling(tenant, Kind.UUID, Upper("udid"), named[Kind.UUID]),
        *_telling(tenant, Kind.IMEI, KT("network_info__imei1"), named[Kind.IMEI], network_info__has_key="imei1"),
        *_telling(tenant, Kind.IMEI, KT("network_info__imei2"), named[Kind.IMEI], network_info__has_key="imei2"),
        *_registered(tenant, named),
    }
    known = _locked({pk for _, pk in pairs})
    devices: dict[Identifier, list[Known]] = {}
    for identifier, pk in pairs:
        devices.setdefault(identifier, []).append(known[pk])
    return devices


def _telling(
    tenant: Tenant, kind: Kind, expression: Expression, values: Collection[str], **indexed: str
) -> Iterator[tuple[Identifier, uuid.UUID]]:
    """`indexed`: what the partial index asks for."""
    if values:
        rows = Device.objects.filter(tenant=tenant, **indexed).order_by().annotate(told=expression)
        for value, pk in rows.filter(told__in=values).values_list("told", "pk"):
            yield (kind, value), pk


def _registered(tenant: Tenant, named: dict[Kind, set[str]]) -> Iterator[tuple[Identifier, uuid.UUID]]:
    """Devices that came already, by what they were expected under: they may never have told it."""
    values = [value for each in named.values() for value in each]
    rows = SeamlessIdentifier.objects.filter(tenant=tenant, kind__in=list(named), value__in=values)
    rows = rows.filter(registration__device__isnull=False)
    for kind, value, pk in rows.values_list("kind", "value", "registration__device"):
        if value in named[Kind(kind)]:
            yield (Kind(kind), value), pk


def _locked(ids: set[uuid.UUID]) -> dict[uuid.UUID, Known]:
    if not ids:
        return {}
    held = Device.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    told = held.filter(pk__in=ids).values_list("pk", "name", Upper("serial"), "state")
    return {pk: Known(pk, serial or name, serial, state not in NOT_ENROLLED) for pk, name, serial, state in told}
