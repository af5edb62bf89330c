"""resources.arsc: what a reference in an Android manifest stands for, in each configuration.

Source: ResourceTypes.h of the Android Open Source Project, ResTable_type and ResTable_entry.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from apps_domain.reading.android_chunks import (
    REFERENCE,
    STRING,
    STRING_POOL,
    Chunk,
    Strings,
    Value,
    chunks_in,
    read_value,
    whole_chunk,
)

_TABLE, _PACKAGE, _TYPE = 0x0002, 0x0200, 0x0201
_SPARSE, _OFFSET16 = 0x01, 0x02
_COMPLEX, _COMPACT = 0x0001, 0x0008
_NONE = 0xFFFFFFFF
_LONG, _SHORT, _PAIR = struct.Struct("<L"), struct.Struct("<H"), struct.Struct("<2H")
_TYPE_HEADER = struct.Struct("<2BH2L")
_CONFIG = struct.Struct("<L2H2s2s2BH")
_ENTRY = struct.Struct("<2HL")
MAX_STEPS = 8  # from reference to reference
MAX_TEXTS = 1000
ANY_DENSITY = 0xFFFE


@dataclass(frozen=True)
class Text:
    """A string value, and for which language ("" for all) and screen density it is."""

    text: str
    language: str
    density: int


class Resources:
    def __init__(self, data: bytes) -> None:
        """UnreadableAppError, here or later, where the table is damaged."""
        table = whole_chunk(data, _TABLE)
        self._packages = [chunk for chunk in chunks_in(table) if chunk.kind == _PACKAGE]
        pools = (Strings(chunk) for chunk in chunks_in(table) if chunk.kind == STRING_POOL)
        self._strings = next(pools, None)

    def texts(self, reference: int) -> list[Text]:
        """All that the reference may stand for, references of it included."""
        found: list[Text] = []
        wanted, seen = [reference], set[int]()
        while wanted and len(seen) < MAX_STEPS:
            seen.add(current := wanted.pop(0))
            for language, density, value in self._values(current):
                if len(found) >= MAX_TEXTS:
                    return found
                if value.kind == STRING and self._strings is not None:
                    found.append(Text(self._strings[value.data], language, density))
                elif value.kind == REFERENCE and value.data not in seen:
                    wanted.append(value.data)
        return found

    def _values(self, reference: int) -> Iterator[tuple[str, int, Value]]:
        package, kind, entry = reference >> 24, reference >> 16 & 0xFF, reference & 0xFFFF
        for chunk in self._packages:
            if chunk.unpack(_LONG, chunk.start + 8)[0] != package:
                continue
            for inner in chunks_in(chunk):
                if inner.kind == _TYPE and inner.unpack(_TYPE_HEADER, inner.start + 8)[0] == kind:
                    yield from _value_in(inner, entry)


def _value_in(chunk: Chunk, entry: int) -> Iterator[tuple[str, int, Value]]:
    _, flags, _, count, start = chunk.unpack(_TYPE_HEADER, chunk.start + 8)
    _, _, _, language, _, _, _, density = chunk.unpack(_CONFIG, chunk.start + 20)
    offset = _offset(chunk, flags, count, entry)
    if offset is None:
        return
    at = chunk.start + start + offset
    size, entry_flags, data = chunk.unpack(_ENTRY, at)
    words = bytes(language).rstrip(b"\0").decode("ascii", errors="replace")
    if entry_flags & _COMPACT:
        yield words, density, Value(entry_flags >> 8, data)
    elif not entry_flags & _COMPLEX:
        yield words, density, read_value(chunk, at + size)


def _offset(chunk: Chunk, flags: int, count: int, entry: int) -> int | None:
    """Of an entry among the entries of its type; None if there is none in this configuration."""
    if flags & _SPARSE:
        for at in range(chunk.body, min(chunk.body + count * 4, chunk.end - 3), 4):
            index, quarter = chunk.unpack(_PAIR, at)
            if index == entry:
                return quarter * 4
        return None
    if entry >= count:
        return None
    if flags & _OFFSET16:
        (quarter,) = chunk.unpack(_SHORT, chunk.body + entry * 2)
        return None if quarter == 0xFFFF else quarter * 4
    (offset,) = chunk.unpack(_LONG, chunk.body + entry * 4)
    return None if offset == _NONE else offset
