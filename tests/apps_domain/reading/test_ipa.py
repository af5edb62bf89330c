"""What is read from an app, and which files are none."""

import datetime as dt
import io
import plistlib
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from apps_domain.reading.errors import UnreadableAppError
from apps_domain.reading.ipa import Ipa, read_ipa
from tests.factories.ipas import APP, ipa, optimised_png, packed, picture, png, program, provisioning


def read(data: bytes) -> Ipa:
    return read_ipa(io.BytesIO(data))


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableAppError) as told:
        read(data)
    message = str(told.value)
    assert len(message) < 400
    return message


@pytest.mark.parametrize("fmt", [plistlib.FMT_XML, plistlib.FMT_BINARY], ids=["XML", "binary"])
def test_reads_what_an_app_is(fmt: plistlib.PlistFormat) -> None:
    found = read(ipa(fmt=fmt))

    assert (found.bundle_id, found.name) == ("org.example.kiosk", "Example Kiosk")
    assert (found.version, found.build, found.min_os_version) == ("1.4.2", "142", "15.0")
    assert found.device_family == ("iphone", "ipad")


@pytest.mark.parametrize(
    ("fields", "kind", "devices"),
    [
        ({}, "enterprise", 0),
        ({"ProvisionsAllDevices": False, "ProvisionedDevices": ["a", "b"]}, "ad hoc", 2),
        ({"ProvisionsAllDevices": False, "ProvisionedDevices": ["a"], "Entitlements": {"get-task-allow": True}},
         "development", 1),
        ({"ProvisionsAllDevices": False}, "app store", 0),
    ],
)  # fmt: skip
def test_reads_who_signed_it(fields: dict[str, Any], kind: str, devices: int) -> None:
    signing = read(ipa(profile=provisioning(**fields))).signing

    assert signing is not None
    assert (signing.kind, signing.devices) == (kind, devices)
    assert (signing.name, signing.team, signing.team_id) == ("Example In-House", "Example Org", "ABCDE12345")
    assert signing.expires_at == dt.datetime(2099, 5, 1, 12, tzinfo=dt.UTC)


def test_an_app_without_a_profile_is_read() -> None:
    assert read(ipa(files={f"{APP}embedded.mobileprovision": None})).signing is None


@pytest.mark.parametrize(
    "profile", [b"", b"x", provisioning()[:-40], provisioning()[:400] + b"?" + provisioning()[401:]]
)
def test_a_damaged_profile_is_refused(profile: bytes) -> None:
    assert "provisioning profile is damaged" in refusal(ipa(profile=profile))


def test_a_profile_without_an_end_is_refused() -> None:
    assert "provisioning profile" in refusal(ipa(profile=provisioning(ExpirationDate="tomorrow")))


