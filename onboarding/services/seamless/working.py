"""Working rows off, in slices: each is one short transaction, so that a worker may be killed anywhere.

The rows of an upload are worked off in their order by one worker at a time; another one takes another upload. Those of
a tenant take turns, since they may speak of the same devices.
"""

import uuid
from collections.abc import Collection, Sequence

import orjson
from django.db import connection, transaction
from django.utils import timezone

from devices.services.groups import lock_tree
from onboarding.models import SeamlessRow, SeamlessUpload
from onboarding.services.seamless.judging import Verdict, judge
from onboarding.services.seamless.matching import apply_registrations, hold_registrations_alone
from onboarding.services.seamless.reasons import failure
from onboarding.services.seamless.registering import register

SLICE = 1000
Status = SeamlessRow.Status

SAVE_SQL = """
UPDATE onboarding_seamlessrow r
SET status = told.status, meta = told.meta::jsonb, assigned_blueprint_id = told.blueprint_id, updated_at = %(now)s
FROM unnest(%(ids)s::uuid[], %(statuses)s::text[], %(metas)s::text[], %(blueprints)s::uuid[])
    AS told (id, status, meta, blueprint_id)
WHERE r.id = told.id
"""


def work_off(upload_id: uuid.UUID) -> None:
    """All of its rows that wait; fewer if another worker is at it."""
    while work_slice(upload_id):
        pass


@transaction.atomic
def work_slice(upload_id: uuid.UUID) -> bool:
    """The next rows of the upload. False: none is left, or another worker is at it.

    The locks in their order: the upload, the tree of groups, whoever enrols, then blueprints, groups and devices.
    """
    held = SeamlessUpload.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    upload = held.select_related("tenant").filter(pk=upload_id, ended_at=None).first()
    if upload is None:
        return False
    lock_tree(upload.tenant_id)
    hold_registrations_alone(upload.tenant_id)
    rows = list(SeamlessRow.objects.filter(upload=upload, status=Status.IN_QUEUE).order_by("line")[:SLICE])
    if rows:
        _work(upload, rows)
    if len(rows) == SLICE:
        return True
    SeamlessUpload.objects.filter(pk=upload.pk).update(ended_at=timezone.now())
    return False


def _work(upload: SeamlessUpload, rows: Sequence[SeamlessRow]) -> None:
    verdicts = judge(upload.tenant, rows)
    register(upload.tenant, [verdict for verdict in verdicts if verdict.accepted])
    known = {verdict.device_id for verdict in verdicts if verdict.accepted and verdict.device_id}
    if known:
        apply_registrations(upload.tenant, known)
    _save(verdicts)


def _save(verdicts: Collection[Verdict]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            SAVE_SQL,
            {
                "ids": [each.row.pk for each in verdicts],
                "statuses": [(Status.SUCCESS if each.accepted else Status.FAILED).value for each in verdicts],
                "metas": [_meta(each) for each in verdicts],
                "blueprints": [each.blueprint_id for each in verdicts],
                "now": timezone.now(),
            },
        )


def _meta(verdict: Verdict) -> str | None:
    return orjson.dumps(failure(verdict.code, verdict.reason)).decode() if verdict.code else None
