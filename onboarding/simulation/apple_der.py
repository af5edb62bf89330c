"""A small DER writer and BER reader: as much ASN.1 as a simulated device needs for CMS and SCEP.

Tags are the single identifier octet (no tag in CMS is above 30). The reader takes indefinite lengths and
constructed octet strings too, as other servers may send them; the writer can make indefinite lengths, as real
devices do in ``Mdm-Signature``. Source of the encoding: ITU-T X.690.
"""

from dataclasses import dataclass
from datetime import datetime

INTEGER = 0x02
OCTET_STRING = 0x04
NULL = b"\x05\x00"
OBJECT_IDENTIFIER = 0x06
PRINTABLE_STRING = 0x13
UTC_TIME = 0x17
SEQUENCE = 0x30
SET = 0x31
CONSTRUCTED = 0x20
CONTEXT = 0xA0

_END_OF_CONTENTS = b"\x00\x00"
_DEPTH_LIMIT = 64


class DerError(ValueError):
    """The bytes are not the BER or DER that was expected."""


@dataclass(frozen=True, slots=True)
class Node:
    """One decoded element: its identifier octet, its content octets and its complete encoding."""

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> list["Node"]:
        """The elements inside a constructed element. Raises DerError for a primitive one."""
        if not self.tag & CONSTRUCTED:
            raise DerError(f"element {self.tag:#x} has no elements inside")
        nodes = []
        offset = 0
        while offset < len(self.content):
            node, offset = _read(self.content, offset, depth=0)
            nodes.append(node)
        return nodes

    def octets(self) -> bytes:
        """The value of an octet string, joined from its pieces when it is constructed."""
        if not self.tag & CONSTRUCTED:
            return self.content
        return b"".join(child.octets() for child in self.children())

    def integer(self) -> int:
        return int.from_bytes(self.content, "big", signed=True)

    def text(self) -> str:
        return self.content.decode("ascii", "replace")

    def expect(self, tag: int) -> "Node":
        """This node, or DerError when its tag is another."""
        if self.tag != tag:
            raise DerError(f"expected element {tag:#x}, found {self.tag:#x}")
        return self


def read_der(data: bytes) -> Node:
    """The first element of the data; bytes after it are ignored. Raises DerError."""
    return _read(data, 0, depth=0)[0]


def _read(data: bytes, offset: int, *, depth: int) -> tuple[Node, int]:
    start = offset
    if depth > _DEPTH_LIMIT:
        raise DerError("elements are nested too deeply")
    if offset + 2 > len(data):
        raise DerError("the data ends inside an element")
    tag = data[offset]
    length, offset = _read_length(data, offset + 1)
    if length is None:
        return _read_indefinite(data, start, offset, tag=tag, depth=depth)
    end = offset + length
    if end > len(data):
        raise DerError("the data ends inside an element")
    return Node(tag, data[offset:end], data[start:end]), end


def _read_length(data: bytes, offset: int) -> tuple[int | None, int]:
    """The length at the offset (None: indefinite) and the offset after it."""
    first = data[offset]
    offset += 1
    if first < 0x80:
        return first, offset
    if first == 0x80:
        return None, offset
    size = first & 0x7F
    if size > 4 or offset + size > len(data):
        raise DerError("a length is not readable")
    return int.from_bytes(data[offset : offset + size], "big"), offset + size


def _read_indefinite(data: bytes, start: int, offset: int, *, tag: int, depth: int) -> tuple[Node, int]:
    if not tag & CONSTRUCTED:
        raise DerError("a primitive element has no length")
    content_start = offset
    while data[offset : offset + 2] != _END_OF_CONTENTS:
        offset = _read(data, offset, depth=depth + 1)[1]
    return Node(tag, data[content_start:offset], data[start : offset + 2]), offset + 2


def tlv(tag: int, *parts: bytes) -> bytes:
    """One element with a definite length."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def indefinite(tag: int, *parts: bytes) -> bytes:
    """One constructed element with an indefinite length (BER, not DER)."""
    return bytes([tag, 0x80]) + b"".join(parts) + _END_OF_CONTENTS


def sequence(*parts: bytes) -> bytes:
    return tlv(SEQUENCE, *parts)


def set_of(*parts: bytes) -> bytes:
    """A SET OF in DER order."""
    return tlv(SET, *sorted(parts))


def context(number: int, *parts: bytes) -> bytes:
    """A constructed context-specific element ``[number]``."""
    return tlv(CONTEXT | number, *parts)


def octet_string(value: bytes) -> bytes:
    return tlv(OCTET_STRING, value)


def integer(value: int) -> bytes:
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def printable_string(value: str) -> bytes:
    return tlv(PRINTABLE_STRING, value.encode("ascii"))


def utc_time(moment: datetime) -> bytes:
    """A UTCTime; the moment must be in UTC."""
    return tlv(UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode("ascii"))


def oid(dotted: str) -> bytes:
    """An object identifier from its dotted form."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    return tlv(OBJECT_IDENTIFIER, b"".join(_base128(part) for part in (first * 40 + second, *rest)))


def _base128(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))
