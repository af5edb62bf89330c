"""A device's way to an app that no store has: the manifest, the package in two parts, its hashes, its Info.plist.

Keys of a manifest: https://developer.apple.com/documentation/devicemanagement/manifesturl
"""

import hashlib
import plistlib
import re
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urljoin

from onboarding.simulation.apple_http import HttpClient, Reply, header_of, send
from onboarding.simulation.apple_profile import read_plist

FIRST_PART = 1024  # bytes: enough to learn how long the package is and whether it comes in parts
_LARGEST_INFO = 1024 * 1024
_REDIRECTS = 3
_INFO = re.compile(r"Payload/[^/]+\.app/Info\.plist")


class PackageError(Exception):
    """The app cannot be had so, however often it is tried; the message says why in one sentence."""


class NotAnApp(PackageError):
    """What was fetched is no app."""


@dataclass(frozen=True)
class Manifest:
    identifier: str
    build: str
    title: str
    url: str
    part_size: int
    """Of the parts that were hashed; 0: nothing was."""
    part_hashes: tuple[str, ...]
    hash_name: str


@dataclass(frozen=True)
class Package:
    identifier: str
    name: str
    version: str
    build: str
    size: int
    minimum_os: str
    families: frozenset[int]
    """1: iPhone, 2: iPad, 3: Apple TV. Empty: not told."""


def fetch_manifest(http: HttpClient, url: str) -> Manifest:
    """Raises PackageError and ServerUnreachable."""
    document = read_plist(_get(http, url, {}).content)
    try:
        (item,) = document["items"]  # type: ignore[index]
        (package,) = [asset for asset in item["assets"] if asset["kind"] == "software-package"]
        metadata = item["metadata"]
        name = "sha256" if "sha256s" in package else "md5"
        return Manifest(
            identifier=str(metadata["bundle-identifier"]),
            build=str(metadata["bundle-version"]),
            title=str(metadata["title"]),
            url=str(package["url"]),
            part_size=int(package.get(f"{name}-size", 0)),
            part_hashes=tuple(str(each) for each in package.get(f"{name}s", ())),
            hash_name=name,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PackageError("The manifest cannot be read.") from error


def fetch_package(http: HttpClient, manifest: Manifest) -> Package:
    """Raises PackageError and ServerUnreachable."""
    with tempfile.TemporaryFile() as file:
        size = _download(http, manifest.url, file)
        _check_hashes(file, manifest, size)
        package = _read(file, size)
    if package.identifier != manifest.identifier:
        raise PackageError(f"The package is {package.identifier}, the manifest tells of {manifest.identifier}.")
    return package


def _download(http: HttpClient, url: str, file: IO[bytes]) -> int:
    """The length. In two parts, the second only if it is of the same file as the first."""
    first = _get(http, url, {"Range": f"bytes=0-{FIRST_PART - 1}"})
    file.write(first.content)
    told = re.fullmatch(r"bytes 0-(\d+)/(\d+)", header_of(first, "Content-Range"))
    if first.status_code != 206 or told is None:
        return len(first.content)
    total = int(told.group(2))
    if len(first.content) < total:
        tag = header_of(first, "ETag")
        second = _get(http, url, {"Range": f"bytes={len(first.content)}-", **({"If-Range": tag} if tag else {})})
        if second.status_code != 206:
            raise PackageError("The package changed while it was fetched.")
        file.write(second.content)
    if file.tell() != total:
        raise PackageError(f"The package has {file.tell()} bytes instead of {total}.")
    return total


def _check_hashes(file: IO[bytes], manifest: Manifest, size: int) -> None:
    if not manifest.part_size:
        return
    found = tuple(_part_hashes(file, manifest, size))
    if found != tuple(each.lower() for each in manifest.part_hashes):
        raise PackageError("The package's hashes are not those of the manifest.")


def _part_hashes(file: IO[bytes], manifest: Manifest, size: int) -> Iterator[str]:
    file.seek(0)
    for _ in range(-(-size // manifest.part_size)):
        digest = hashlib.new(manifest.hash_name, usedforsecurity=False)
        left = manifest.part_size
        while left and (data := file.read(min(left, 1024 * 1024))):
            digest.update(data)
            left -= len(data)
        yield digest.hexdigest()


def _read(file: IO[bytes], size: int) -> Package:
    try:
        with zipfile.ZipFile(file) as archive:
            (name,) = [name for name in archive.namelist() if _INFO.fullmatch(name)]
            with archive.open(name) as entry:
                info: dict[str, Any] = plistlib.loads(entry.read(_LARGEST_INFO))
        return Package(
            identifier=str(info["CFBundleIdentifier"]),
            name=str(info.get("CFBundleDisplayName") or info.get("CFBundleName") or info["CFBundleIdentifier"]),
            version=str(info.get("CFBundleShortVersionString") or info["CFBundleVersion"]),
            build=str(info["CFBundleVersion"]),
            size=size,
            minimum_os=str(info.get("MinimumOSVersion", "")),
            families=frozenset(int(each) for each in info.get("UIDeviceFamily", ())),
        )
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise NotAnApp("The package is no app.") from error


def _get(http: HttpClient, url: str, headers: dict[str, str]) -> Reply:
    """Follows redirects, as storage elsewhere needs. Raises PackageError and ServerUnreachable."""
    for _ in range(_REDIRECTS + 1):
        reply = send(http, "GET", url, headers=headers)
        if reply.status_code in (200, 206):
            return reply
        if reply.status_code not in (301, 302, 303, 307, 308):
            break
        url = urljoin(url, header_of(reply, "Location"))
    raise PackageError(f"{url.partition('?')[0]} answered HTTP {reply.status_code}.")
