"""AndroidManifest.xml in its compiled form: the few elements and attributes that matter here.

Source: ResourceTypes.h of the Android Open Source Project; numbers of attributes are those of android.R.attr.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from apps_domain.reading.android_chunks import (
    DAMAGED,
    STRING,
    STRING_POOL,
    Chunk,
    Strings,
    Value,
    chunks_in,
    read_value,
    whole_chunk,
)
from apps_domain.reading.errors import UnreadableAppError

VERSION_CODE, VERSION_NAME, VERSION_CODE_MAJOR = 0x0101021B, 0x0101021C, 0x01010576
LABEL, ICON, MIN_SDK_VERSION = 0x01010001, 0x01010002, 0x0101020C
_XML, _RESOURCE_MAP, _START, _END = 0x0003, 0x0180, 0x0102, 0x0103
_ELEMENT = struct.Struct("<2L6H")
_ATTRIBUTE = struct.Struct("<3L")
_NODE_HEADER = 16
_NUMBER = struct.Struct("<L")
MAX_DEPTH = 100
MAX_ATTRIBUTES = 500

Attributes = dict[int | str, Value]


@dataclass(frozen=True)
class Manifest:
    """Attributes by their number, or by their name where they have none, of `<manifest>` and of two elements in it."""

    strings: Strings
    root: Attributes
    application: Attributes
    uses_sdk: Attributes

    def text(self, value: Value | None) -> str:
        return self.strings[value.data] if value is not None and value.kind == STRING else ""


def read_manifest(data: bytes) -> Manifest:
    """UnreadableAppError if it is no compiled manifest."""
    pools: list[Strings] = []
    numbers: list[int] = []
    found: dict[tuple[str, ...], Attributes] = {}
    path: list[str] = []
    for chunk in chunks_in(whole_chunk(data, _XML)):
        if chunk.kind == STRING_POOL and not pools:
            pools.append(Strings(chunk))
        elif chunk.kind == _RESOURCE_MAP:
            numbers = [chunk.unpack(_NUMBER, at)[0] for at in range(chunk.body, chunk.end - 3, 4)]
        elif chunk.kind == _START:
            path.append(_name(chunk, pools))
            if len(path) <= 2:
                found.setdefault(tuple(path), dict(_attributes(chunk, pools[0], numbers)))
        elif chunk.kind == _END and path:
            path.pop()
        if len(path) > MAX_DEPTH:
            raise UnreadableAppError(DAMAGED)
    if ("manifest",) not in found:
        raise UnreadableAppError(DAMAGED)
    inner = [found.get(("manifest", name), {}) for name in ("application", "uses-sdk")]
    return Manifest(pools[0], found["manifest",], *inner)


def _name(chunk: Chunk, pools: list[Strings]) -> str:
    if not pools:
        raise UnreadableAppError(DAMAGED)
    return pools[0][chunk.unpack(_ELEMENT, chunk.start + _NODE_HEADER)[1]]


def _attributes(chunk: Chunk, strings: Strings, numbers: list[int]) -> Iterator[tuple[int | str, Value]]:
    extension = chunk.start + _NODE_HEADER
    _, _, start, size, count, *_ = chunk.unpack(_ELEMENT, extension)
    if count > MAX_ATTRIBUTES:
        raise UnreadableAppError(DAMAGED)
    for at in range(extension + start, extension + start + count * size, size or 1):
        _, name, _ = chunk.unpack(_ATTRIBUTE, at)
        yield numbers[name] if name < len(numbers) else strings[name], read_value(chunk, at + _ATTRIBUTE.size)
