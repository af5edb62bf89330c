"""An Android app (.apk): what it is, who signed it, and its icon.

Source: https://developer.android.com/guide/topics/manifest/manifest-intro
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from apps_domain.reading.android_chunks import REFERENCE, Value
from apps_domain.reading.android_manifest import (
    ICON,
    LABEL,
    MIN_SDK_VERSION,
    VERSION_CODE,
    VERSION_CODE_MAJOR,
    VERSION_NAME,
    Manifest,
    read_manifest,
)
from apps_domain.reading.android_resources import ANY_DENSITY, Resources, Text
from apps_domain.reading.android_signers import signer_sha256
from apps_domain.reading.errors import UnreadableAppError
from apps_domain.reading.icons import MAX_BYTES as MAX_ICON
from apps_domain.reading.icons import NoIconError, normal_icon, normal_webp
from apps_domain.reading.zips import Archive

MAX_MANIFEST = 4 * 1024**2
MAX_RESOURCES = 64 * 1024**2
MAX_ICONS = 12  # files that are looked at
ABIS = {"armeabi", "armeabi-v7a", "arm64-v8a", "x86", "x86_64"}
UNIVERSAL = "universal"
_PACKAGE = re.compile(r"[A-Za-z0-9_.]{1,255}")


@dataclass(frozen=True)
class Apk:
    package: str
    name: str
    version: str  # versionName; may be empty
    version_code: str
    min_sdk_version: str
    architecture: str  # armeabi, armeabi_v7a, arm64_v8a, x86, x86_64; universal for none or several
    signer_sha256: str  # hex
    icon: bytes | None  # a PNG file


def read_apk(file: IO[bytes]) -> Apk:
    """Reads a few parts of the file, which can be sought in. UnreadableAppError if it is no app for devices."""
    archive = Archive(file)
    if "AndroidManifest.xml" not in archive.entries:
        raise UnreadableAppError(_no_app(archive))
    manifest = read_manifest(archive.read("AndroidManifest.xml", limit=MAX_MANIFEST))
    if "split" in manifest.root:
        raise UnreadableAppError("This is one part of a split app. Publish the app as one universal .apk file.")
    words = _Words(archive, manifest)
    package = _package(manifest)
    return Apk(
        package=package,
        name=words.one(manifest.application.get(LABEL), 255) or package,
        version=words.one(manifest.root.get(VERSION_NAME), 64),
        version_code=_version_code(manifest),
        min_sdk_version=_min_sdk(manifest),
        architecture=_architecture(archive),
        signer_sha256=signer_sha256(file, archive),
        icon=_icon(archive, words.all(manifest.application.get(ICON))),
    )


def _no_app(archive: Archive) -> str:
    names = archive.entries
    if any(name.startswith("Payload/") for name in names):
        return "This is an iOS app. Name the file .ipa, and publish it so."
    if "BundleConfig.pb" in names or any(name.endswith(".apk") for name in names):
        return "This is an app bundle. Build one universal .apk file of it (bundletool build-apks --mode=universal)."
    return "The archive has no AndroidManifest.xml, so it is no .apk file."


class _Words:
    """Texts of the manifest, whether they stand in it or in the app's resources."""

    def __init__(self, archive: Archive, manifest: Manifest) -> None:
        self._manifest, self._resources = manifest, None
        entry = archive.entries.get("resources.arsc")
        if entry is not None and entry.size <= MAX_RESOURCES:
            self._resources = Resources(archive.read("resources.arsc", limit=MAX_RESOURCES))

    def all(self, value: Value | None) -> list[Text]:
        if value is not None and value.kind == REFERENCE:
            return self._resources.texts(value.data) if self._resources else []
        text = self._manifest.text(value)
        return [Text(text, "", 0)] if text else []

    def one(self, value: Value | None, size: int) -> str:
        """That for all languages, else the English one, else any; what is printable of it."""
        ranked = sorted(self.all(value), key=lambda found: (found.language != "", found.language != "en"))
        text = next((found.text for found in ranked), "")
        return "".join(filter(str.isprintable, text)).strip()[:size]


def _package(manifest: Manifest) -> str:
    package = manifest.text(manifest.root.get("package"))
    if not _PACKAGE.fullmatch(package):
        raise UnreadableAppError("The app's manifest has no package name that Android takes.")
    return package


def _version_code(manifest: Manifest) -> str:
    """Without one it is 0, as for Android."""
    found = (manifest.root.get(VERSION_CODE_MAJOR), manifest.root.get(VERSION_CODE))
    major, code = (value.data if value is not None and value.is_number else 0 for value in found)
    return str(major << 32 | code)


def _min_sdk(manifest: Manifest) -> str:
    value = manifest.uses_sdk.get(MIN_SDK_VERSION)
    return str(value.data) if value is not None and value.is_number else manifest.text(value)[:32]


def _architecture(archive: Archive) -> str:
    parts = (name.split("/") for name in archive.entries if name.startswith("lib/") and name.endswith(".so"))
    found = {part[1] for part in parts if len(part) == 3} & ABIS
    return found.pop().replace("-", "_") if len(found) == 1 else UNIVERSAL


def _icon(archive: Archive, files: list[Text]) -> bytes | None:
    """The one for the densest screens that is a picture; those drawn by XML (adaptive icons) are not shown."""
    ranked = sorted(files, key=lambda found: found.density if found.density < ANY_DENSITY else 0, reverse=True)
    for found in ranked[:MAX_ICONS]:
        reader = {"png": normal_icon, "webp": normal_webp}.get(found.text.rpartition(".")[2])
        if reader is not None and found.text in archive.entries:
            with suppress(NoIconError, UnreadableAppError):
                return reader(archive.read(found.text, limit=MAX_ICON))
    return None