class TestIcon:
    def shown(self, data: bytes | None) -> Image.Image:
        assert data is not None
        image = Image.open(io.BytesIO(data))
        image.load()
        return image

    def test_the_largest_is_taken_and_turned_into_an_ordinary_one(self) -> None:
        image = self.shown(read(ipa()).icon)

        assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (180, 180))
        assert image.getpixel((5, 5)) == (200, 0, 0, 255)
        assert image.getpixel((5, 170)) == (0, 0, 200, 255)
        red, green, blue, alpha = image.getpixel((170, 5))  # type: ignore[misc]
        assert (red, blue, alpha) == (0, 0, 128)
        assert abs(green - 200) <= 1

    def test_an_optimised_one_without_alpha(self) -> None:
        files = {f"{APP}AppIcon60x60@2x.png": optimised_png(60, "RGB"), f"{APP}AppIcon60x60@3x.png": None}

        image = self.shown(read(ipa(files=files)).icon)

        assert (image.getpixel((5, 5)), image.getpixel((5, 55))) == ((200, 0, 0), (0, 0, 200))

    def test_an_ordinary_one_is_made_no_larger_than_needed(self) -> None:
        image = self.shown(read(ipa(files={f"{APP}AppIcon60x60@3x.png": png(picture(1024))})).icon)

        assert image.size == (512, 512)

    @pytest.mark.parametrize(
        "bad",
        [b"", b"\x89PNG\r\n\x1a\n", png(picture(300))[:200], optimised_png(300)[:200], b"GIF89a" + bytes(100),
         png(picture(4)).replace(b"IHDR\0\0\0\4\0\0\0\4", b"IHDR\0\1\0\0\0\1\0\0")],
    )  # fmt: skip
    def test_a_broken_one_gives_way_to_the_next(self, bad: bytes) -> None:
        image = self.shown(read(ipa(files={f"{APP}AppIcon60x60@3x.png": bad})).icon)

        assert image.size == (120, 120)

    @pytest.mark.parametrize(
        "body",
        [b"IHDR" + struct.pack(">2L5B", 60_000, 60_000, 8, 6, 0, 0, 0), b"sRGB"],
        ids=["a second size", "an empty chunk"],
    )
    def test_one_with_an_odd_chunk_gives_way(self, body: bytes) -> None:
        honest = png(picture(200))
        second = struct.pack(">L", len(body) - 4) + body + struct.pack(">L", zlib.crc32(body))

        image = self.shown(read(ipa(files={f"{APP}AppIcon60x60@3x.png": honest[:33] + second + honest[33:]})).icon)

        assert image.size == (120, 120)

    @pytest.mark.parametrize(
        "info",
        [
            {"CFBundleIcons": {}},
            {"CFBundleIcons": "x"},
            {"CFBundleIcons": {"CFBundlePrimaryIcon": {"CFBundleIconFiles": [1]}}},
        ],
    )
    def test_an_app_may_have_none(self, info: dict[str, Any]) -> None:
        assert read(ipa(info=info)).icon is None

    @pytest.mark.parametrize(
        "info",
        [
            {"CFBundleIcons": None, "CFBundleIconFiles": ["AppIcon60x60@2x.png"]},
            {"CFBundleIcons": None, "CFBundleIconFile": "AppIcon60x60@2x.png"},
            {
                "CFBundleIcons": None,
                "CFBundleIcons~ipad": {"CFBundlePrimaryIcon": {"CFBundleIconFiles": ["AppIcon60x60@2x"]}},
            },
        ],
    )
    def test_it_is_found_under_each_key(self, info: dict[str, Any]) -> None:
        told = {key: value for key, value in info.items() if value is not None}

        assert self.shown(read(ipa(info=told, without="CFBundleIcons")).icon).size == (120, 120)


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"CFBundleDisplayName": "  "}, "Kiosk"),
        ({"CFBundleDisplayName": "Ki\u202eosk\n"}, "Kiosk"),
        ({"CFBundleDisplayName": 7, "CFBundleName": "", "CFBundleExecutable": ""}, "org.example.kiosk"),
        ({"CFBundleDisplayName": "Kassé 収納"}, "Kassé 収納"),
        ({"CFBundleDisplayName": "x" * 500}, "x" * 255),
    ],
)
def test_the_name_is_one_that_can_be_shown(info: dict[str, Any], expected: str) -> None:
    assert read(ipa(info=info)).name == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [([1], ("iphone",)), ([3], ("appletv",)), ("2", ("ipad",)), ([1, 1, 99, "x", [], "9" * 5000], ("iphone",))],
)
def test_families(told: Any, expected: tuple[str, ...]) -> None:
    assert read(ipa(info={"UIDeviceFamily": told})).device_family == expected


def test_an_app_without_families_is_for_iphones() -> None:
    assert read(ipa(without="UIDeviceFamily")).device_family == ("iphone",)


