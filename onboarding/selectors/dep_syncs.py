"""Reads about DEP syncs."""

from django.db.models import Prefetch, QuerySet

from config.api.errors import NotFound
from config.api.fields import parse_id
from onboarding.models import DepSync, DepSyncFailure
from onboarding.services.dep.sync_ends import MOST_FAILURES
from tenants.models import Tenant

IN_LIST = 100  # devices that are told of each sync in a list; of a single one all that are kept


def list_dep_syncs(tenant: Tenant) -> QuerySet[DepSync]:
    """Latest first, with the first failures of each as `shown_failures`."""
    return _with_failures(tenant, IN_LIST)


def get_dep_sync(*, tenant: Tenant, sync_id: str) -> DepSync:
    """By id or NotFound, which a foreign one is too."""
    key = parse_id(sync_id)
    row = _with_failures(tenant, MOST_FAILURES).filter(pk=key).first() if key else None
    if row is None:
        raise NotFound("No DEP sync has this id.")
    return row


def _with_failures(tenant: Tenant, most: int) -> QuerySet[DepSync]:
    failures = DepSyncFailure.objects.order_by("id")[:most]
    return DepSync.objects.filter(tenant=tenant).prefetch_related(
        Prefetch("failures", failures, to_attr="shown_failures")
    )
