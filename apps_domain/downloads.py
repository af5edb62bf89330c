"""Addresses of files and manifests: signed, so that nobody guesses one, and good for a time.

An address made again within a quarter of that time is the same, so that browsers need not fetch an icon twice.
"""

import re
import time
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.core.signing import BadSignature, Signer

from apps_domain.models import StoredFile, TenantAppVersion, VendorAppVersion
from tenants.models import Tenant

Version = TenantAppVersion | VendorAppVersion

_FILES = Signer(salt="apps_domain.files")
_MANIFESTS = Signer(salt="apps_domain.manifests")
_KINDS: dict[str, type[TenantAppVersion] | type[VendorAppVersion]] = {
    "tenant": TenantAppVersion,
    "vendor": VendorAppVersion,
}


class BadLinkError(ValueError):
    """Not an address that we gave."""


class ExpiredLinkError(ValueError):
    """An address that we gave, a while ago."""


@dataclass(frozen=True)
class FileLink:
    file_id: uuid.UUID
    file_name: str


@dataclass(frozen=True)
class ManifestLink:
    kind: type[Version]
    version_id: uuid.UUID
    device_id: uuid.UUID


def download_url(version: Version, *, tenant: Tenant) -> str:
    """For a caller of the API, who acts for this tenant."""
    return _file_url(version.file, version, tenant.pk, settings.DOWNLOAD_URL_SECONDS)


def icon_url(version: Version, *, tenant: Tenant) -> str | None:
    return _file_url(version.icon, version, tenant.pk, settings.DOWNLOAD_URL_SECONDS) if version.icon else None


def device_file_url(file: StoredFile, version: Version, *, device_id: uuid.UUID) -> str:
    """For a device that installs the version."""
    return _file_url(file, version, device_id, settings.MANIFEST_URL_SECONDS)


def manifest_url(version: Version, *, device_id: uuid.UUID) -> str:
    """For this one device: what it reads to install the version."""
    kind = next(name for name, model in _KINDS.items() if isinstance(version, model))
    expiry = _expiry(settings.MANIFEST_URL_SECONDS)
    token = _MANIFESTS.sign_object([kind, version.pk.hex, device_id.hex, expiry])
    return f"{settings.BASE_URL}/mdm/apps/manifest/{token}"


def read_file_token(token: str) -> FileLink:
    """BadLinkError or ExpiredLinkError."""
    key, name, _, expiry = _opened(_FILES, token)
    _require_time(expiry)
    return FileLink(uuid.UUID(key), name)


def read_manifest_token(token: str) -> ManifestLink:
    """BadLinkError or ExpiredLinkError."""
    kind, version, device, expiry = _opened(_MANIFESTS, token)
    _require_time(expiry)
    return ManifestLink(_KINDS[kind], uuid.UUID(version), uuid.UUID(device))


def _file_url(file: StoredFile, version: Version, for_whom: uuid.UUID, seconds: int) -> str:
    suffix = file.name.rpartition(".")[2]
    words = f"{version.app_name}-{version.version_name or version.build_number}"
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", words).strip("-.")[:80] or "app"
    token = _FILES.sign_object([file.pk.hex, f"{name}.{suffix}", for_whom.hex, _expiry(seconds)])
    return f"{settings.BASE_URL}/mdm/apps/files/{token}"


def _expiry(seconds: int) -> int:
    step = max(seconds // 4, 1)
    return -(-(int(time.time()) + seconds) // step) * step


def _require_time(expiry: int) -> None:
    if expiry < time.time():
        raise ExpiredLinkError


def _opened(signer: Signer, token: str) -> tuple[str, str, str, int]:
    try:
        first, second, third, expiry = signer.unsign_object(token)
    except (BadSignature, ValueError, UnicodeError):
        raise BadLinkError from None
    return first, second, third, expiry
