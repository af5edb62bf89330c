"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable

from django.db import connection

WAITING_SQL = """
SELECT count(DISTINCT waiting.pid) FROM pg_locks waiting JOIN pg_locks held USING (pid)
WHERE NOT waiting.granted AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Returns when it holds. AssertionError when it does not within the time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def waiting_for_locks() -> int:
    """Connections that wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING_SQL)
        return int(cursor.fetchone()[0])
