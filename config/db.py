"""Hot statements: prepared once per connection, bound on the server, past the ORM.

Django's own cursors interpolate parameters into the text, so PostgreSQL plans each statement anew; for a statement
with a dozen parts that costs more than running it.
"""

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg
from django.db import connection


def hot_query(sql: LiteralString, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Runs one statement in the current transaction (or its own) and returns its rows."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, params, prepare=True)
        return cursor.fetchall() if cursor.description else []
