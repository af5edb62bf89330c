"""A bounded reader for BER (and so DER), and a small DER writer. Source: ITU-T X.690.

The reader is lazy: a definite-length value is skipped by its length and only taken apart when its children are asked
for, so a certificate inside a message costs one node. Indefinite-length values are read through at once, because their
end can only be found that way. Every input is untrusted: depth, number of nodes and lengths are bounded, and anything
malformed raises BerError.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

MAX_DEPTH = 64
MAX_NODES = 20_000
MAX_LENGTH_OCTETS = 4
MAX_OID_OCTETS = 64

BOOLEAN = 0x01
INTEGER = 0x02
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
UTF8_STRING = 0x0C
PRINTABLE_STRING = 0x13
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31

_CONSTRUCTED = 0x20
_ENCODINGS = {
    UTF8_STRING: "utf-8",
    0x12: "ascii",  # NumericString
    PRINTABLE_STRING: "latin-1",  # clients put more than the allowed characters into it
    0x14: "latin-1",  # TeletexString
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
_STRINGS = frozenset({OCTET_STRING, *_ENCODINGS})
_PRINTABLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")


class BerError(ValueError):
    """The bytes are not well-formed BER, or exceed a bound."""


class _Source:
    """The bytes of one message and what is left of its node budget, shared by all its nodes."""

    __slots__ = ("data", "nodes_left")

    def __init__(self, data: bytes, max_nodes: int) -> None:
        self.data = data
        self.nodes_left = max_nodes


class Node:
    """One tag-length-value. `tag` is the identifier octet (class, constructed bit and number together)."""

    __slots__ = ("_body", "_children", "_depth", "_end", "_source", "_start", "_stop", "tag")

    def __init__(
        self,
        source: _Source,
        tag: int,
        span: tuple[int, int, int, int],
        depth: int,
        children: list[Node] | None = None,
    ) -> None:
        self.tag = tag
        self._source = source
        self._start, self._body, self._end, self._stop = span  # _stop lies behind the end-of-contents octets, if any
        self._depth = depth
        self._children = children

    @property
    def raw(self) -> bytes:
        """The whole encoding as received, header included."""
        return self._source.data[self._start : self._stop]

    @property
    def body(self) -> bytes:
        """The content octets as received."""
        return self._source.data[self._body : self._end]

    @property
    def indefinite(self) -> bool:
        return self._stop != self._end

    @property
    def children(self) -> list[Node]:
        if self._children is None:
            if not self.tag & _CONSTRUCTED:
                raise BerError(f"value with tag 0x{self.tag:02x} has no elements")
            children, position, end = [], self._body, self._end
            while position < end:
                child = _read(self._source, position, end, self._depth + 1)
                children.append(child)
                position = child._stop
            self._children = children
        return self._children

    def expect(self, *tags: int) -> Node:
        """Itself, when its tag is one of `tags`."""
        if self.tag not in tags:
            wanted = " or ".join(f"0x{tag:02x}" for tag in tags)
            raise BerError(f"expected tag {wanted}, found 0x{self.tag:02x}")
        return self

    def elements(self, at_least: int, *tags: int) -> list[Node]:
        """The children, of which there are at least so many, of a value with one of `tags` (default SEQUENCE)."""
        if self.tag not in (tags or (SEQUENCE,)):
            self.expect(*(tags or (SEQUENCE,)))
        children = self.children
        if len(children) < at_least:
            raise BerError(f"expected {at_least} elements, found {len(children)}")
        return children

    def octets(self) -> bytes:
        """The content of a string; the pieces of a constructed one are joined."""
        if not self.tag & _CONSTRUCTED:
            return self.body
        return b"".join([piece.octets() for piece in self.children])

    def oid(self) -> str:
        """An OBJECT IDENTIFIER in dotted form."""
        if self.tag != OBJECT_IDENTIFIER:
            self.expect(OBJECT_IDENTIFIER)
        return _dotted(self.body)

    def integer(self) -> int:
        body = self.expect(INTEGER).body
        if not body:
            raise BerError("integer without content")
        return int.from_bytes(body, "big", signed=True)

    def text(self) -> str:
        """The text of any of the character string types."""
        encoding = _ENCODINGS.get(self.tag & ~_CONSTRUCTED)
        if encoding is None:
            raise BerError(f"value with tag 0x{self.tag:02x} is not a character string")
        try:
            return self.octets().decode(encoding)
        except UnicodeDecodeError as error:
            raise BerError("character string is not in its own encoding") from error

    def definite(self) -> bytes:
        """The value encoded again with minimal definite lengths and joined strings, in the order received."""
        if not self.tag & _CONSTRUCTED or self.tag & ~_CONSTRUCTED in _STRINGS:
            return tlv(self.tag & ~_CONSTRUCTED, self.octets())
        return tlv(self.tag, b"".join([child.definite() for child in self.children]))


def parse(data: bytes, *, max_nodes: int = MAX_NODES) -> Node:
    """The one value that `data` consists of."""
    source = _Source(bytes(data), max_nodes)
    node = _read(source, 0, len(source.data), 1)
    if node._stop != len(source.data):
        raise BerError(f"{len(source.data) - node._stop} octets behind the value")
    return node


def _read(source: _Source, start: int, limit: int, depth: int) -> Node:
    data = source.data
    body = start + 2
    if body > limit:
        raise BerError("value is cut off")
    source.nodes_left -= 1
    if source.nodes_left < 0 or depth > MAX_DEPTH:
        raise BerError("too many or too deeply nested values")
    tag, length = data[start], data[start + 1]
    if tag & 0x1F == 0x1F or not tag:
        raise BerError(f"tag 0x{tag:02x} is not allowed here")
    if length >= 0x80:
        if length == 0x80:
            return _read_indefinite(source, start, limit, depth)
        count = length & 0x7F
        body += count
        if count > MAX_LENGTH_OCTETS or body > limit:
            raise BerError("length is cut off or too long")
        length = int.from_bytes(data[start + 2 : body], "big")
    end = body + length
    if end > limit:
        raise BerError("value is cut off")
    return Node(source, tag, (start, body, end, end), depth)


def _read_indefinite(source: _Source, start: int, limit: int, depth: int) -> Node:
    tag = source.data[start]
    if not tag & _CONSTRUCTED:
        raise BerError("primitive value of indefinite length")
    children: list[Node] = []
    position = start + 2
    while source.data[position : position + 2] != b"\0\0":
        child = _read(source, position, limit, depth + 1)
        children.append(child)
        position = child._stop
    if position + 2 > limit:
        raise BerError("value is cut off")
    return Node(source, tag, (start, start + 2, position, position + 2), depth, children)


@lru_cache(maxsize=1024)
def _dotted(body: bytes) -> str:
    if not body or len(body) > MAX_OID_OCTETS or body[-1] & 0x80:
        raise BerError("malformed object identifier")
    arcs, value = [], 0
    for octet in body:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    root = min(arcs[0] // 40, 2)
    return ".".join(map(str, [root, arcs[0] - 40 * root, *arcs[1:]]))


def tlv(tag: int, body: bytes) -> bytes:
    """One value with the shortest definite length."""
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + body


def sequence(*items: bytes) -> bytes:
    return tlv(SEQUENCE, b"".join(items))


def set_of(items: Iterable[bytes]) -> bytes:
    """A SET OF in the order DER asks for."""
    return tlv(SET, b"".join(sorted(items)))


def context(number: int, body: bytes, *, constructed: bool = True) -> bytes:
    """`[number]` around `body`: a whole value (explicit) or the content of one (implicit)."""
    return tlv(0x80 | (_CONSTRUCTED if constructed else 0) | number, body)


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = map(int, dotted.split("."))
    body = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        body += bytes(reversed(groups))
    return tlv(OBJECT_IDENTIFIER, bytes(body))


def integer(value: int) -> bytes:
    magnitude = value if value >= 0 else ~value
    return tlv(INTEGER, value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True))


def octet_string(content: bytes) -> bytes:
    return tlv(OCTET_STRING, content)


def null() -> bytes:
    return b"\x05\x00"


def utf8_string(text: str) -> bytes:
    return tlv(UTF8_STRING, text.encode())


def printable_string(text: str) -> bytes:
    """A PrintableString; BerError when `text` has a character outside its alphabet."""
    if not is_printable(text):
        raise BerError("text does not fit a PrintableString")
    return tlv(PRINTABLE_STRING, text.encode("ascii"))


def is_printable(text: str) -> bool:
    return _PRINTABLE.issuperset(text)


def utc_time(moment: datetime) -> bytes:
    return tlv(UTC_TIME, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode("ascii"))


def generalized_time(moment: datetime) -> bytes:
    return tlv(GENERALIZED_TIME, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii"))


def time(moment: datetime) -> bytes:
    """UTCTime up to 2049, GeneralizedTime from then on, as X.509 and CMS want it."""
    return utc_time(moment) if 1950 <= moment.astimezone(UTC).year < 2050 else generalized_time(moment)
