"""Archives that are damaged, lie, or are not to be unpacked."""

import io
import random
import stat
import struct
import time
import tracemalloc
import zipfile
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps_domain.reading import zip_directory
from apps_domain.reading.errors import UnreadableAppError
from apps_domain.reading.ipa import read_ipa
from apps_domain.reading.zips import Archive
from tests.factories.ipas import ipa, packed


def archive(data: bytes) -> Archive:
    return Archive(io.BytesIO(data))


def read_all(data: bytes) -> None:
    held = archive(data)
    for name in held.entries:
        held.read(name, limit=10**6)


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableAppError) as told:
        read_all(data)
    assert len(str(told.value)) < 300
    return str(told.value)


def with_name(name: bytes) -> bytes:
    """An archive whose one file has this name."""
    data = packed({"N" * len(name): b"x"})
    return data.replace(b"N" * len(name), name)


def patched(data: bytes, mark: bytes, at: int, new: bytes) -> bytes:
    """With other bytes so far behind the last such mark."""
    start = data.rfind(mark) + at
    return data[:start] + new + data[start + len(new) :]


END, RECORD, HEADER = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"


def test_reads_stored_and_compressed_files() -> None:
    noise = random.Random(1).randbytes(200_000)
    data = packed({"a": b"text" * 50_000, "folder/b": noise, "empty": b"", "folder/": b""})

    held = archive(data)

    assert held.read("a", limit=10**6) == b"text" * 50_000
    assert held.read("folder/b", limit=10**6) == noise
    assert held.read("empty", limit=0) == b""
    assert held.head("a", size=6) == b"textte"
    assert held.head("folder/b", size=10**9) == noise


def test_reads_what_is_not_compressed() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as writing:
        writing.writestr("a", b"12345")

    assert archive(out.getvalue()).read("a", limit=5) == b"12345"
    assert archive(out.getvalue()).head("a", size=2) == b"12"


def test_reads_zip64() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as writing, writing.open("big", "w", force_zip64=True) as file:
        file.write(b"12345")
    data = out.getvalue()
    assert archive(data).read("big", limit=5) == b"12345"

    record = data[data.rfind(RECORD) : data.rfind(END)]
    size, packed_size, offset = (record[at : at + 4] for at in (24, 20, 42))
    wide = b"".join(number + bytes(4) for number in (size, packed_size, offset))
    extra = struct.pack("<2H", 1, 24) + wide
    made = record[:20] + b"\xff" * 8 + record[28:30] + struct.pack("<H", len(extra)) + record[32:42] + b"\xff" * 4
    directory = made + record[46:49] + extra
    start = data.rfind(RECORD)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(directory), start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(directory), 1)
    end = struct.pack("<4s4H2LH", END, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    whole = data[:start] + directory + end64 + locator + end

    assert archive(whole).read("big", limit=5) == b"12345"
    both = patched(whole, END, 8, struct.pack("<2H2L", 1, 1, len(directory), start))
    assert archive(both).read("big", limit=5) == b"12345"
    assert "damaged" in refusal(patched(both, END, 16, struct.pack("<L", start - 1)))
    assert "damaged" in refusal(patched(whole, b"PK\x06\x07", 8, struct.pack("<Q", 2**63)))
    assert "damaged" in refusal(patched(whole, b"PK\x06\x06", 48, struct.pack("<Q", 2**63)))


@pytest.mark.parametrize("data", [b"", b"x", b"PK", b"<html>" * 100, b"Rar!\x1a\x07\x00" + bytes(100), bytes(10_000)])
def test_what_is_no_archive(data: bytes) -> None:
    assert "no ZIP archive" in refusal(data)


@pytest.mark.parametrize("cut", [1, 5, 22, 60, 200, 1000])
def test_a_file_that_was_cut_off(cut: int) -> None:
    assert "damaged" in refusal(ipa()[:-cut])


def test_bytes_behind_or_before_the_archive() -> None:
    assert "damaged" in refusal(ipa() + b"x")
    assert "damaged" in refusal(HEADER + bytes(26) + ipa())


@pytest.mark.parametrize(
    "name",
    [b"../x", b"a/../../x", b"/etc/passwd", b"..", b"a\\b", b"C:x", b"a//b", b"./a", b"a\nb", b"a\0b", b"/", b"a/.."],
)
def test_a_name_that_leads_elsewhere(name: bytes) -> None:
    assert "does not stay in its folder" in refusal(with_name(name))


@pytest.mark.parametrize("name", [b"a..b", b"...", b"a b", "é".encode(), b"\x82", b"a/b:c", b"-rf", b"~"])
def test_an_unusual_name_that_does_no_harm(name: bytes) -> None:
    assert len(archive(with_name(name)).entries) == 1


def test_two_files_of_one_name() -> None:
    data = packed({"Payload/aa": b"1", "Payload/ab": b"2"}).replace(b"Payload/ab", b"Payload/aa")

    assert "twice" in refusal(data)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_a_link_or_a_device(kind: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as writing:
        link = zipfile.ZipInfo("Payload/link")
        link.external_attr = (kind | 0o777) << 16
        writing.writestr(link, "/etc/passwd")

    assert "link or a device" in refusal(out.getvalue())


def test_a_password() -> None:
    assert "password" in refusal(patched(packed({"a": b"x"}), RECORD, 8, b"\1\0"))


def test_a_method_that_devices_do_not_know() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as writing:
        writing.writestr("a", b"x" * 1000)

    assert "method 12" in refusal(out.getvalue())


@pytest.mark.parametrize(
    ("mark", "at", "new"),
    [
        (END, 8, b"\2\0"),  # files on this disk
        (END, 10, b"\2\0"),  # files
        (END, 12, b"\xf0\xff\xff\x7f"),  # size of the directory
        (END, 16, b"\1\0\0\0"),  # where it is
        (END, 20, b"\7\0"),  # length of the comment
        (END, 4, b"\1\0"),  # number of this disk
        (RECORD, 0, b"XX"),
        (RECORD, 28, b"\xff\xff"),  # length of the name
        (RECORD, 30, b"\xff\xff"),  # of the extra field
        (RECORD, 42, b"\xff\0\0\0"),  # where the file is
        (RECORD, 16, b"\0\0\0\0"),  # checksum
        (RECORD, 24, b"\2\0\0\0"),  # size, too small
        (RECORD, 24, b"\xf0\xff\0\0"),  # size, too large
        (RECORD, 10, b"\0\0"),  # method
        (HEADER, 6, b"\1"),  # a password, of which the directory knows nothing
        (HEADER, 8, b"\0\0"),  # method in the file's own header
        (HEADER, 0, b"XX"),
        (HEADER, 30, b"z"),  # name in the file's own header
        (HEADER, 28, b"\xff\xff"),
    ],
)
def test_a_directory_that_lies(mark: bytes, at: int, new: bytes) -> None:
    data = packed({"a": b"hello hello hello hello"})
    assert archive(data).read("a", limit=100)

    message = refusal(patched(data, mark, at, new))

    assert "damaged" in message or "no ZIP" in message or "overlap" in message


def test_files_that_share_their_data() -> None:
    """Fifield's "better zip bomb": many records of one piece of data."""
    data = packed({"aaaa": zlib.compress(bytes(10_000)), "bbbb": b"x"})
    offset = data.find(RECORD) + 42

    second = data.rfind(RECORD) + 42
    overlapping = data[:second] + data[offset : offset + 4] + data[second + 4 :]

    assert "bomb" in refusal(overlapping)


def test_a_bomb() -> None:
    out = io.BytesIO()
    zeros = bytes(1024 * 1024)
    options: dict[str, Any] = {"compression": zipfile.ZIP_DEFLATED, "compresslevel": 1}
    with zipfile.ZipFile(out, "w", **options) as writing, writing.open("Payload/zeros", "w") as file:
        for _ in range(300):
            file.write(zeros)

    assert "zip bomb" in refusal(out.getvalue())


def test_a_bomb_that_lies_about_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is unpacked than the directory says."""
    data = packed({"a": bytes(50 * 1024 * 1024)})
    small = patched(data, RECORD, 24, struct.pack("<L", 1000))
    held = archive(small)

    tracemalloc.start()
    with pytest.raises(UnreadableAppError, match="damaged"):
        held.read("a", limit=10**6)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2 * 1024 * 1024


def test_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_directory, "MAX_ENTRIES", 3)

    assert "4 files" in refusal(packed(dict.fromkeys("abcd", b"")))


def test_a_file_that_is_larger_than_wanted() -> None:
    with pytest.raises(UnreadableAppError, match="larger than 3 bytes"):
        archive(packed({"a": b"1234"})).read("a", limit=3)


def test_a_large_directory_is_read_soon() -> None:
    data = packed({f"Payload/K.app/{number:06}": b"" for number in range(20_000)})
    begin = time.process_time()

    assert len(archive(data).entries) == 20_000
    assert time.process_time() - begin < 5


GOOD = ipa()


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_damage_breaks_the_reader(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for at, value in changes:
        data[at] = value
    with suppress(UnreadableAppError):
        read_ipa(io.BytesIO(bytes(data)))


@settings(max_examples=100)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_no_damage_of_the_directory_breaks_the_reader(back: int, new: bytes) -> None:
    at = len(GOOD) - 1 - back
    data = (GOOD[:at] + new + GOOD[at + len(new) :])[: len(GOOD)]
    with suppress(UnreadableAppError):
        read_ipa(io.BytesIO(data))
