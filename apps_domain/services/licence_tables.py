"""Licences and assignments as Apple lists them, page by page into our tables: set-based, for there may be many.

`seen` marks what a walk met; what it did not meet is gone at Apple when the walk has come to its end.
"""

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from apps_domain.clients.vpp_answers import Asset, Assigned
from apps_domain.models import VppAssignment, VppEvent, VppLicence, VppLocation
from apps_domain.models.licences import UNLIMITED
from apps_domain.selectors.licences import BOOK
from apps_domain.services.store import known_store_apps

State = VppAssignment.State
HELD = [State.ASSIGNED, State.UNWANTED, State.RELEASING]  # what uses a licence at Apple

# A wanted one that waits for an event is not there for good: that event may be taking it away.
ASSIGNED_SQL = """
INSERT INTO apps_domain_vppassignment AS known (id, tenant_id, location_id, adam_id, pricing_param, serial,
    client_user_id, state, reason, attempts, not_before, created_at, updated_at)
SELECT gen_random_uuid(), %(tenant)s, %(location)s, told.*, 'assigned', '', 0, %(seen)s, %(seen)s, %(seen)s
FROM (SELECT DISTINCT * FROM unnest(%(adam_ids)s::text[], %(pricing)s::text[], %(serials)s::text[],
    %(people)s::text[])) told
ON CONFLICT (location_id, adam_id, pricing_param, serial, client_user_id) DO UPDATE SET
    updated_at = EXCLUDED.updated_at,
    state = CASE WHEN known.state IN ('sent', 'failed') OR known.state = 'wanted' AND known.event_id IS NULL
        THEN 'assigned' ELSE known.state END,
    reason = CASE WHEN known.state IN ('sent', 'failed', 'wanted') THEN '' ELSE known.reason END,
    attempts = CASE WHEN known.state IN ('sent', 'failed') OR known.state = 'wanted' AND known.event_id IS NULL
        THEN 0 ELSE known.attempts END
"""

# One look into the index for each licence: right after a first sync PostgreSQL knows nothing yet about the tables, and
# would join them row by row.
COUNT_SQL = """
UPDATE apps_domain_vpplicence AS licence SET (assigned_count, available_count) = (
    SELECT counted.number, CASE WHEN licence.total_count >= %(unlimited)s THEN %(unlimited)s
        ELSE greatest(licence.total_count - counted.number, 0) END
    FROM (
        SELECT count(*) AS number FROM apps_domain_vppassignment AS held WHERE held.location_id = licence.location_id
            AND held.adam_id = licence.adam_id AND held.pricing_param = licence.pricing_param
            AND held.state = ANY(%(states)s)
    ) counted
)
WHERE licence.location_id = %(location)s
    AND (%(adam_ids)s::text[] IS NULL OR licence.adam_id = ANY(%(adam_ids)s))
"""


def store_assets(location: VppLocation, assets: Sequence[Asset], seen: dt.datetime) -> None:
    rows = {
        (asset.adam_id, asset.pricing_param): VppLicence(
            tenant_id=location.tenant_id,
            location=location,
            adam_id=asset.adam_id,
            pricing_param=asset.pricing_param,
            product_type=asset.product_type,
            total_count=UNLIMITED if asset.total is None else asset.total,
            available_count=UNLIMITED if asset.total is None else asset.total,
            retired_count=asset.retired,
            is_device_assignable=asset.is_device_assignable,
            is_revocable=asset.is_revocable,
            supported_platforms=asset.platforms,
            updated_at=seen,
        )
        for asset in assets
    }
    if not rows:
        return
    VppLicence.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["location", "adam_id", "pricing_param"],
        update_fields=[
            "product_type",
            "total_count",
            "retired_count",
            "is_device_assignable",
            "is_revocable",
            "supported_platforms",
            "updated_at",
        ],
    )
    apps = {asset.adam_id for asset in assets if asset.product_type != BOOK}
    known_store_apps(tenant=location.tenant, adam_ids=apps)


def store_assignments(location: VppLocation, found: Collection[Assigned], seen: dt.datetime | None = None) -> None:
    """They are assigned at Apple, whoever did it; one that is to be given back stays so."""
    columns: list[list[str]] = [
        [getattr(each, name) for each in found] for name in ("adam_id", "pricing_param", "serial", "client_user_id")
    ]
    told = dict(zip(("adam_ids", "pricing", "serials", "people"), columns, strict=True))
    if not found:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            ASSIGNED_SQL,
            {"tenant": location.tenant_id, "location": location.pk, "seen": seen or timezone.now(), **told},
        )


def drop_unseen_licences(location: VppLocation, seen: dt.datetime) -> int:
    return VppLicence.objects.filter(location=location, updated_at__lt=seen).delete()[0]


def drop_unseen_assignments(location: VppLocation, seen: dt.datetime) -> int:
    """Those that Apple may still be working on stay."""
    gone = VppAssignment.objects.filter(location=location, updated_at__lt=seen, state__in=HELD)
    pending = Q(event__state=VppEvent.State.PENDING, event__kind=VppEvent.Kind.ASSOCIATE)
    asked_for = Q(state=State.UNWANTED, attempts__gt=0, not_before__gt=timezone.now())
    return gone.exclude(pending).exclude(asked_for).delete()[0]


def count_licences(location: VppLocation, adam_ids: Collection[str] | None = None) -> None:
    """Counts from the assignments, of these apps or of all."""
    with connection.cursor() as cursor:
        told = None if adam_ids is None else list(adam_ids)
        cursor.execute(
            COUNT_SQL,
            {"location": location.pk, "adam_ids": told, "states": [str(each) for each in HELD], "unlimited": UNLIMITED},
        )
