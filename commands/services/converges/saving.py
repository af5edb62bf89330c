"""Writing many converges back in one statement: Django's own way costs more than all else that is done for them."""

from collections.abc import Sequence

import orjson
from django.db import connection

from commands.models import Converge

COLUMNS = {
    "blueprint_id": "uuid", "blueprint_version_id": "uuid", "status": "text", "reason": "text", "stage": "int",
    "first_step": "int", "differences": "jsonb", "not_before": "timestamptz", "closes_at": "timestamptz",
    "began_at": "timestamptz", "ended_at": "timestamptz", "updated_at": "timestamptz", "command_status_id": "uuid",
}  # fmt: skip
SAVE_SQL = f"""
UPDATE commands_converge c SET {", ".join(f"{name} = t.{name}" for name in COLUMNS)}
FROM unnest(%(id)s::uuid[], {", ".join(f"%({name})s::{kind}[]" for name, kind in COLUMNS.items())})
    AS t(id, {", ".join(COLUMNS)})
WHERE c.id = t.id
"""


def save_converges(rows: Sequence[Converge]) -> None:
    """All that changes while they run. Their rows are held by the caller."""
    if not rows:
        return
    values = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    values["differences"] = [orjson.dumps(row.differences).decode() for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(SAVE_SQL, {**values, "id": [row.pk for row in rows]})
