"""Hot statements: prepared once per connection, bound on the server, past the ORM.

Django's own cursors interpolate parameters into the text, so PostgreSQL plans each statement anew; for a statement
with a dozen parts that costs far more than running it. To be planned once, a statement

- spells out what a partial index asks for (its states, `<> ''`): a parameter proves nothing beforehand;
- finds rows by `id = (SELECT … FROM cte)` instead of a join: the plan is kept while tables grow, and a join that was
  cheap over an empty queue is not over a full one;
- stays under 4,096 bytes, above which the driver parses the text anew each time.
"""

from collections.abc import Iterable, Mapping
from typing import Any, LiteralString

import psycopg
from django.db import connection
from psycopg import sql


def spelled_out(text: LiteralString, **parts: sql.Composable) -> bytes:
    """The statement with each `{name}` replaced; parameters (`%(name)s`) stay what they are."""
    return sql.SQL(text).format(**parts).as_bytes()


def literals(values: Iterable[str]) -> sql.Composed:
    """`'a', 'b'` for `IN ({…})`."""
    return sql.SQL(", ").join([sql.Literal(str(value)) for value in values])


def hot_query(statement: LiteralString | bytes, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Runs one statement in the current transaction (or its own) and returns its rows."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, params, prepare=True)
        # `description` would tell too, but makes an object of every column.
        return cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []
