from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.crypto import ber
from tests.factories.asn1 import indefinite, octets, pieces, tlv


def test_reads_a_definite_sequence() -> None:
    node = ber.parse(bytes.fromhex("3006020105040161"))
    assert node.tag == ber.SEQUENCE
    assert [child.tag for child in node.children] == [ber.INTEGER, ber.OCTET_STRING]
    assert node.children[0].integer() == 5
    assert node.children[1].octets() == b"a"


def test_reads_nested_indefinite_values() -> None:
    message = indefinite(0x30, b"\x02\x01\x05", indefinite(0xA0, pieces(b"abcdef", 2)))
    node = ber.parse(message)
    assert node.indefinite
    assert node.raw == message
    assert node.children[1].children[0].octets() == b"abcdef"


def test_gives_the_definite_form_of_an_indefinite_value() -> None:
    node = ber.parse(indefinite(0x30, b"\x02\x01\x05", indefinite(0xA0, pieces(b"abcdef", 2))))
    assert node.definite() == tlv(0x30, b"\x02\x01\x05", tlv(0xA0, octets(b"abcdef")))


def test_joins_a_constructed_string_of_definite_length() -> None:
    assert ber.parse(tlv(0x24, octets(b"ab"), tlv(0x24, octets(b"cd")))).octets() == b"abcd"


def test_a_definite_value_may_hold_an_indefinite_one() -> None:
    node = ber.parse(tlv(0x30, indefinite(0x30, octets(b"x")), octets(b"y")))
    assert [child.raw[0] for child in node.children] == [0x30, 0x04]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x05\x02\x01",  # shorter than its length says
        b"\x02\x01\x05\x00",  # something behind it
        b"\x04\x80a\0\0",  # primitive of indefinite length
        b"\x30\x80\x02\x01\x05",  # no end-of-contents
        b"\x30\x80\x02\x01\x05\x00",
        b"\x04\x85\x00\x00\x00\x00\x01a",  # length of five octets
        b"\x04\xff",
        b"\x04\x84\xff\xff\xff\xff",
        b"\x1f\x81\x01\x00",  # long-form tag
        b"\x00\x00",
    ],
)
def test_refuses_malformed_values(data: bytes) -> None:
    with pytest.raises(ber.BerError):
        ber.parse(data)


def test_refuses_a_child_that_outgrows_its_parent() -> None:
    with pytest.raises(ber.BerError, match="cut off"):
        _ = ber.parse(b"\x30\x03\x04\x02a").children


def test_refuses_an_indefinite_child_that_ends_behind_its_parent() -> None:
    with pytest.raises(ber.BerError):
        _ = ber.parse(b"\x30\x04\x30\x80\x05\x00").children


@pytest.mark.parametrize("opening", [b"\x30\x80", b"\x24\x80"])
def test_bounds_the_depth_of_indefinite_values(opening: bytes) -> None:
    with pytest.raises(ber.BerError, match="deeply"):
        ber.parse(opening * 100_000)


def test_bounds_the_depth_of_definite_values() -> None:
    data = b"\x05\x00"
    for _ in range(80):
        data = tlv(0x30, data)
    with pytest.raises(ber.BerError, match="deeply"):
        ber.parse(data).definite()


def test_bounds_the_number_of_nodes() -> None:
    with pytest.raises(ber.BerError, match="many"):
        ber.parse(indefinite(0x30, b"\x05\x00" * (ber.MAX_NODES + 1)))
    with pytest.raises(ber.BerError, match="many"):
        _ = ber.parse(tlv(0x30, b"\x05\x00" * 11), max_nodes=10).children


@pytest.mark.parametrize(
    "dotted", ["1.2.840.113549.1.7.2", "2.16.840.1.113733.1.9.7", "0.9.2342", "2.999.3", "2.5.29.14"]
)
def test_object_identifiers_survive_the_round_trip(dotted: str) -> None:
    assert ber.parse(ber.oid(dotted)).oid() == dotted


@pytest.mark.parametrize("body", [b"", b"\x80", b"\x2a\x86", b"\x2a" * 65])
def test_refuses_malformed_object_identifiers(body: bytes) -> None:
    with pytest.raises(ber.BerError):
        ber.parse(tlv(0x06, body)).oid()


@given(st.integers(min_value=-(1 << 200), max_value=1 << 200))
def test_integers_survive_the_round_trip_in_the_shortest_form(value: int) -> None:
    encoded = ber.integer(value)
    assert ber.parse(encoded).integer() == value
    assert len(encoded) == 3 or encoded[2:4] not in (b"\x00\x00", b"\xff\xff")


def test_writes_integers_as_der_does() -> None:
    assert [ber.integer(value).hex() for value in (0, 127, 128, 256, -1, -128, -129)] == [
        "020100",
        "02017f",
        "02020080",
        "02020100",
        "0201ff",
        "020180",
        "0202ff7f",
    ]


def test_sorts_a_set() -> None:
    assert ber.set_of([b"\x04\x01b", b"\x02\x01\x01", b"\x04\x01a"]) == bytes.fromhex("3109020101040161040162")


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 65_536])
def test_writes_the_shortest_length(size: int) -> None:
    encoded = ber.octet_string(b"x" * size)
    assert encoded == octets(b"x" * size)
    assert ber.parse(encoded).octets() == b"x" * size


def test_reads_the_character_strings() -> None:
    assert ber.parse(ber.utf8_string("Zoë")).text() == "Zoë"
    assert ber.parse(ber.printable_string("Zoe")).text() == "Zoe"
    assert ber.parse(tlv(0x1E, "Zoë".encode("utf-16-be"))).text() == "Zoë"
    assert ber.parse(tlv(0x16, b"zoe@example.org")).text() == "zoe@example.org"


def test_refuses_text_that_is_none() -> None:
    with pytest.raises(ber.BerError):
        ber.parse(tlv(0x0C, b"\xff\xfe")).text()
    with pytest.raises(ber.BerError):
        ber.parse(octets(b"abc")).text()
    with pytest.raises(ber.BerError):
        ber.printable_string("a_b")


def test_writes_times() -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert ber.time(moment) == b"\x17\x0d260304050607Z"
    assert ber.time(moment.replace(year=2050)) == b"\x18\x0f20500304050607Z"


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    with suppress(ber.BerError):
        node = ber.parse(data)
        assert ber.parse(node.definite()).definite() == node.definite()
