"""What a stored file of an app is, whatever its platform."""

from dataclasses import dataclass
from typing import Any

import structlog

from apps_domain.models import StoredFile, VendorApp, VendorAppVersion
from apps_domain.reading.apk import read_apk
from apps_domain.reading.errors import UnreadableAppError
from apps_domain.services.tenant_apps import facts_of, read_stored_ipa
from apps_domain.storage import app_storage
from config.api.errors import BadRequest

log = structlog.get_logger(__name__)

Architecture = VendorAppVersion.Architecture


@dataclass(frozen=True)
class ReadBuild:
    """`facts` are columns of VendorAppVersion."""

    platform: str
    package_name: str
    number_name: str  # what people call the number of a build
    icon: bytes | None
    facts: dict[str, Any]

    @property
    def key(self) -> dict[str, Any]:
        """What a version is told apart by, within its app."""
        return {name: self.facts[name] for name in ("version_name", "build_number", "architecture")}


def read_stored_build(row: StoredFile) -> ReadBuild:
    """By the end of its name. BadRequest if it is no app."""
    return _read_apk(row) if row.name.endswith(".apk") else _read_ipa(row)


def _read_ipa(row: StoredFile) -> ReadBuild:
    ipa = read_stored_ipa(row)
    facts = {**facts_of(ipa), "architecture": Architecture.UNIVERSAL}
    return ReadBuild(VendorApp.Platform.APPLE, ipa.bundle_id, "build number (CFBundleVersion)", ipa.icon, facts)


def _read_apk(row: StoredFile) -> ReadBuild:
    with app_storage().read(row.name) as file:
        try:
            apk = read_apk(file)
        except UnreadableAppError as error:
            log.info("app_refused", reason=str(error), size=row.size)
            raise BadRequest(f"The app was not stored. {error}") from None
    facts = {
        "app_name": apk.name,
        "version_name": apk.version,
        "build_number": apk.version_code,
        "min_os_version": apk.min_sdk_version,
        "architecture": Architecture(apk.architecture),
        "signature_hash": apk.signer_sha256,
    }
    return ReadBuild(VendorApp.Platform.ANDROID, apk.package, "versionCode", apk.icon, facts)
