"""What a stored file of an app is, whatever its platform."""

from dataclasses import dataclass
from typing import Any

from apps_domain.models import StoredFile, VendorApp, VendorAppVersion
from apps_domain.services.tenant_apps import facts_of, read_stored_ipa

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
    """BadRequest if it is no app."""
    ipa = read_stored_ipa(row)
    facts = {**facts_of(ipa), "architecture": Architecture.UNIVERSAL}
    return ReadBuild(VendorApp.Platform.APPLE, ipa.bundle_id, "build number (CFBundleVersion)", ipa.icon, facts)
