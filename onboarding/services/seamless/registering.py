"""Writing down what rows ask for. What they say of a device that was written down before replaces that."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from onboarding.models import SeamlessIdentifier, SeamlessRegistration
from onboarding.seamless.entries import Entry
from onboarding.seamless.identifiers import Identifier, Kind
from onboarding.services.seamless.judging import Verdict
from tenants.models import Tenant

BATCH = 1000
REPLACED = ["row", "blueprint", "group", "alias", "device", "applied_at", "updated_at"]


def register(tenant: Tenant, verdicts: Sequence[Verdict]) -> None:
    """In a constant number of queries, with the tenant's registrations held alone. All of them are due now."""
    if not verdicts:
        return
    book = _Book.of(tenant, {each for verdict in verdicts if verdict.entry for each in verdict.entry.identifiers})
    latest: dict[uuid.UUID, Verdict] = {}
    for verdict in verdicts:
        assert verdict.entry is not None  # accepted ones were read
        latest[book.enter(verdict.entry)] = verdict
    latest = {pk: verdict for pk, verdict in latest.items() if book.held[pk]}
    _write(tenant, latest)
    book.save(tenant)


def _write(tenant: Tenant, latest: dict[uuid.UUID, Verdict]) -> None:
    now = timezone.now()
    SeamlessRegistration.objects.bulk_create(
        [
            SeamlessRegistration(
                id=pk,
                tenant=tenant,
                row=verdict.row,
                blueprint_id=verdict.entry.blueprint_id,
                group_id=verdict.entry.group_id,
                alias=verdict.entry.alias,
                updated_at=now,
            )
            for pk, verdict in latest.items()
            if verdict.entry
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=REPLACED,
    )


@dataclass
class _Book:
    """Which registration has which identifiers. A row may take some of another one's."""

    owner: dict[Identifier, uuid.UUID] = field(default_factory=dict)
    held: dict[uuid.UUID, set[Identifier]] = field(default_factory=dict)
    before: dict[Identifier, uuid.UUID] = field(default_factory=dict)
    pks: dict[Identifier, int] = field(default_factory=dict)  # of the rows that there were

    @classmethod
    def of(cls, tenant: Tenant, identifiers: set[Identifier]) -> "_Book":
        """All that the registrations of these have."""
        book = cls()
        rows = SeamlessIdentifier.objects.filter(tenant=tenant)
        named = rows.filter(kind__in=list(Kind), value__in={value for _, value in identifiers})
        touched = {
            pk for kind, value, pk in named.values_list("kind", "value", "registration") if (kind, value) in identifiers
        }
        all_of_them = rows.filter(registration__in=touched) if touched else rows.none()
        for number, kind, value, pk in all_of_them.values_list("pk", "kind", "value", "registration"):
            identifier = (Kind(kind), value)
            book.owner[identifier] = book.before[identifier] = pk
            book.pks[identifier] = number
            book.held.setdefault(pk, set()).add(identifier)
        return book

    def enter(self, entry: Entry) -> uuid.UUID:
        """The registration that is the row's now. Identifiers of kinds that it does not name stay."""
        target = self._registration_of(entry) or uuid.uuid4()
        own = self.held.setdefault(target, set())
        kinds = {kind for kind, _ in entry.identifiers}
        for identifier in [each for each in own if each[0] in kinds and each not in entry.identifiers]:
            own.discard(identifier)
            del self.owner[identifier]
        for identifier in entry.identifiers:
            other = self.owner.get(identifier)
            if other is not None:
                self.held[other].discard(identifier)
            self.owner[identifier] = target
            own.add(identifier)
        return target

    def _registration_of(self, entry: Entry) -> uuid.UUID | None:
        """Of the same device as far as can be told: one with another serial number is another's."""
        found = [self.owner[each] for each in entry.identifiers if each in self.owner]
        serial = next((value for kind, value in entry.identifiers if kind is Kind.SERIAL), "")
        if serial:
            found = [pk for pk in found if self._serial(pk) in ("", serial)]
        return found[0] if found else None

    def _serial(self, registration_id: uuid.UUID) -> str:
        return dict(self.held[registration_id]).get(Kind.SERIAL, "")

    def save(self, tenant: Tenant) -> None:
        rows = SeamlessIdentifier.objects.filter(tenant=tenant)
        gone = [self.pks[identifier] for identifier in self.before if identifier not in self.owner]
        if gone:
            rows.filter(pk__in=gone).delete()
        moved = {identifier: pk for identifier, pk in self.owner.items() if self.before.get(identifier) != pk}
        SeamlessIdentifier.objects.bulk_create(
            [
                SeamlessIdentifier(tenant=tenant, registration_id=pk, kind=kind, value=value)
                for (kind, value), pk in moved.items()
            ],
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["tenant", "kind", "value"],
            update_fields=["registration"],
        )
        empty = [pk for pk in set(self.before.values()) if not self.held[pk]]
        if empty:
            SeamlessRegistration.objects.filter(tenant=tenant, pk__in=empty).delete()
