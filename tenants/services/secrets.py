"""Sealing anew, under the first of ENCRYPTION_KEYS, what lies in the database under another one.

Sealed columns are found through the app registry, whichever room they are in. Rows are taken in the order of their
primary key, some at a time, each time in a short transaction that locks them: what is written meanwhile is not
overwritten, and a run that was stopped is continued by the next one.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from operator import or_
from typing import Any

import structlog
from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Func, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Length
from psycopg import sql

from config.db import hot_query, spelled_out
from tenants.sealing import SealedField, SealError, beginning, context_of, key_ids, seal, unseal

log = structlog.get_logger(__name__)

BATCH = 500  # rows of a transaction at most
BATCH_BYTES = 8 * 1024 * 1024  # and their sealed values, except for a single row that has more
HEAD = 34  # bytes of a sealed value before its nonce at most

Sealing = dict[str, bytes]  # sealed anew, by column


@dataclass(frozen=True)
class SealedTable:
    model: type[models.Model]
    fields: tuple[SealedField, ...]

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def columns(self) -> list[str]:
        return [str(field.column) for field in self.fields]


@dataclass(frozen=True)
class Unopened:
    """A value that could not be sealed anew, since it does not open."""

    table: str
    column: str
    row_id: str
    reason: str


@dataclass(frozen=True)
class KeyUse:
    """How many values lie under a key."""

    key_id: str  # empty: no key, the value is damaged
    values: int
    is_known: bool  # in ENCRYPTION_KEYS
    seals: bool = False  # the first of them

    @property
    def is_removable(self) -> bool:
        return self.is_known and not self.seals and not self.values


def sealed_tables() -> list[SealedTable]:
    found = []
    for model in apps.get_models(include_auto_created=True):
        fields = tuple(field for field in model._meta.local_concrete_fields if isinstance(field, SealedField))
        if fields and model._meta.managed and not model._meta.proxy:
            found.append(SealedTable(model, fields))
    return sorted(found, key=lambda table: table.name)


def rotate_secrets(
    *,
    batch: int = BATCH,
    dry_run: bool = False,
    told: Callable[[str, int], object] = lambda table, values: None,
    missed: Callable[[Unopened], object] = lambda value: None,
) -> Counter[str]:
    """How many values of each table were sealed anew, or would be.

    `told` hears of the values of each transaction, `missed` of each value that does not open.
    """
    total: Counter[str] = Counter()
    for table in sealed_tables():
        for ids in _slices(table, batch):
            values = _rotate_slice(table, ids, dry_run, missed)
            total[table.name] += values
            told(table.name, values)
    if total.total() and not dry_run:
        log.info("secrets_rotated", key=key_ids()[0], **total)
    return total


def _slices(table: SealedTable, batch: int) -> Iterator[list[Any]]:
    """Primary keys of rows with a value under another key than the first."""
    sizes = [Coalesce(Length(field.attname), 0) for field in table.fields]
    rows = _due(table).order_by("pk").annotate(_sealed_bytes=sum(sizes[1:], start=sizes[0]))
    found = list(rows.values_list("pk", "_sealed_bytes")[:batch])
    while found:
        sums = accumulate(size for _, size in found)
        ids = [pk for (pk, _), size in zip(found, sums, strict=True) if size <= BATCH_BYTES] or [found[0][0]]
        yield ids
        found = list(rows.filter(pk__gt=ids[-1]).values_list("pk", "_sealed_bytes")[:batch])


def _due(table: SealedTable) -> QuerySet[models.Model]:
    current = beginning()
    rows = table.model._base_manager.all()
    heads = {
        f"_head_of_{field.attname}": Func(
            field.attname, Value(1), Value(len(current)), function="substring", output_field=models.BinaryField()
        )
        for field in table.fields
    }
    other = [
        Q(**{f"{field.attname}__isnull": False}) & ~Q(**{f"_head_of_{field.attname}": current})
        for field in table.fields
    ]
    due: QuerySet[models.Model] = rows.alias(**heads).filter(reduce(or_, other))
    return due


def _rotate_slice(table: SealedTable, ids: list[Any], dry_run: bool, missed: Callable[[Unopened], object]) -> int:
    columns = [field.attname for field in table.fields]
    rows = table.model._base_manager.filter(pk__in=ids).order_by("pk")
    if dry_run:
        return sum(len(_sealed_anew(table, row, missed)) for row in rows.values_list("pk", *columns))
    with transaction.atomic():
        locked = rows.select_for_update(no_key=True).values_list("pk", *columns)
        anew = {row[0]: sealing for row in locked if (sealing := _sealed_anew(table, row, missed))}
        if anew:
            _write(table, anew)
    return sum(len(sealing) for sealing in anew.values())


def _sealed_anew(table: SealedTable, row: tuple[Any, ...], missed: Callable[[Unopened], object]) -> Sealing:
    """The row's values that are not under the first key, under it."""
    current, anew = beginning(), Sealing()
    for field, value in zip(table.fields, row[1:], strict=True):
        if value is None or value.startswith(current):
            continue
        context, column = context_of(table.model, field.attname, row[0]), str(field.column)
        try:
            anew[column] = seal(unseal(value, context=context), context=context)
        except SealError as error:
            missed(Unopened(table.name, column, str(row[0]), error.reason))
    return anew


def _write(table: SealedTable, anew: dict[Any, Sealing]) -> None:
    """In one statement. The rows are locked."""
    key = table.model._meta.pk
    names = [sql.Identifier(column) for column in table.columns]
    statement = spelled_out(
        "UPDATE {table} t SET {sets} FROM unnest(%(ids)s::{type}[], {arrays}) v(id, {names}) WHERE t.{key} = v.id",
        table=sql.Identifier(table.name),
        sets=sql.SQL(", ").join(sql.SQL("{0} = coalesce(v.{0}, t.{0})").format(name) for name in names),
        type=sql.SQL(str(key.rel_db_type(connection))),
        arrays=sql.SQL(", ").join(sql.SQL(f"%(c{number})s::bytea[]") for number in range(len(names))),
        names=sql.SQL(", ").join(names),
        key=sql.Identifier(str(key.column)),
    )
    values = {f"c{n}": [sealing.get(column) for sealing in anew.values()] for n, column in enumerate(table.columns)}
    hot_query(statement, {"ids": list(anew), **values})


USES_SQL = """
SELECT CASE WHEN get_byte(head, 0) = 1 AND get_byte(head, 1) BETWEEN 1 AND 32
    THEN substring(head FROM 3 FOR get_byte(head, 1)) ELSE '' END, count(*)
FROM (SELECT substring({column} FROM 1 FOR 34) || '\\x0000' AS head FROM {table} WHERE {column} IS NOT NULL) heads
GROUP BY 1
"""


def uses_of_keys() -> list[KeyUse]:
    """Of the keys in ENCRYPTION_KEYS in their order, then of those that are missing there."""
    known = key_ids()
    found: Counter[str] = Counter(dict.fromkeys(known, 0))
    for table in sealed_tables():
        for column in table.columns:
            names = {"column": sql.Identifier(column), "table": sql.Identifier(table.name)}
            for head, count in hot_query(spelled_out(USES_SQL, **names), {}):
                found[bytes(head).decode(errors="replace")] += count
    return [KeyUse(key, count, key in known, key == known[0]) for key, count in found.items()]