def test_an_app_may_lack_a_version_but_no_build() -> None:
    assert read(ipa(without="CFBundleShortVersionString")).version == ""
    assert "CFBundleVersion" in refusal(ipa(without="CFBundleVersion"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("CFBundleIdentifier", ""),
        ("CFBundleIdentifier", "a b"),
        ("CFBundleIdentifier", "x" * 256),
        ("CFBundleIdentifier", ["a"]),
        ("CFBundleVersion", "1" * 65),
        ("CFBundleVersion", "1\n2"),
        ("CFBundleVersion", {}),
        ("CFBundleShortVersionString", "v" * 65),
        ("MinimumOSVersion", "1" * 33),
    ],
)
def test_a_value_that_is_none_is_refused_and_named(key: str, value: Any) -> None:
    assert key in refusal(ipa(info={key: value}))


@pytest.mark.parametrize("data", [b"", b"<plist>", b"bplist00", plistlib.dumps([]), b"\0" * 100])
def test_an_info_plist_that_is_none_is_refused(data: bytes) -> None:
    assert "Info.plist" in refusal(ipa(files={f"{APP}Info.plist": data}))


def test_an_integer_of_thousands_of_digits_is_refused() -> None:
    info = b"<plist><dict><key>CFBundleVersion</key><integer>0x" + b"f" * 5000 + b"</integer></dict></plist>"
    assert "integer" in refusal(ipa(files={f"{APP}Info.plist": info}))


def test_a_deep_or_large_info_plist_is_refused() -> None:
    deep: Any = "x"
    for _ in range(80):
        deep = [deep]
    assert "nested" in refusal(ipa(info={"a": deep}, fmt=plistlib.FMT_XML))
    assert "larger than" in refusal(ipa(info={"a": "x" * (1024 * 1024)}))


class TestStoreApps:
    def test_an_encrypted_program(self) -> None:
        assert "App Store" in refusal(ipa(files={f"{APP}Kiosk": program(cryptid=1)}))
        assert "App Store" in refusal(ipa(files={f"{APP}Kiosk": program(cryptid=1, fat=True)}))

    def test_keys_of_the_store(self) -> None:
        assert "App Store" in refusal(ipa(files={f"{APP}SC_Info/Kiosk.sinf": b"x"}))

    def test_metadata_of_a_buyer(self) -> None:
        bought = plistlib.dumps({"com.apple.iTunesStore.downloadInfo": {"accountInfo": {}}})
        assert "licence" in refusal(ipa(files={"iTunesMetadata.plist": bought}))

    @pytest.mark.parametrize("metadata", [plistlib.dumps({"itemName": "Kiosk"}), b"x"])
    def test_metadata_without_a_buyer_is_taken(self, metadata: bytes) -> None:
        assert read(ipa(files={"iTunesMetadata.plist": metadata})).build == "142"

    @pytest.mark.parametrize(
        "head", [b"", b"x", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe" + b"\xff" * 100, program(fat=True)]
    )
    def test_a_program_that_is_none_or_not_encrypted_is_taken(self, head: bytes) -> None:
        assert read(ipa(files={f"{APP}Kiosk": head})).build == "142"


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"AndroidManifest.xml": b"", "classes.dex": b""}, "Android"),
        ({"Kiosk.app/Info.plist": b""}, "packed .app folder"),
        ({"Kiosk.xcarchive/Info.plist": b""}, "Xcode archive"),
        ({"a.txt": b""}, "no folder Payload"),
        ({"Payload/readme.txt": b""}, "no folder Payload"),
        ({"Payload/A.app/Info.plist": b"", "Payload/B.app/Info.plist": b""}, "2 apps"),
        ({"Payload/A.app/x": b""}, "no Info.plist"),
    ],
)
def test_other_archives_are_told_apart(files: dict[str, bytes], word: str) -> None:
    assert word in refusal(packed(files))


def test_an_app_for_the_simulator_is_refused() -> None:
    assert "simulator" in refusal(ipa(info={"CFBundleSupportedPlatforms": ["iPhoneSimulator"]}))
    assert "simulator" in refusal(ipa(info={"DTPlatformName": "iphonesimulator"}))
