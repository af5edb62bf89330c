"""Property lists of devices and apps (XML and binary), read within bounds whoever made them; written as XML."""

from __future__ import annotations

import plistlib
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.parsers.expat import ExpatError

MAX_BYTES = 8 * 1024 * 1024
MAX_XML_DEPTH = 64
MAX_XML_TAGS = 600_000  # opening and closing ones; a Mac with a thousand apps sends some 50,000
MAX_BINARY_DEPTH = 16
MAX_BINARY_OBJECTS = 65_536
MAX_BINARY_VALUES = 4 * MAX_BINARY_OBJECTS  # an object referred to twice counts twice

_BINARY_MAGIC = b"bplist00"
_NO_XML = ("\ufffe".encode(), "\uffff".encode())  # https://www.w3.org/TR/xml/#charsets; plistlib writes them
_TRAILER = struct.Struct(">6xBBQQQ")
_INTEGERS = range(-(2**63), 2**64)  # what the binary form holds; XML could write any, and str() of those may raise
_FIRST_SECOND = datetime(2001, 1, 1, tzinfo=UTC)
_INTEGER_FORMATS = {1: ">B", 2: ">H", 4: ">I", 8: ">q"}
_REAL_FORMATS = {4: ">f", 8: ">d"}


class PlistError(ValueError):
    """The bytes are no property list with a dictionary on top, or exceed a bound."""


def loads(data: bytes, *, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """The dictionary a property list holds. Dates become aware (UTC). PlistError for anything else."""
    if len(data) > max_bytes:
        raise PlistError(f"property list of {len(data)} octets is too large")
    value = _BinaryReader(data).read() if data.startswith(_BINARY_MAGIC) else _read_xml(data)
    if not isinstance(value, dict):
        raise PlistError("property list does not hold a dictionary")
    return value


def dumps(value: dict[str, Any]) -> bytes:
    """The XML form. Keys keep their order; aware dates become UTC. PlistError for what a property list cannot hold."""
    try:
        written = plistlib.dumps(_with_dates(value, _naive, MAX_XML_DEPTH), fmt=plistlib.FMT_XML, sort_keys=False)
    except (TypeError, OverflowError, ValueError) as error:
        raise PlistError(f"not a property list: {error}") from error
    if any(character in written for character in _NO_XML):
        raise PlistError("strings can't contain the characters U+FFFE and U+FFFF")
    return written


def _read_xml(data: bytes) -> Any:
    if data.count(b"<") > MAX_XML_TAGS:
        raise PlistError("property list has too many elements")
    try:
        value = plistlib.loads(data.lstrip(), fmt=plistlib.FMT_XML)
    except (ValueError, ExpatError, LookupError, AttributeError, TypeError, OverflowError) as error:
        # plistlib stumbles over well-formed XML that is no property list in all these ways.
        raise PlistError(f"malformed XML property list: {error}") from error
    return _with_dates(value, _aware, MAX_XML_DEPTH)


def _with_dates(value: Any, convert: Callable[[datetime], datetime], depth: int) -> Any:
    """A copy with every date converted; also the check of depth, keys and integers."""
    kind = type(value)
    if kind is int and value not in _INTEGERS:
        raise PlistError("property list has an integer of more than 64 bits")
    if kind is str or kind is bool or kind is int or kind is bytes:
        return value
    if isinstance(value, dict | list | tuple):
        if depth <= 0:
            raise PlistError("property list is nested too deeply")
        if not isinstance(value, dict):
            return [_with_dates(item, convert, depth - 1) for item in value]
        if not all(type(key) is str for key in value):
            raise PlistError("property list has a key that is no string")
        return {key: _with_dates(item, convert, depth - 1) for key, item in value.items()}
    return convert(value) if isinstance(value, datetime) else value


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


class _BinaryReader:
    """One binary property list. Format: a table of objects that refer to each other by number.

    Every visit of an object counts, not only every object: references shared level by level would otherwise unfold
    into an exponentially large value. For the same reason the octets handed out are bounded.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        if len(data) < len(_BINARY_MAGIC) + _TRAILER.size:
            raise PlistError("binary property list is cut off")
        offset_size, self._reference_size, count, self._top, table = _TRAILER.unpack(data[-_TRAILER.size :])
        self._end = table  # no object may reach into the table of offsets
        table_end = table + count * offset_size
        if not (1 <= offset_size <= 8 and 1 <= self._reference_size <= 8 and 0 < count <= MAX_BINARY_OBJECTS):
            raise PlistError("binary property list has impossible or too many objects")
        if table < len(_BINARY_MAGIC) or table_end > len(data) - _TRAILER.size:
            raise PlistError("binary property list is cut off")
        self._offsets = [
            int.from_bytes(data[position : position + offset_size], "big")
            for position in range(table, table_end, offset_size)
        ]
        self._values_left = MAX_BINARY_VALUES
        self._octets_left = 4 * len(data) + 4096
        self._scalars: dict[int, Any] = {}

    def read(self) -> Any:
        return self._value(self._top, MAX_BINARY_DEPTH)

    def _value(self, reference: int, depth: int) -> Any:
        self._values_left -= 1
        if self._values_left < 0 or depth < 0:
            raise PlistError("binary property list is nested too deeply or refers to itself")
        if reference >= len(self._offsets):
            raise PlistError("binary property list refers to an object it lacks")
        offset = self._offsets[reference]
        if not len(_BINARY_MAGIC) <= offset < self._end:
            raise PlistError("binary property list has an object out of place")
        kind, low = divmod(self._data[offset], 16)
        if kind == 0xA:
            start, count = self._extent(offset, low)
            return [self._value(item, depth - 1) for item in self._references(start, count)]
        if kind == 0xD:
            return self._dictionary(offset, low, depth)
        if reference not in self._scalars:
            self._scalars[reference] = self._scalar(offset, kind, low)
        value = self._scalars[reference]
        if isinstance(value, str | bytes):
            self._octets_left -= len(value)
            if self._octets_left < 0:
                raise PlistError("binary property list unfolds into too much")
        return value

    def _dictionary(self, offset: int, low: int, depth: int) -> dict[str, Any]:
        start, count = self._extent(offset, low)
        references = self._references(start, 2 * count)
        result: dict[str, Any] = {}
        for key_reference, value_reference in zip(references[:count], references[count:], strict=True):
            key = self._value(key_reference, depth - 1)
            if not isinstance(key, str):
                raise PlistError("property list has a key that is no string")
            result[key] = self._value(value_reference, depth - 1)
        return result

    def _scalar(self, offset: int, kind: int, low: int) -> Any:
        if kind == 0x0 and low in (0x8, 0x9):
            return low == 0x9
        if kind == 0x1:
            return self._integer(offset + 1, 1 << low)
        if kind == 0x2:
            return self._real(offset + 1, 1 << low)
        if kind == 0x3 and low == 0x3:
            return self._date(self._real(offset + 1, 8))
        if kind == 0x4:
            return self._take(*self._extent(offset, low))
        try:
            if kind == 0x5:
                return self._take(*self._extent(offset, low)).decode("ascii")
            if kind == 0x6:
                start, count = self._extent(offset, low)
                return self._take(start, 2 * count).decode("utf-16-be")
        except UnicodeDecodeError as error:
            raise PlistError("binary property list has a malformed string") from error
        raise PlistError(f"binary property list has an object of unknown kind 0x{kind:x}{low:x}")

    def _extent(self, offset: int, low: int) -> tuple[int, int]:
        """Where an object's content starts, and its count; a count of 15 and more follows as an integer object."""
        if low != 0xF:
            return offset + 1, low
        marker = self._take(offset + 1, 1)[0]
        size = 1 << (marker & 0xF)
        if marker >> 4 != 0x1 or size > 8:
            raise PlistError("binary property list has a malformed count")
        return offset + 2 + size, int.from_bytes(self._take(offset + 2, size), "big")

    def _references(self, start: int, count: int) -> list[int]:
        size = self._reference_size
        if count > self._values_left:
            raise PlistError("binary property list unfolds into too much")
        octets = self._take(start, count * size)
        return [int.from_bytes(octets[position : position + size], "big") for position in range(0, len(octets), size)]

    def _take(self, start: int, size: int) -> bytes:
        if start + size > self._end:
            raise PlistError("binary property list is cut off")
        return self._data[start : start + size]

    def _integer(self, start: int, size: int) -> int:
        if size == 16:
            return int.from_bytes(self._take(start, 16), "big", signed=True)
        return int(self._number(start, size, _INTEGER_FORMATS))

    def _real(self, start: int, size: int) -> float:
        return float(self._number(start, size, _REAL_FORMATS))

    def _number(self, start: int, size: int, formats: dict[int, str]) -> int | float:
        if size not in formats:
            raise PlistError("binary property list has a number of unknown size")
        number: int | float = struct.unpack(formats[size], self._take(start, size))[0]
        return number

    def _date(self, seconds: float) -> datetime:
        try:
            return _FIRST_SECOND + timedelta(seconds=seconds)
        except (OverflowError, ValueError) as error:
            raise PlistError("binary property list has an impossible date") from error
