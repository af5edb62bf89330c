"""The directory at the end of a ZIP archive, ZIP64 included. Source: PKWARE's APPNOTE.TXT 6.3.10, 4.3.12 to 4.3.16."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from apps_domain.reading.errors import UnreadableAppError

MAX_ENTRIES = 100_000
MAX_DIRECTORY = 24 * 1024**2  # bytes, read at once
NO_ARCHIVE = "The file is no ZIP archive, so it is no app. Upload the .ipa file itself."
_DAMAGED = "The archive's directory is damaged, or the upload was cut off. Upload the whole file again."

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_RECORD = struct.Struct("<4s6H3L5H2L")
_MAX_COMMENT = 65_535
_FULL32 = 0xFFFFFFFF  # "see the ZIP64 field"
_FULL = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, _FULL32, _FULL32)  # "see the ZIP64 record", of the end record's numbers


@dataclass(frozen=True, slots=True)
class Record:
    """What the directory says of one file."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int


@dataclass(frozen=True)
class Directory:
    offset: int
    records: Iterator[Record]


def read_directory(file: IO[bytes]) -> Directory:
    """Where it lies, and its records, read one after the other. UnreadableAppError if it is none or out of bounds."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise UnreadableAppError(NO_ARCHIVE)
    count, length, offset = _end_of_archive(file, size)
    if count > MAX_ENTRIES or length > MAX_DIRECTORY:
        raise UnreadableAppError(f"The archive holds {count} files; {MAX_ENTRIES} is the most that is taken.")
    file.seek(offset)
    data = file.read(length)
    if len(data) != length:
        raise UnreadableAppError(_DAMAGED)
    return Directory(offset, _records(data, count))


def _end_of_archive(file: IO[bytes], size: int) -> tuple[int, int, int]:
    """Number of files, length and offset of the directory, which must end where the end record begins."""
    file.seek(max(size - _END.size - _MAX_COMMENT, 0))
    tail = file.read(_END.size + _MAX_COMMENT)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise UnreadableAppError(_DAMAGED)
    _, *told, comment = _END.unpack_from(tail, at)
    end = size - len(tail) + at
    if end + _END.size + comment != size:
        raise UnreadableAppError(_DAMAGED)
    *told, end = _end64(file, end, told)
    disk, first_disk, here, count, length, offset = told
    if disk or first_disk or here != count or offset + length != end:
        raise UnreadableAppError(_DAMAGED)
    return count, length, offset


def _end64(file: IO[bytes], end: int, told: list[int]) -> list[int]:
    """The numbers of the ZIP64 record before the end record, if there is one, and where the directory has to end.

    What the end record says itself must be the same.
    """
    file.seek(max(end - _LOCATOR.size, 0))
    located = file.read(_LOCATOR.size)
    if located[:4] != b"PK\x06\x07":
        return [*told, end]
    start = _LOCATOR.unpack(located)[2]
    if end < _LOCATOR.size + _END64.size or start > end - _LOCATOR.size - _END64.size:
        raise UnreadableAppError(_DAMAGED)
    file.seek(start)
    record = file.read(_END64.size)
    mark, length, _, _, *wide = _END64.unpack(record)
    same = all(small in (full, large) for small, full, large in zip(told, _FULL, wide, strict=True))
    if mark != b"PK\x06\x06" or start + 12 + length != end - _LOCATOR.size or not same:
        raise UnreadableAppError(_DAMAGED)
    return [*wide, start]


def _records(data: bytes, count: int) -> Iterator[Record]:
    at = 0
    for _ in range(count):
        if at + _RECORD.size > len(data) or data[at : at + 4] != b"PK\x01\x02":
            raise UnreadableAppError(_DAMAGED)
        fields = _RECORD.unpack_from(data, at)
        name_at = at + _RECORD.size
        extra_at = name_at + fields[10]
        at = extra_at + fields[11] + fields[12]
        if at > len(data):
            raise UnreadableAppError(_DAMAGED)
        extra = data[extra_at : extra_at + fields[11]]
        packed, size, offset = _wide(extra, packed=fields[8], size=fields[9], offset=fields[16])
        name = data[name_at:extra_at]
        yield Record(name, fields[3], fields[4], fields[7], packed, size, offset, fields[15] >> 16)
    if at != len(data):
        raise UnreadableAppError(_DAMAGED)


def _wide(extra: bytes, *, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """The same numbers, those that did not fit from the ZIP64 field, where they stand in this order: size first."""
    if _FULL32 not in (packed, size, offset):
        return packed, size, offset
    numbers = _zip64_numbers(extra)
    try:
        size = next(numbers) if size == _FULL32 else size
        packed = next(numbers) if packed == _FULL32 else packed
        offset = next(numbers) if offset == _FULL32 else offset
    except StopIteration:
        raise UnreadableAppError(_DAMAGED) from None
    return packed, size, offset


def _zip64_numbers(extra: bytes) -> Iterator[int]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            return iter([int.from_bytes(field[i : i + 8], "little") for i in range(0, len(field) - 7, 8)])
        at += 4 + length
    return iter(())
