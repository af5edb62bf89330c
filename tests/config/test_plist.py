from __future__ import annotations

import plistlib
import struct
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import plist

CHECKIN = {
    "MessageType": "TokenUpdate",
    "Token": b"\x00\x01\xff" * 11,
    "AwaitingConfiguration": False,
    "Numbers": [0, 1, -1, 255, 65_536, 2**40, -(2**40), 2**64 - 1],
    "Real": 0.5,
    "Nested": {"List": [{"Deep": "Zoë 🎈"}], "Empty": {}},
    "When": datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
    "Long": "x" * 70_000,
}
both_formats = pytest.mark.parametrize("format", [plistlib.FMT_XML, plistlib.FMT_BINARY], ids=["xml", "binary"])


def naive(value: dict[str, Any]) -> dict[str, Any]:
    return value | {"When": value["When"].replace(tzinfo=None)}


def xml(inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0">{inside}</plist>\n'.encode()


def binary(*objects: bytes, top: int = 0) -> bytes:
    """A binary property list of encoded objects, with references of two octets."""
    offsets, body = [], b"bplist00"
    for encoded in objects:
        offsets.append(len(body))
        body += encoded
    table = b"".join(offset.to_bytes(4, "big") for offset in offsets)
    return body + table + struct.pack(">6xBBQQQ", 4, 2, len(objects), top, len(body))


def dictionary(*pairs: tuple[int, int]) -> bytes:
    keys, values = [key for key, _ in pairs], [value for _, value in pairs]
    return bytes([0xD0 | len(pairs)]) + b"".join(number.to_bytes(2, "big") for number in keys + values)


def array(*references: int) -> bytes:
    return bytes([0xA0 | len(references)]) + b"".join(number.to_bytes(2, "big") for number in references)


KEY = b"\x51k"


@both_formats
def test_reads_what_plistlib_writes(format: plistlib.PlistFormat) -> None:
    assert plist.loads(plistlib.dumps(naive(CHECKIN), fmt=format)) == CHECKIN


@both_formats
def test_dates_are_aware(format: plistlib.PlistFormat) -> None:
    assert plist.loads(plistlib.dumps(naive(CHECKIN), fmt=format))["When"].tzinfo is UTC


def test_reads_what_it_writes() -> None:
    assert plist.loads(plist.dumps(CHECKIN)) == CHECKIN


def test_writes_xml_with_plain_line_ends_in_the_given_order() -> None:
    written = plist.dumps({"b": "one\r\ntwo", "a": b"x" * 200})
    assert written.startswith(b"<?xml")
    assert b"\r" not in written
    assert written.index(b"<key>b") < written.index(b"<key>a")


def test_writes_dates_of_any_zone_as_utc() -> None:
    moment = datetime(2026, 3, 4, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert b"<date>2026-03-03T23:30:00Z</date>" in plist.dumps({"When": [moment]})


@pytest.mark.parametrize("value", [None, object(), 1j, 2**70, "\x00", "\ud800", "\ufffe", "\uffff"])
def test_refuses_to_write_what_a_property_list_cannot_hold(value: Any) -> None:
    with pytest.raises(plist.PlistError):
        plist.dumps({"value": value})
    with pytest.raises(plist.PlistError):
        plist.dumps({"list": [{"value": value}]})


def test_accepts_white_space_before_xml() -> None:
    assert plist.loads(b"\n  " + xml("<dict><key>a</key><true/></dict>")) == {"a": True}


def test_accepts_a_document_type() -> None:
    document = plistlib.dumps({"a": 1})
    assert b"<!DOCTYPE" in document
    assert plist.loads(document) == {"a": 1}


@both_formats
@pytest.mark.parametrize("value", ["text", ["a"], 5, True])
def test_refuses_anything_but_a_dictionary(format: plistlib.PlistFormat, value: Any) -> None:
    with pytest.raises(plist.PlistError, match="dictionary"):
        plist.loads(plistlib.dumps(value, fmt=format))


def test_refuses_too_large_a_body() -> None:
    body = plist.dumps({"a": "x" * 1000})
    assert plist.loads(body, max_bytes=len(body))
    with pytest.raises(plist.PlistError, match="too large"):
        plist.loads(body, max_bytes=len(body) - 1)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"   ",
        b"{}",
        b"<plist>",
        b"<html></html>",
        b"\x00" * 100,
        xml(""),
        xml("<dict>"),
        xml("<dict><key>a</key></dict>"),
        xml("<dict><string>a</string></dict>"),
        xml("<dict><key>a</key><integer>five</integer></dict>"),
        xml("<dict><key>a</key><integer></integer></dict>"),
        xml("<dict><key>a</key><integer>" + "9" * 5000 + "</integer></dict>"),
        xml("<dict><key>a</key><real></real></dict>"),
        xml("<dict><key>a</key><date>yesterday</date></dict>"),
        xml("<dict><key>a</key><date>2026-99-01T00:00:00Z</date></dict>"),
        xml("<dict><key>a</key><data>A</data></dict>"),
        b'<?xml version="1.0" encoding="nonsense"?><plist><dict/></plist>',
        b'<?xml version="1.0" encoding="UTF-8"?><plist><dict><key>\xff</key><true/></dict></plist>',
        b"</plist>",
        b"<?xml",
    ],
)
def test_refuses_malformed_xml(document: bytes) -> None:
    with pytest.raises(plist.PlistError):
        plist.loads(document)


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE plist [<!ENTITY a "aaaaaaaaaa">]>',
        '<!DOCTYPE plist [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE plist [<!ENTITY % a "aaaaaaaaaa">]>',
    ],
)
def test_refuses_entity_declarations(declaration: str) -> None:
    document = f'<?xml version="1.0"?>{declaration}<plist><dict><key>k</key><string>v</string></dict></plist>'
    with pytest.raises(plist.PlistError):
        plist.loads(document.encode())


