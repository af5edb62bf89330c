"""What a device reads to install an app that no store has.

Source: https://developer.apple.com/documentation/devicemanagement/manifesturl. With hashes of parts, a device that got
one part wrong fetches only that one again. Of SHA-256 and MD5 devices use SHA-256 alone.
"""

import uuid
from typing import Any

from apps_domain.downloads import Version, device_file_url
from config import plist


def build_manifest(version: Version, *, device_id: uuid.UUID) -> bytes:
    """For this device: the addresses in it are its own, and good for a time."""
    package: dict[str, Any] = {
        "kind": "software-package",
        "url": device_file_url(version.file, version, device_id=device_id),
        "sha256-size": version.chunk_hashes["size"],
        "sha256s": version.chunk_hashes["sha256s"],
    }
    assets = [package]
    if version.icon:
        url = device_file_url(version.icon, version, device_id=device_id)
        assets.append({"kind": "display-image", "needs-shine": False, "url": url})
    metadata = {
        "kind": "software",
        "bundle-identifier": version.app.package_name,
        "bundle-version": version.build_number,
        "title": version.app_name,
    }
    return plist.dumps({"items": [{"assets": assets, "metadata": metadata}]})
