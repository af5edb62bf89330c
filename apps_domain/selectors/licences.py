"""Reads about licences, and which device has one."""

import uuid

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from apps_domain.models import VppAssignment, VppLocation

USABLE = Q(needs_token=False, problem="")  # locations that are worked with
STATES_BY_WORTH = (
    VppAssignment.State.ASSIGNED,
    VppAssignment.State.SENT,
    VppAssignment.State.WANTED,
    VppAssignment.State.UNWANTED,
    VppAssignment.State.RELEASING,
    VppAssignment.State.FAILED,
)


def assignment_of(*, tenant_id: uuid.UUID, serial: str, adam_id: str) -> VppAssignment | None:
    """How it stands with a device's licence of an app; of several rows the one that says most.

    None: none was asked for, or the tenant has no VPP token, so that none could be.
    """
    rows = VppAssignment.objects.filter(tenant_id=tenant_id, serial=serial, adam_id=adam_id)
    return rows.select_related("location").order_by(_worth(), "-updated_at").first()


def _worth() -> Case:
    ranks = [When(state=state, then=Value(rank)) for rank, state in enumerate(STATES_BY_WORTH)]
    return Case(*ranks, output_field=IntegerField())


def usable_locations(tenant_id: uuid.UUID) -> QuerySet[VppLocation]:
    return VppLocation.objects.filter(USABLE, tenant_id=tenant_id).order_by("created_at", "id")