@pytest.mark.parametrize("number", ["18446744073709551616", "-9223372036854775809", "0x" + "f" * 5000])
def test_refuses_integers_of_more_than_64_bits(number: str) -> None:
    with pytest.raises(plist.PlistError, match="64 bits"):
        plist.loads(xml(f"<dict><key>a</key><array><integer>{number}</integer></array></dict>"))


def test_bounds_the_depth_of_xml() -> None:
    def nested(levels: int) -> bytes:
        return xml("<dict><key>k</key>" * levels + "<true/>" + "</dict>" * levels)

    assert plist.loads(nested(plist.MAX_XML_DEPTH))
    with pytest.raises(plist.PlistError, match="deeply"):
        plist.loads(nested(plist.MAX_XML_DEPTH + 1))


@pytest.mark.timeout(10)
def test_survives_an_absurd_depth_of_xml() -> None:
    with pytest.raises(plist.PlistError):
        plist.loads(xml("<array>" * 250_000 + "</array>" * 250_000))


def test_bounds_the_number_of_xml_elements() -> None:
    with pytest.raises(plist.PlistError, match="too many"):
        plist.loads(xml("<dict><key>k</key><array>" + "<true/>" * plist.MAX_XML_TAGS + "</array></dict>"))


def test_bounds_the_depth_of_binary() -> None:
    def nested(levels: int) -> bytes:
        value: Any = {}
        for _ in range(levels - 1):
            value = {"k": value}
        return plistlib.dumps(value, fmt=plistlib.FMT_BINARY)

    assert plist.loads(nested(plist.MAX_BINARY_DEPTH)) is not None
    with pytest.raises(plist.PlistError, match="deeply"):
        plist.loads(nested(plist.MAX_BINARY_DEPTH + 2))


def test_bounds_the_number_of_binary_objects() -> None:
    document = plistlib.dumps({"k": list(range(plist.MAX_BINARY_OBJECTS))}, fmt=plistlib.FMT_BINARY)
    with pytest.raises(plist.PlistError, match="too many objects"):
        plist.loads(document)


def test_accepts_binary_objects_shared_without_excess() -> None:
    assert plist.loads(binary(dictionary((1, 2)), KEY, array(3, 3), array(1))) == {"k": [["k"], ["k"]]}


def test_refuses_a_binary_object_that_holds_itself() -> None:
    with pytest.raises(plist.PlistError):
        plist.loads(binary(dictionary((1, 0)), KEY))
    with pytest.raises(plist.PlistError):
        plist.loads(binary(dictionary((1, 2)), KEY, array(2, 2, 2)))
    with pytest.raises(plist.PlistError):
        plist.loads(binary(dictionary((0, 1)), KEY))


@pytest.mark.timeout(5)
def test_refuses_references_that_unfold_exponentially() -> None:
    levels = [array(*[number + 1] * 14) for number in range(2, 15)]
    with pytest.raises(plist.PlistError):
        plist.loads(binary(dictionary((1, 2)), KEY, *levels, array(1)))


