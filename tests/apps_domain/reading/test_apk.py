"""Android apps: what is read from them, and what of hostile or broken ones is refused."""

import hashlib
import io
import random
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from apps_domain.reading.android_chunks import MAX_TEXT
from apps_domain.reading.apk import Apk, read_apk
from apps_domain.reading.errors import UnreadableAppError
from tests.factories.apks import (
    ALIAS_REFERENCE,
    ICON,
    LABEL,
    MIN_SDK,
    V2,
    V3,
    apk,
    block,
    certificate,
    chunk,
    manifest,
    pool,
    resources,
    signers,
    with_block,
)
from tests.factories.ipas import ipa


def read(data: bytes) -> Apk:
    return read_apk(io.BytesIO(data))


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableAppError) as caught:
        read(data)
    return str(caught.value)


def sha256(signer: str = "Android Release") -> str:
    return hashlib.sha256(certificate(signer)).hexdigest()


def test_everything_is_read() -> None:
    found = read(apk())

    assert (found.package, found.name, found.version, found.version_code) == (
        "org.example.scanner",
        "Shelf Scanner",
        "2.5",
        "77",
    )
    assert (found.min_sdk_version, found.architecture, found.signer_sha256) == ("26", "universal", sha256())
    assert found.icon is not None
    assert Image.open(io.BytesIO(found.icon)).size == (144, 144)  # the densest, written anew as PNG
    assert found.icon.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "form", [{"compact": True}, {"sparse": True}, {"short": True}, {"compact": True, "short": True}]
)
def test_resources_have_several_forms(form: dict[str, bool]) -> None:
    found = read(apk(files={"resources.arsc": resources(**form)}))

    assert found.name == "Shelf Scanner"
    assert found.icon is not None


def test_strings_may_be_in_utf16_or_long() -> None:
    name = "Étagère " * 20
    found = read(apk(manifest_data=manifest(application={LABEL: name}, utf8=False)))
    assert found.name == name.strip()

    assert read(apk(manifest_data=manifest(application={LABEL: name}))).name == name.strip()
    assert read(apk(manifest_data=manifest(application={LABEL: "x" * 400}))).name == "x" * 255


def test_a_label_may_be_a_reference_to_a_reference() -> None:
    found = read(apk(manifest_data=manifest(application={LABEL: ("@", ALIAS_REFERENCE)})))

    assert found.name == "Shelf Scanner"


def test_a_reference_to_itself_ends() -> None:
    table = resources().replace(struct.pack("<L", 0x7F010000), struct.pack("<L", ALIAS_REFERENCE))
    found = read(
        apk(manifest_data=manifest(application={LABEL: ("@", ALIAS_REFERENCE)}), files={"resources.arsc": table})
    )

    assert found.name == "org.example.scanner"


@pytest.mark.parametrize("application", [{}, {LABEL: ("@", 0x7F05FFFF)}, {LABEL: ("@", 0x01040001)}, {LABEL: 5}])
def test_without_a_label_the_package_is_the_name(application: dict[int, Any]) -> None:
    found = read(apk(manifest_data=manifest(application=application)))

    assert (found.name, found.icon) == ("org.example.scanner", None)


def test_without_resources_it_has_no_icon() -> None:
    found = read(apk(files={"resources.arsc": None}))

    assert (found.name, found.icon) == ("org.example.scanner", None)


def test_the_next_icon_is_taken_where_one_is_broken() -> None:
    found = read(apk(files={"res/icon-xxhdpi.webp": b"RIFF broken"}))

    assert found.icon is not None
    assert Image.open(io.BytesIO(found.icon)).size == (72, 72)
    assert read(apk(files={"res/icon-xxhdpi.webp": None, "res/icon-hdpi.png": b"x"})).icon is None
    assert read(apk(manifest_data=manifest(application={ICON: "res/icon-hdpi.png"}))).icon is not None


@pytest.mark.parametrize(
    ("root", "code"),
    [({"major": 2}, str((2 << 32) + 77)), ({"version_code": None}, "0"), ({"version_code": "7"}, "0")],
)
def test_version_codes(root: dict[str, Any], code: str) -> None:
    assert read(apk(manifest_data=manifest(**root))).version_code == code


def test_a_version_name_may_be_missing() -> None:
    assert read(apk(manifest_data=manifest(version_name=None))).version == ""


@pytest.mark.parametrize(("sdk", "told"), [({MIN_SDK: 30}, "30"), ({MIN_SDK: "Tiramisu"}, "Tiramisu"), ({}, "")])
def test_the_lowest_android_version(sdk: dict[int, Any], told: str) -> None:
    assert read(apk(manifest_data=manifest(sdk=sdk))).min_sdk_version == told


