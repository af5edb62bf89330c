"""Where a licence can be had: the locations of a tenant that have an app, and how many are free there."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count
from django.utils import timezone

from apps_domain.models import VppAssignment, VppLicence
from apps_domain.models.licences import UNLIMITED
from apps_domain.selectors.licences import BOOK, usable_locations

STATE = VppAssignment.State
NOT_OWNED = (
    "No licence available: the organisation has none of this app. Get the app for its location in Apple Business "
    "Manager, also when it is free of charge."
)
NOT_FOR_DEVICES = "No licence available: Apple does not let licences of this app be assigned to devices."
STANDARD = "STDQ"


@dataclass
class Offer:
    """`free` counts down as licences are promised."""

    location_id: uuid.UUID
    pricing_param: str
    total: int
    free: int

    def take(self) -> None:
        self.free -= 1 if self.total < UNLIMITED else 0


@dataclass
class Offers:
    """Of one app. The licences' rows stay locked until the transaction ends, so that none is promised twice."""

    found: list[Offer]
    refusal: str = ""  # why nothing is offered, whatever is free

    def best(self, *, but: uuid.UUID | None = None) -> Offer | None:
        """The location with most free ones."""
        free = [offer for offer in self.found if offer.free > 0 and offer.location_id != but]
        return max(free, key=lambda offer: offer.free, default=None)

    @property
    def reason(self) -> str:
        """Why there is none."""
        if self.refusal:
            return self.refusal
        if not self.found:
            return NOT_OWNED
        total = sum(offer.total for offer in self.found)
        return (
            f"No licence available: {total} of {total} are in use. Buy more in Apple Business Manager, or remove the "
            "app from a device."
        )


def offers_of(*, tenant_id: uuid.UUID, adam_id: str) -> Offers:
    """Within a transaction. Licences promised to others and not assigned yet are not free."""
    usable = set(usable_locations(tenant_id).values_list("pk", flat=True))
    locked = lock_licences(tenant_id, [adam_id])
    licences = [each for each in locked if each.location_id in usable and each.product_type != BOOK]
    assignable = [licence for licence in licences if licence.is_device_assignable]
    taken = _taken(tenant_id, adam_id)
    found = [
        Offer(licence.location_id, licence.pricing_param, licence.total_count, _free(licence, taken))
        for licence in assignable
    ]
    return Offers(found, NOT_FOR_DEVICES if licences and not assignable else "")


def lock_licences(tenant_id: uuid.UUID, adam_ids: Collection[str]) -> list[VppLicence]:
    """Always before any of their assignments is locked, so that no two wait for each other."""
    rows = VppLicence.objects.filter(tenant_id=tenant_id, adam_id__in=adam_ids)
    return list(rows.select_for_update(of=("self",)).order_by("id"))


def offers_of_unread(location_id: uuid.UUID) -> Offers:
    """Nobody knows what a location has that was never read; it will be known before Apple is asked."""
    return Offers([Offer(location_id, STANDARD, UNLIMITED, UNLIMITED)])


def place(row: VppAssignment, offers: Offers, *, but: uuid.UUID | None = None) -> None:
    """Where the licence is to be had, or FAILED. Does not save."""
    offer = offers.best(but=but)
    row.updated_at = row.not_before = timezone.now()
    row.attempts = 0
    if offer is None:
        row.state, row.reason = STATE.FAILED, offers.reason
        return
    offer.take()
    row.state, row.reason = STATE.WANTED, ""
    row.location_id, row.pricing_param = offer.location_id, offer.pricing_param


def _free(licence: VppLicence, taken: dict[tuple[uuid.UUID, str], int]) -> int:
    if licence.total_count >= UNLIMITED:
        return UNLIMITED
    return licence.total_count - taken.get((licence.location_id, licence.pricing_param), 0)


def _taken(tenant_id: uuid.UUID, adam_id: str) -> dict[tuple[uuid.UUID, str], int]:
    rows = VppAssignment.objects.filter(tenant_id=tenant_id, adam_id=adam_id).exclude(state=STATE.FAILED)
    counts = rows.values("location_id", "pricing_param").annotate(taken=Count("pk")).order_by()
    return {(row["location_id"], row["pricing_param"]): row["taken"] for row in counts}