@pytest.mark.timeout(5)
def test_refuses_a_long_string_referred_to_again_and_again() -> None:
    text = b"\x5f\x12" + (1_000_000).to_bytes(4, "big") + b"x" * 1_000_000
    many = b"\xaf\x11" + (60_000).to_bytes(2, "big") + b"\x00\x03" * 60_000
    with pytest.raises(plist.PlistError, match="unfolds"):
        plist.loads(binary(dictionary((1, 2)), KEY, many, text))


@pytest.mark.parametrize(
    "document",
    [
        b"bplist00",
        b"bplist00" + b"\xff" * 40,
        binary(),
        binary(dictionary((1, 9)), KEY),  # a reference to nothing
        binary(dictionary((1, 1)), KEY, top=7),
        binary(dictionary((1, 2)), KEY, b"\x5f\x10\xff"),  # a string longer than the file
        binary(dictionary((1, 2)), KEY, b"\x4f\x13" + b"\x7f" * 8),
        binary(dictionary((1, 2)), KEY, b"\x4f\x20"),  # a count that is no integer
        binary(dictionary((1, 2)), KEY, b"\xaf\x12\x7f\xff\xff\xff"),
        binary(dictionary((1, 2)), KEY, b"\x33" + struct.pack(">d", 1e300)),
        binary(dictionary((1, 2)), KEY, b"\x33" + struct.pack(">d", float("nan"))),
        binary(dictionary((1, 2)), KEY, b"\x51\xff"),  # not ASCII
        binary(dictionary((1, 2)), KEY, b"\x61\xd8\x00"),  # half a surrogate pair
        binary(dictionary((1, 2)), KEY, b"\x80\x01"),  # an archiver's reference
        binary(dictionary((1, 2)), KEY, b"\x00"),  # null
        binary(dictionary((1, 2)), KEY, b"\x15" + b"\0" * 32),
        binary(dictionary((2, 1)), KEY, b"\x10\x05"),  # a number for a key
        binary(dictionary((2, 1)), KEY, array(1)),
        binary(b"\xd1\x00"),
    ],
)
def test_refuses_malformed_binary(document: bytes) -> None:
    with pytest.raises(plist.PlistError):
        plist.loads(document)


scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs", "So"])),
    st.binary(),
    st.datetimes(datetime(1970, 1, 1), datetime(2099, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),  # noqa: DTZ001 - plistlib wants them naive
)
trees = st.dictionaries(
    st.text(st.characters(codec="ascii", categories=["L", "N"])),
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc"), inner, max_size=4)
    ),
    max_size=4,
)


@settings(max_examples=40)
@given(trees)
def test_both_formats_hold_the_same(tree: dict[str, Any]) -> None:
    from_xml = plist.loads(plistlib.dumps(tree, fmt=plistlib.FMT_XML))
    assert plist.loads(plistlib.dumps(tree, fmt=plistlib.FMT_BINARY)) == from_xml
    assert plist.loads(plist.dumps(from_xml)) == from_xml


def survive(document: bytes) -> None:
    with suppress(plist.PlistError):
        assert isinstance(plist.loads(document), dict)


@given(st.binary(max_size=200), st.sampled_from([b"", b"bplist00", b"<?xml ", b"<plist>"]))
def test_random_bytes_raise_nothing_else(body: bytes, start: bytes) -> None:
    survive(start + body)


SAMPLES = [
    plistlib.dumps(naive(CHECKIN | {"Long": "x"}), fmt=format) for format in (plistlib.FMT_XML, plistlib.FMT_BINARY)
]


@settings(max_examples=300)
@given(st.sampled_from(SAMPLES), st.floats(0, 1, exclude_max=True), st.integers(0, 255))
def test_one_octet_changed_raises_nothing_else(document: bytes, place: float, value: int) -> None:
    changed = bytearray(document)
    changed[int(place * len(changed))] = value
    survive(bytes(changed))


@given(st.sampled_from(SAMPLES), st.floats(0, 1))
def test_truncation_raises_nothing_else(document: bytes, place: float) -> None:
    survive(document[: int(place * len(document))])


ELEMENTS = ["dict", "array", "string", "integer", "real", "data", "date", "key", "true", "plist", "x"]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(ELEMENTS), max_size=12), st.text("0aZ=-:T ", max_size=6))
def test_odd_arrangements_of_elements_raise_nothing_else(names: list[str], text: str) -> None:
    survive(xml("".join(f"<{name}>" for name in names) + text + "".join(f"</{name}>" for name in reversed(names))))
    survive(xml("<dict>" + "".join(f"<{name}>{text}</{name}>" for name in names) + "</dict>"))
