"""Reads about licences, and which device has one."""

import uuid

from django.db.models import BigIntegerField, Case, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When

from apps_domain.models import VppAssignment, VppLicence, VppLocation
from config.api.errors import NotFound
from tenants.models import Tenant

USABLE = Q(needs_token=False, problem="")  # locations that are worked with
BOOK = "Book"  # product type
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


def licences_by_app(tenant: Tenant) -> QuerySet[VppLicence]:
    """One row per app, by Apple's id, with `assigned`, `available` and `total` of all locations. Books are left out:
    they are for people only.
    """
    apps = VppLicence.objects.filter(tenant=tenant).exclude(product_type=BOOK)
    same = apps.filter(adam_id=OuterRef("adam_id")).order_by().values("adam_id")
    sums = {
        name: Subquery(same.annotate(number=Sum(f"{name}_count")).values("number"), output_field=BigIntegerField())
        for name in ("assigned", "available", "total")
    }
    return apps.distinct("adam_id").order_by("adam_id", "-pricing_param", "id").annotate(**sums)


def get_licence(*, tenant: Tenant, adam_id: str) -> VppLicence:
    """By Apple's id of the app, or NotFound; another tenant's is not found either."""
    digits = adam_id if adam_id.isascii() and adam_id.isdecimal() and len(adam_id) <= 20 else ""
    row = licences_by_app(tenant).filter(adam_id=digits.lstrip("0")).first() if digits else None
    if row is None:
        raise NotFound("There are no licences of this app. Apple's id of an app is a number, such as 361309726.")
    return row
