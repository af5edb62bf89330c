"""ZIP archives, read by their directory alone and within bounds.

Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.4. Stricter than it: what an installer on a device could read in
another way than we did is refused, not interpreted.
"""

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from apps_domain.reading.errors import UnreadableAppError
from apps_domain.reading.zip_directory import Record, read_directory

MAX_UNPACKED = 32 * 1024**3  # what all files would take
SUSPICIOUS_SIZE = 256 * 1024**2  # from which on a ratio is looked at
MAX_RATIO = 100
STORED, DEFLATED = 0, 8
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UTF8 = 0x800
_HEADER = struct.Struct("<4s5H3L2H")
_LOCAL_HEADER = _HEADER.size
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    raw_name: bytes
    method: int
    packed: int
    size: int
    crc: int
    offset: int


class Archive:
    """An archive whose whole directory was checked. UnreadableAppError if it lies or is not to be trusted.

    `entries` are by name; none of the names leads out of the folder that the archive would be unpacked into.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.entries: dict[str, Entry] = {}
        directory = read_directory(file)
        self._end = directory.offset
        spans: list[tuple[int, int]] = []
        for record in directory.records:
            name = _name(record)
            if name in self.entries:
                raise UnreadableAppError(f"The archive holds {_shown(name)} twice. Pack it again.")
            self.entries[name] = entry = _entry(name, record)
            spans.append((entry.offset, entry.offset + _LOCAL_HEADER + len(entry.raw_name) + entry.packed))
        _check_spans(spans, self._end)
        self._check_sizes()

    @property
    def directory_offset(self) -> int:
        return self._end

    def read(self, name: str, *, limit: int) -> bytes:
        """All of a file; UnreadableAppError if it is larger than `limit`, or not what the directory says."""
        entry = self.entries[name]
        if entry.size > limit:
            raise UnreadableAppError(f"{_shown(name)} in the archive is larger than {limit} bytes.")
        data = b"".join(self._unpacked(entry, entry.size + 1))
        if len(data) != entry.size or zlib.crc32(data) != entry.crc:
            raise _damaged(name)
        return data

    def head(self, name: str, *, size: int) -> bytes:
        """The first bytes of a file, unchecked."""
        entry = self.entries[name]
        return b"".join(self._unpacked(entry, min(size, entry.size)))

    def _check_sizes(self) -> None:
        unpacked = sum(entry.size for entry in self.entries.values())
        packed = sum(entry.packed for entry in self.entries.values())
        if unpacked > MAX_UNPACKED or (unpacked > SUSPICIOUS_SIZE and unpacked > MAX_RATIO * packed):
            raise UnreadableAppError(
                f"The archive would unpack to {unpacked // 1024**2} MiB out of {packed // 1024**2}: no app does that. "
                "It was refused as a zip bomb."
            )

    def _unpacked(self, entry: Entry, limit: int) -> Iterator[bytes]:
        """No more than `limit` bytes, whatever the data would unpack to."""
        left, source = limit, self._packed(entry)
        if entry.method == STORED:
            yield from _first(source, left)
            return
        unpacker = zlib.decompressobj(-15)
        try:
            for piece in source:
                while left > 0 and piece:
                    out = unpacker.decompress(piece, min(left, _PIECE))
                    piece, left = unpacker.unconsumed_tail, left - len(out)
                    yield out
                if left <= 0 or unpacker.eof:
                    return
            yield unpacker.decompress(b"", left)
        except zlib.error:
            raise _damaged(_text(entry.raw_name)) from None

    def _packed(self, entry: Entry) -> Iterator[bytes]:
        start = self._start_of_data(entry)
        self._file.seek(start)
        left = entry.packed
        while left > 0:
            piece = self._file.read(min(left, _PIECE))
            if not piece:
                raise _damaged(_text(entry.raw_name))
            left -= len(piece)
            yield piece

    def _start_of_data(self, entry: Entry) -> int:
        """Behind the file's own header, which must tell the same as the directory: name, method, no password."""
        self._file.seek(entry.offset)
        header = self._file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER:
            raise _damaged(_text(entry.raw_name))
        mark, _, flags, method, *_, name_size, extra_size = _HEADER.unpack(header)
        start = entry.offset + _LOCAL_HEADER + name_size + extra_size
        same = (mark, method, self._file.read(name_size)) == (b"PK\x03\x04", entry.method, entry.raw_name)
        if not same or flags & _ENCRYPTED or start + entry.packed > self._end:
            raise _damaged(_text(entry.raw_name))
        return int(start)


def _entry(name: str, record: Record) -> Entry:
    if record.flags & _ENCRYPTED:
        raise UnreadableAppError("The archive is protected by a password. Pack it without one.")
    if record.method not in (STORED, DEFLATED):
        raise UnreadableAppError(
            f"{_shown(name)} in the archive is compressed by method {record.method}, which devices cannot unpack. "
            "Pack it again with the usual one (deflate)."
        )
    if stat.S_IFMT(record.mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UnreadableAppError(f"{_shown(name)} in the archive is a link or a device, no file. Pack it without.")
    if record.method == STORED and record.packed != record.size:
        raise _damaged(name)
    return Entry(record.raw_name, record.method, record.packed, record.size, record.crc, record.offset)


def _name(record: Record) -> str:
    try:
        name = record.raw_name.decode()
    except UnicodeDecodeError:
        if record.flags & _UTF8:
            raise UnreadableAppError("A name in the archive is not in UTF-8 as it says. Pack it again.") from None
        name = record.raw_name.decode("cp437")
    parts = name.removesuffix("/").split("/")
    odd = "\\" in name or ":" in parts[0] or any(ord(character) < 32 for character in name)
    if odd or any(part in ("", ".", "..") for part in parts):
        raise UnreadableAppError(
            f"The archive holds a file named {_shown(name)}, which does not stay in its folder. Pack it again from "
            "within the folder."
        )
    return name


def _check_spans(spans: list[tuple[int, int]], end: int) -> None:
    """No file's data may lie in another's: that is how small archives unpack to petabytes."""
    spans.sort()
    limits = [start for start, _ in spans[1:]] + [end]
    if any(stop > limit for (_, stop), limit in zip(spans, limits, strict=True)):
        raise UnreadableAppError("Files in the archive overlap. It was refused as a zip bomb.")


def _first(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


def _text(raw_name: bytes) -> str:
    return raw_name.decode(errors="replace")


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:80]}…")


def _damaged(name: str) -> UnreadableAppError:
    return UnreadableAppError(f"{_shown(name)} in the archive is damaged. Export the app again, and upload that file.")
