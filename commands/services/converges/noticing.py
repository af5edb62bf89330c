"""Noticing that a stage of a converge is over, in the transaction that ends the last of its commands."""

import uuid

from commands.models.status import OPEN
from commands.nudges import nudge_converge
from config.db import hot_query, literals, spelled_out

OVER_SQL = spelled_out(
    """
SELECT s.converge_id FROM commands_convergestep s WHERE s.request_id = %(request)s AND NOT EXISTS (
    SELECT 1 FROM commands_convergestep o JOIN commands_commandstatus r ON r.request_id = o.request_id
    WHERE o.converge_id = s.converge_id AND r.state IN ({open}))
""",
    open=literals(OPEN),
)


def note_ended(request_id: uuid.UUID) -> None:
    """A row of an internal request has moved; what is missed here is swept."""
    for (converge_id,) in hot_query(OVER_SQL, {"request": request_id}):
        nudge_converge(converge_id)
