"""The chunks that Android's compiled resources consist of, and their pools of strings.

Source: ResourceTypes.h of the Android Open Source Project (frameworks/base/libs/androidfw/include/androidfw).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from apps_domain.reading.errors import UnreadableAppError

DAMAGED = "The app's compiled resources are damaged. Build it again, and publish that file."
MAX_CHUNKS = 500_000
MAX_TEXT = 8192  # bytes of a string that are read: names, labels, paths
STRING_POOL = 0x0001
REFERENCE, STRING, FIRST_NUMBER, LAST_NUMBER = 0x01, 0x03, 0x10, 0x11  # types of values
_HEADER = struct.Struct("<2HL")
_POOL = struct.Struct("<5L")
_VALUE = struct.Struct("<H2BL")
_UTF8 = 0x100


@dataclass(frozen=True, slots=True)
class Chunk:
    """`start` and `end` are in `data`; what is between is the header (`body` is its end) and what belongs to it."""

    data: bytes
    kind: int
    start: int
    body: int
    end: int

    def unpack(self, form: struct.Struct, at: int) -> tuple[int, ...]:
        """`at`: in `data`. UnreadableAppError outside of the chunk."""
        if not self.start <= at <= self.end - form.size:
            raise UnreadableAppError(DAMAGED)
        return form.unpack_from(self.data, at)


@dataclass(frozen=True, slots=True)
class Value:
    kind: int
    data: int

    @property
    def is_number(self) -> bool:
        return FIRST_NUMBER <= self.kind <= LAST_NUMBER


def whole_chunk(data: bytes, kind: int) -> Chunk:
    """The one that a file consists of."""
    found = _chunk(data, 0, len(data))
    if found.kind != kind:
        raise UnreadableAppError(DAMAGED)
    return found


def chunks_in(outer: Chunk) -> Iterator[Chunk]:
    at = outer.body
    for _ in range(MAX_CHUNKS):
        if at + _HEADER.size > outer.end:
            return
        inner = _chunk(outer.data, at, outer.end)
        yield inner
        at = inner.end
    raise UnreadableAppError(DAMAGED)


def _chunk(data: bytes, at: int, limit: int) -> Chunk:
    if at + _HEADER.size > limit:
        raise UnreadableAppError(DAMAGED)
    kind, header, size = _HEADER.unpack_from(data, at)
    if header < _HEADER.size or size < header or at + size > limit:
        raise UnreadableAppError(DAMAGED)
    return Chunk(data, kind, at, at + header, at + size)


def read_value(chunk: Chunk, at: int) -> Value:
    _, _, kind, data = chunk.unpack(_VALUE, at)
    return Value(kind, data)


class Strings:
    """A pool of strings, each read when it is asked for."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self._count, _, flags, start, _ = chunk.unpack(_POOL, chunk.start + _HEADER.size)
        self._start = chunk.start + start
        self._is_utf8 = bool(flags & _UTF8)

    def __getitem__(self, index: int) -> str:
        """Empty if there is none: that is what no name and no value look like."""
        if index >= self._count:
            return ""
        (offset,) = self._chunk.unpack(_LONG, self._chunk.body + index * 4)
        at = self._start + offset
        return self._utf8(at) if self._is_utf8 else self._utf16(at)

    def _utf8(self, at: int) -> str:
        for _ in range(2):  # the length in characters, then that in bytes, of one or two bytes each
            (length,) = self._chunk.unpack(_BYTE, at)
            at += 1
            if length & 0x80:
                length = (length & 0x7F) << 8 | self._chunk.unpack(_BYTE, at)[0]
                at += 1
        return self._text(at, length, "utf-8")

    def _utf16(self, at: int) -> str:
        (length,) = self._chunk.unpack(_SHORT, at)
        at += 2
        if length & 0x8000:
            length = (length & 0x7FFF) << 16 | self._chunk.unpack(_SHORT, at)[0]
            at += 2
        return self._text(at, length * 2, "utf-16-le")

    def _text(self, at: int, size: int, encoding: str) -> str:
        if at + size > self._chunk.end:
            raise UnreadableAppError(DAMAGED)
        return self._chunk.data[at : at + min(size, MAX_TEXT)].decode(encoding, errors="replace")


_BYTE, _SHORT, _LONG = struct.Struct("<B"), struct.Struct("<H"), struct.Struct("<L")