@pytest.mark.parametrize(
    ("libraries", "architecture"),
    [
        (["lib/arm64-v8a/a.so", "lib/arm64-v8a/b.so"], "arm64_v8a"),
        (["lib/armeabi-v7a/a.so"], "armeabi_v7a"),
        (["lib/armeabi/a.so"], "armeabi"),
        (["lib/x86/a.so"], "x86"),
        (["lib/x86_64/a.so"], "x86_64"),
        (["lib/x86_64/a.so", "lib/arm64-v8a/a.so"], "universal"),
        (["lib/mips/a.so", "lib/readme.so", "lib/x86/deep/er.so", "lib/x86/a.txt"], "universal"),
    ],
)
def test_the_architecture_is_that_of_the_libraries(libraries: list[str], architecture: str) -> None:
    assert read(apk(files=dict.fromkeys(libraries, b"\x7fELF"))).architecture == architecture


def test_the_newest_signature_counts() -> None:
    both = block({V2: signers("Old"), 0x42726577: bytes(500), V3: signers("New")})

    assert read(with_block(apk(scheme=None), both)).signer_sha256 == sha256("New")
    assert read(apk(scheme=V3, signer="New")).signer_sha256 == sha256("New")
    assert read(apk(scheme=V2, v1=True, signer="Old")).signer_sha256 == sha256("Old")
    assert read(apk(scheme=None, v1=True, signer="First")).signer_sha256 == sha256("First")


def test_unsigned_apps_are_refused() -> None:
    assert "not signed" in refusal(apk(scheme=None))
    assert "not signed" in refusal(with_block(apk(scheme=None), block({0x42726577: bytes(8)})))


@pytest.mark.parametrize(
    "signatures",
    [
        block({V2: b""}),
        block({V2: b"\xff\xff\xff\xff"}),
        block({V2: signers("Old")[:60]}),
        struct.pack("<Q", 2**63) * 2 + b"APK Sig Block 42",
        struct.pack("<Q", 24) + struct.pack("<Q", 0) + b"APK Sig Block 42",
        block({V2: signers("Old")}).replace(struct.pack("<L", V2), b"\0\0\0\0").replace(b"\x0c", b"\xff"),
    ],
)
def test_broken_signatures_are_refused(signatures: bytes) -> None:
    assert "sign" in refusal(with_block(apk(scheme=None), signatures)).lower()


def test_what_is_no_apk_is_told_apart() -> None:
    assert "iOS app" in refusal(ipa())
    assert "app bundle" in refusal(apk(files={"AndroidManifest.xml": None, "BundleConfig.pb": b"x"}))
    assert "app bundle" in refusal(apk(files={"AndroidManifest.xml": None, "base.apk": b"x"}))
    assert "no AndroidManifest.xml" in refusal(apk(files={"AndroidManifest.xml": None}))
    assert "no ZIP archive" in refusal(b"text")
    assert "split app" in refusal(apk(manifest_data=manifest(split="config.de")))
    assert "no package name" in refusal(apk(manifest_data=manifest(package="../x")))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<manifest/>",
        chunk(0x0003, b""),
        chunk(0x0003, b"", pool(["manifest"])),
        chunk(0x0003, b"", chunk(0x0102, bytes(8), bytes(20))),
        struct.pack("<2HL", 3, 8, 2**31),
        struct.pack("<2HL", 3, 0, 8),
        manifest()[:-30],
        manifest().replace(struct.pack("<2HL", 0x0102, 16, 36 + 60), struct.pack("<2HL", 0x0102, 16, 2**30)),
    ],
)
def test_broken_manifests_are_refused(data: bytes) -> None:
    assert "damaged" in refusal(apk(manifest_data=data))


def test_deep_manifests_are_refused() -> None:
    start = chunk(0x0102, struct.pack("<2L", 1, 0), struct.pack("<2L6H", 0, 0, 20, 20, 0, 0, 0, 0))
    assert "damaged" in refusal(apk(manifest_data=chunk(0x0003, b"", pool(["manifest"]) + start * 200)))


def test_zip_bombs_are_refused() -> None:
    assert "larger than" in refusal(apk(manifest_data=bytes(5 * 1024**2)))


def test_texts_are_cut() -> None:
    found = read(apk(manifest_data=manifest(application={LABEL: "y" * 0x7FF0})))
    assert len(found.name) == 255 < MAX_TEXT


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_damaged_parts_are_refused_or_read_but_never_crash(seed: int, changes: int) -> None:
    dice = random.Random(seed)

    def damaged(data: bytes) -> bytes:
        out = bytearray(data)
        for _ in range(changes):
            out[dice.randrange(len(out))] = dice.choice((0, 1, 0x7F, 0xFF, dice.randrange(256)))
        return bytes(out[: dice.randrange(len(out)) if dice.random() < 0.2 else len(out)])

    which = dice.choice(("manifest", "resources", "signatures"))
    try:
        if which == "manifest":
            read(apk(manifest_data=damaged(manifest())))
        elif which == "resources":
            read(apk(files={"resources.arsc": damaged(resources())}))
        else:
            read(with_block(apk(scheme=None), damaged(block({V2: signers("Old")}))))
    except UnreadableAppError:
        pass
