"""Android apps as a build leaves them: compiled manifest, compiled resources, signature of version 2 or 3."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from tenants.crypto.cms import sign
from tests.factories.ipas import picture, png
from tests.factories.pki import Identity, identity

VERSION_CODE, VERSION_NAME, CODE_MAJOR = 0x0101021B, 0x0101021C, 0x01010576
LABEL, ICON, MIN_SDK = 0x01010001, 0x01010002, 0x0101020C
NUMBERS = (VERSION_CODE, VERSION_NAME, CODE_MAJOR, LABEL, ICON, MIN_SDK)
LABEL_REFERENCE, ICON_REFERENCE, ALIAS_REFERENCE = 0x7F010000, 0x7F020000, 0x7F010001
V2, V3 = 0x7109871A, 0xF05368C0
NONE = 0xFFFFFFFF


def chunk(kind: int, header: bytes, body: bytes = b"") -> bytes:
    body += bytes(-(len(header) + len(body)) % 4)
    return struct.pack("<2HL", kind, 8 + len(header), 8 + len(header) + len(body)) + header + body


def pool(texts: Sequence[str], *, utf8: bool = True) -> bytes:
    offsets, data = [], b""
    for text in texts:
        offsets.append(len(data))
        data += _utf8(text) if utf8 else struct.pack("<H", len(text)) + text.encode("utf-16-le") + b"\0\0"
    start = 28 + 4 * len(texts)
    header = struct.pack("<5L", len(texts), 0, 0x100 if utf8 else 0, start, 0)
    return chunk(0x0001, header, struct.pack(f"<{len(texts)}L", *offsets) + data)


def _utf8(text: str) -> bytes:
    data = text.encode()
    return _length(len(text)) + _length(len(data)) + data + b"\0"


def _length(size: int) -> bytes:
    return bytes([size]) if size < 0x80 else bytes([0x80 | size >> 8, size & 0xFF])


class Texts(list[str]):
    def number(self, text: str) -> int:
        if text not in self:
            self.append(text)
        return self.index(text)


def value(told: Any, texts: Texts) -> bytes:
    """A text, a number, or a reference as `("@", number)`."""
    kind, data = (1, told[1]) if isinstance(told, tuple) else (0x10, told) if isinstance(told, int) else (3, None)
    return struct.pack("<H2BL", 8, 0, kind, texts.number(told) if data is None else data)


def manifest(
    *,
    application: Mapping[Any, Any] | None = None,
    sdk: Mapping[Any, Any] | None = None,
    utf8: bool = True,
    **root: Any,
) -> bytes:
    """Attributes by number; those without one, such as `package`, by name."""
    names: dict[Any, Any] = {
        "package": "org.example.scanner",
        "version_code": 77,
        "version_name": "2.5",
        "major": None,
        **root,
    }
    for number, name in {VERSION_CODE: "version_code", VERSION_NAME: "version_name", CODE_MAJOR: "major"}.items():
        names[number] = names.pop(name)
    top = {key: told for key, told in names.items() if told is not None}
    texts = Texts(f"name of {number:x}" for number in NUMBERS)  # their numbers are in the map of resources
    app = {LABEL: ("@", LABEL_REFERENCE), ICON: ("@", ICON_REFERENCE)} if application is None else application
    body = _start("manifest", top, texts)
    body += _start("uses-sdk", {MIN_SDK: 26} if sdk is None else sdk, texts) + _end("uses-sdk", texts)
    body += _start("application", app, texts) + _end("application", texts)
    body += _end("manifest", texts)
    resource_map = chunk(0x0180, b"", struct.pack(f"<{len(NUMBERS)}L", *NUMBERS))
    return chunk(0x0003, b"", pool(texts, utf8=utf8) + resource_map + body)


def _start(name: str, attributes: Mapping[Any, Any], texts: Texts) -> bytes:
    packed = b""
    for key, told in attributes.items():
        number = NUMBERS.index(key) if isinstance(key, int) else texts.number(key)
        packed += struct.pack("<3L", NONE, number, NONE) + value(told, texts)
    told = struct.pack("<2L6H", NONE, texts.number(name), 20, 20, len(attributes), 0, 0, 0)
    return chunk(0x0102, struct.pack("<2L", 1, NONE), told + packed)


def _end(name: str, texts: Texts) -> bytes:
    return chunk(0x0103, struct.pack("<2L", 1, NONE), struct.pack("<2L", NONE, texts.number(name)))


def resources(*, compact: bool = False, sparse: bool = False, short: bool = False) -> bytes:
    """Strings: the label in two languages, and a reference to it. Pictures: the icon for three densities."""
    texts = Texts()

    def kind(number: int, entries: Sequence[Any], *, language: bytes = b"\0\0", density: int = 0) -> bytes:
        packed = []
        for told in entries:
            if compact:
                inner = value(told, texts)
                packed.append(struct.pack("<2H", 0, 0x8 | inner[3] << 8) + inner[4:])
            else:
                packed.append(struct.pack("<2HL", 8, 0, 0) + value(told, texts))
        ends = [sum(map(len, packed[:index])) for index in range(len(packed))]
        config = struct.pack("<L2H2s2s2BH", 64, 0, 0, language, b"\0\0", 0, 0, density) + bytes(48)
        if sparse:
            offsets = b"".join(struct.pack("<2H", index, end // 4) for index, end in enumerate(ends))
        elif short:
            offsets = struct.pack(f"<{len(ends)}H", *(end // 4 for end in ends))
            offsets += bytes(-len(offsets) % 4)
        else:
            offsets = struct.pack(f"<{len(ends)}L", *ends)
        flags = 1 if sparse else 2 if short else 0
        head = struct.pack("<2BH2L", number, flags, 0, len(entries), 20 + 64 + len(offsets))
        return chunk(0x0201, head + config, offsets + b"".join(packed))

    types = kind(1, ["Étiquette", ("@", LABEL_REFERENCE)], language=b"fr")
    types += kind(1, ["Shelf Scanner", ("@", LABEL_REFERENCE)])
    types += kind(2, ["res/icon-anydpi.xml"], density=0xFFFE)
    types += kind(2, ["res/icon-hdpi.png"], density=240) + kind(2, ["res/icon-xxhdpi.webp"], density=480)
    package = chunk(0x0200, struct.pack("<L", 0x7F) + bytes(256) + bytes(20), types)
    return chunk(0x0002, struct.pack("<L", 1), pool(texts) + package)


def apk(
    *,
    manifest_data: bytes | None = None,
    files: Mapping[str, bytes | None] | None = None,
    scheme: int | None = V2,
    v1: bool = False,
    signer: str = "Android Release",
) -> bytes:
    """An app that can be taken; `files` are laid over its own (None takes one away)."""
    held: dict[str, bytes | None] = {
        "AndroidManifest.xml": manifest() if manifest_data is None else manifest_data,
        "resources.arsc": resources(),
        "res/icon-hdpi.png": png(picture(72)),
        "res/icon-xxhdpi.webp": webp(144),
        "classes.dex": b"dex\n" * 500,
        **(files or {}),
    }
    if v1:
        held |= {"META-INF/CERT.SF": b"Signature-Version: 1.0\n", "META-INF/CERT.RSA": _v1(signer)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in held.items():
            if data is not None:
                archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue() if scheme is None else with_block(out.getvalue(), block({scheme: signers(signer)}))


@cache
def webp(side: int) -> bytes:
    out = io.BytesIO()
    picture(side).save(out, "WEBP", lossless=True)
    return out.getvalue()


@cache
def _identity(signer: str) -> Identity:
    return identity(signer)


@cache
def certificate(signer: str) -> bytes:
    return _identity(signer).certificate.public_bytes(Encoding.DER)


@cache
def _v1(signer: str) -> bytes:
    who = _identity(signer)
    return sign(b"Signature-Version: 1.0\n", certificate=who.certificate, key=who.key)


def part(*data: bytes) -> bytes:
    return struct.pack("<L", len(b"".join(data))) + b"".join(data)


def signers(signer: str) -> bytes:
    digests = part(part(struct.pack("<L", 0x0103), part(bytes(32))))
    return part(part(part(digests, part(part(certificate(signer)))), part(), part()))


def block(schemes: Mapping[int, bytes]) -> bytes:
    pairs = b"".join(struct.pack("<QL", 4 + len(data), kind) + data for kind, data in schemes.items())
    size = struct.pack("<Q", len(pairs) + 24)
    return size + pairs + size + b"APK Sig Block 42"


def with_block(archive: bytes, signatures: bytes) -> bytes:
    """Before the directory, whose place the end record then tells anew."""
    (start,) = struct.unpack_from("<L", archive, len(archive) - 6)
    end = archive[start:-6] + struct.pack("<L", start + len(signatures)) + archive[-2:]
    return archive[:start] + signatures + end
