"""An ASN.1 writer for tests, kept apart from the one under test so that an error in one is not in both."""

from __future__ import annotations

OCTET_STRING, SEQUENCE, SET = 0x04, 0x30, 0x31


def tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes(4, "big").lstrip(b"\0")
    return bytes([tag, 128 + len(size)]) + size + body


def indefinite(tag: int, *parts: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


def pieces(content: bytes, size: int = 100, *, tag: int = 0x24) -> bytes:
    """An OCTET STRING in pieces of indefinite total length, as streaming encoders write it."""
    return indefinite(tag, *[tlv(OCTET_STRING, content[at : at + size]) for at in range(0, len(content), size)])


def oid(dotted: str) -> bytes:
    first, second, *rest = [int(arc) for arc in dotted.split(".")]
    octets = [first * 40 + second]
    for arc in rest:
        digits = [arc % 128]
        while arc >= 128:
            arc //= 128
            digits.insert(0, arc % 128 + 128)
        octets += digits
    return tlv(0x06, bytes(octets))


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def printable(text: str) -> bytes:
    return tlv(0x13, text.encode())


def octets(content: bytes) -> bytes:
    return tlv(OCTET_STRING, content)


def raw_parts(encoded: bytes) -> list[bytes]:
    """The elements of a DER value, each with its header."""
    rest, parts = raw_content(encoded), []
    while rest:
        header, size = _extent(rest)
        parts.append(rest[: header + size])
        rest = rest[header + size :]
    return parts


def raw_content(encoded: bytes) -> bytes:
    header, size = _extent(encoded)
    return encoded[header : header + size]


def _extent(encoded: bytes) -> tuple[int, int]:
    if encoded[1] < 128:
        return 2, encoded[1]
    count = encoded[1] - 128
    return 2 + count, int.from_bytes(encoded[2 : 2 + count], "big")
