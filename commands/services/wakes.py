"""Setting the wake timers of devices that now have something waiting."""

import uuid
from collections.abc import Sequence

from django.db import connection
from django.utils import timezone

# They are pushed, unless a push is out that they have not come for yet.
WAKE_SQL = """
UPDATE commands_appleenrolment SET wake_at = %(now)s WHERE id IN (
    SELECT e.id FROM commands_appleenrolment e LEFT JOIN devices_heartbeat h ON h.device_id = e.device_id
    WHERE e.device_id = ANY(%(devices)s) AND e.channel = 'device'
        AND e.enabled_at IS NOT NULL AND e.push_token_dead_at IS NULL
        AND (e.wake_at IS NULL OR e.wake_at > %(now)s AND h.last_seen > e.pushed_at)
    ORDER BY e.id FOR NO KEY UPDATE OF e {busy}
)
"""


def wake(device_ids: Sequence[uuid.UUID], *, skip_busy: bool = False) -> None:
    """`skip_busy`: for callers that hold queue rows, which a connection locks after its enrolment.

    The devices that are in contact just then are left to the sweep for lost wakes.
    """
    if not device_ids:
        return
    with connection.cursor() as cursor:
        sql = WAKE_SQL.format(busy="SKIP LOCKED" if skip_busy else "")
        cursor.execute(sql, {"devices": list(device_ids), "now": timezone.now()})
