"""Whose certificate an Android app is signed with.

Source: https://source.android.com/docs/security/features/apksigning/v2 and /v3; v1 is that of JAR files. Whether the
signature holds is for the device to find out: here the certificate is only named.
"""

import hashlib
import struct
from collections.abc import Iterator
from typing import IO

from apps_domain.reading.errors import UnreadableAppError
from apps_domain.reading.zips import Archive
from tenants.crypto.cms import CmsError, verify_signed

UNSIGNED = "The app is not signed, so no device installs it. Sign it with apksigner, and publish that file."
DAMAGED = "The app's signature is damaged. Sign it again with apksigner, and publish that file."
_MAGIC = b"APK Sig Block 42"
_V2, _V3 = 0x7109871A, 0xF05368C0
_MAX_BLOCK = 64 * 1024**2
_MAX_SIGNERS = 1024**2
_MAX_PAIRS = 1000
_MAX_V1 = 1024**2
_LONG, _QUAD = struct.Struct("<L"), struct.Struct("<Q")


def signer_sha256(file: IO[bytes], archive: Archive) -> str:
    """Hex, of the first signer's certificate: of the newest kind of signature that all devices since know."""
    blocks = dict(_blocks(file, archive.directory_offset))
    block = blocks.get(_V3) or blocks.get(_V2)
    return hashlib.sha256(_certificate(block) if block else _v1_certificate(archive)).hexdigest()


def _blocks(file: IO[bytes], end: int) -> Iterator[tuple[int, bytes]]:
    """The signatures in the block before the archive's directory, by their kind; none if there is no such block."""
    file.seek(max(end - 24, 0))
    foot = file.read(24)
    if len(foot) < 24 or foot[8:] != _MAGIC:
        return
    (size,) = _QUAD.unpack_from(foot)
    at, stop = end - size, end - 24
    if size > _MAX_BLOCK or at < 8 or at > stop:
        raise UnreadableAppError(DAMAGED)
    for _ in range(_MAX_PAIRS):
        if at + 12 > stop:
            return
        file.seek(at)
        head = file.read(12)
        length, kind = _QUAD.unpack_from(head)[0], _LONG.unpack_from(head, 8)[0]
        if length < 4 or length > stop - at - 8:
            raise UnreadableAppError(DAMAGED)
        if kind in (_V2, _V3) and length <= _MAX_SIGNERS:
            yield kind, file.read(length - 4)
        at += 8 + length
    raise UnreadableAppError(DAMAGED)


def _certificate(block: bytes) -> bytes:
    """Signers, the first of them, its signed data; in that the digests, then the certificates."""
    signed_data = _first(_first(_first(block)))
    digests = _first(signed_data)
    return _first(_first(signed_data[4 + len(digests) :]))


def _first(data: bytes) -> bytes:
    """The first of the parts that each have their length before them."""
    if len(data) < 4:
        raise UnreadableAppError(DAMAGED)
    (length,) = _LONG.unpack_from(data)
    if not 0 < length <= len(data) - 4:
        raise UnreadableAppError(DAMAGED)
    return data[4 : 4 + length]


def _v1_certificate(archive: Archive) -> bytes:
    for name in archive.entries:
        stem, _, kind = name.rpartition(".")
        if not name.startswith("META-INF/") or kind.upper() not in ("RSA", "DSA", "EC"):
            continue
        if (signed := f"{stem}.SF") in archive.entries:
            try:
                content = archive.read(signed, limit=8 * _MAX_V1)
                return verify_signed(archive.read(name, limit=_MAX_V1), content=content).certificate_der
            except CmsError:
                raise UnreadableAppError(DAMAGED) from None
    raise UnreadableAppError(UNSIGNED)
