"""iOS apps as Xcode exports them, and what is wrong with some."""

from __future__ import annotations

import datetime as dt
import io
import plistlib
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from tenants.crypto.cms import sign
from tests.factories.pki import identity

EXPIRES = dt.datetime(2099, 5, 1, 12, 0)  # noqa: DTZ001 - as plistlib wants it
INFO: dict[str, Any] = {
    "CFBundleIdentifier": "org.example.kiosk",
    "CFBundleDisplayName": "Example Kiosk",
    "CFBundleName": "Kiosk",
    "CFBundleExecutable": "Kiosk",
    "CFBundleShortVersionString": "1.4.2",
    "CFBundleVersion": "142",
    "MinimumOSVersion": "15.0",
    "UIDeviceFamily": [1, 2],
    "CFBundleSupportedPlatforms": ["iPhoneOS"],
    "CFBundleIcons": {"CFBundlePrimaryIcon": {"CFBundleIconFiles": ["AppIcon60x60"]}},
}
PROFILE: dict[str, Any] = {
    "Name": "Example In-House",
    "TeamName": "Example Org",
    "TeamIdentifier": ["ABCDE12345"],
    "ExpirationDate": EXPIRES,
    "ProvisionsAllDevices": True,
    "Entitlements": {"get-task-allow": False},
}
APP = "Payload/Kiosk.app/"


def ipa(
    *,
    info: Mapping[str, Any] | None = None,
    without: str = "",
    fmt: plistlib.PlistFormat = plistlib.FMT_BINARY,
    profile: bytes | None = None,
    files: Mapping[str, bytes | None] | None = None,
) -> bytes:
    """An app that can be taken; `info` is laid over its Info.plist, `files` over its files (None takes one away)."""
    told = {key: value for key, value in {**INFO, **(info or {})}.items() if key != without}
    held: dict[str, bytes | None] = {
        f"{APP}Info.plist": plistlib.dumps(told, fmt=fmt),
        f"{APP}Kiosk": program(),
        f"{APP}embedded.mobileprovision": provisioning() if profile is None else profile,
        f"{APP}AppIcon60x60@2x.png": optimised_png(120),
        f"{APP}AppIcon60x60@3x.png": optimised_png(180),
        f"{APP}Assets.car": b"assets" * 500,
        **(files or {}),
    }
    return packed({name: data for name, data in held.items() if data is not None})


def build(number: int, **info: Any) -> bytes:
    return ipa(info={"CFBundleVersion": str(number), **info})


def packed(files: Mapping[str, bytes], **options: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def provisioning(**fields: Any) -> bytes:
    return _signed(plistlib.dumps({**PROFILE, **fields}))


@cache
def _signed(content: bytes) -> bytes:
    signer = identity("Apple Provisioning")
    return sign(content, certificate=signer.certificate, key=signer.key)


def program(*, cryptid: int = 0, fat: bool = False) -> bytes:
    """The beginning of a 64-bit ARM program with the load command that tells of encryption."""
    encryption = struct.pack("<6L", 0x2C, 24, 0x4000, 0x8000, cryptid, 0)
    other = struct.pack("<2L", 0x1B, 24) + b"\1" * 16  # LC_UUID
    thin = struct.pack("<8L", 0xFEEDFACF, 0x0100000C, 0, 2, 2, 48, 0, 0) + other + encryption + bytes(4096)
    if not fat:
        return thin
    return struct.pack(">2L5L", 0xCAFEBABE, 1, 0x0100000C, 0, 0x4000, len(thin), 14).ljust(0x4000, b"\0") + thin


def picture(side: int, mode: str = "RGBA") -> Image.Image:
    """Red above, blue below; the right half of it is half transparent where that can be."""
    image = Image.new(mode, (side, side), (200, 0, 0, 255)[: len(mode)])
    image.paste((0, 0, 200, 255)[: len(mode)], (0, side // 2, side, side))
    if mode == "RGBA":
        image.paste((0, 200, 0, 128), (side // 2, 0, side, side // 4))
    return image


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@cache
def optimised_png(side: int = 60, mode: str = "RGBA") -> bytes:
    """As Xcode's `pngcrush -iphone` leaves it: CgBI, no zlib header, BGR, colours multiplied by alpha, filter Sub."""
    image = picture(side, mode)
    pixels = image.convert("RGBa").tobytes() if mode == "RGBA" else image.tobytes()
    size, rows = len(mode), bytearray()
    for start in range(0, len(pixels), side * size):
        row = bytearray(pixels[start : start + side * size])
        row[0::size], row[2::size] = row[2::size], row[0::size]
        shifted = bytes(size) + bytes(row[:-size])
        rows += b"\1" + bytes((a - b) % 256 for a, b in zip(row, shifted, strict=True))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(bytes(rows)) + packer.flush()
    header = struct.pack(">2L5B", side, side, 8, 6 if size == 4 else 2, 0, 0, 0)
    chunks = [(b"CgBI", b"\x50\x00\x20\x02"), (b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body)) for kind, body in chunks
    )


def upload_form(file: bytes, name: str = "Kiosk.ipa", **fields: str) -> dict[str, Any]:
    """The options of a request that uploads it."""
    parts = {"platform": "APPLE", **fields, "file": SimpleUploadedFile(name, file)}
    return {"body": encode_multipart(BOUNDARY, parts), "content_type": MULTIPART_CONTENT}
