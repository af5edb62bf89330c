"""Apps: from Apple's store with a licence, and uploaded versions, the tenant's own or published for it.

An app that its user put on the device counts as missing: the installation takes over its management. What a device
cannot be given (another kind of device, a system too old, a version that was deleted) is sent all the same, for the
command's refusal to say why.
"""

import plistlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from apps_domain.models import AppType, StoreApp, TenantAppVersion, VendorApp, VendorAppVersion
from commands.blueprints.compile.parts import Field, Part, Settings, digest
from commands.blueprints.plan import Stage
from tenants.sealing import MASK

PREFIX = "app:"
NO_BUNDLE_ID = "Apple's store has not told the app's bundle identifier yet."
UNKNOWN = "The app is not known on this server any more."
UPLOADED = (AppType.TENANT_IOS, AppType.ESPER_IOS)
CLEARED = plistlib.dumps({})  # a device keeps the configuration that it has unless it is given another one
Version = TenantAppVersion | VendorAppVersion


@dataclass(frozen=True)
class KnownApp:
    """What this server knows of an entry of `apps`."""

    name: str
    bundle_id: str
    app_id: str  # on this server
    adam_id: str = ""  # Apple's
    build: tuple[str, str] | None = None  # what people call the version, and the build's own


@dataclass(frozen=True, kw_only=True)
class AppPart(Part):
    app_type: str
    bundle_id: str
    version_id: str
    adam_id: str
    build: tuple[str, str] | None  # of a store's app any will do
    config: str  # base64 of a property list; empty if it is to have none

    @property
    def fingerprint(self) -> str:
        version = "" if self.app_type == AppType.VPP else self.version_id
        return digest("app", self.app_type, self.bundle_id, version, self.config)

    @property
    def details(self) -> dict[str, Any]:
        """For its removal."""
        return {"bundle_id": self.bundle_id, "app_type": self.app_type, "adam_id": self.adam_id, "name": self.title}


Known = Mapping[tuple[str, str], KnownApp]  # by type and id


def apps(ios: Settings, known: Known) -> list[Part]:
    """Preloaded ones are there; the restrictions show them."""
    return [_part(entry, known) for entry in ios.get("apps") or () if entry["app_type"] != "PRELOADED"]


def _part(entry: dict[str, Any], known: Known) -> Part:
    app = known.get(reference(entry))
    bundle_id = app.bundle_id if app else ""
    key = f"{PREFIX}{bundle_id or reference(entry)[1]}"[:255]
    path = f"apps[{bundle_id or reference(entry)[1]}]"
    config = "".join((entry.get("base64_app_config") or "").split())
    fields = [Field(f"{path}.app_version_id", app.build[0] if app and app.build else "latest")]
    if config:
        fields.append(Field(f"{path}.base64_app_config", MASK, secret=digest("config", config)))
    is_uploaded = entry["app_type"] in UPLOADED
    may_be_sent = _is_uuid(reference(entry)[1]) if is_uploaded else bool(bundle_id)
    fault = "" if may_be_sent else NO_BUNDLE_ID if app else UNKNOWN
    return AppPart(
        key=key,
        title=app.name if app else "App",
        fields=tuple(fields),
        stage=Stage.APPS,
        impossible=fault,
        app_type=entry["app_type"],
        bundle_id=bundle_id,
        version_id=reference(entry)[1] if is_uploaded else "",
        adam_id=app.adam_id if app else "",
        build=app.build if app else None,
        config=config,
    )


def reference(entry: Mapping[str, Any]) -> tuple[str, str]:
    """By what an entry is found: an uploaded app by its version, one of the store by its own id or Apple's."""
    if entry["app_type"] in UPLOADED:
        return entry["app_type"], str(entry.get("app_version_id") or "")
    return entry["app_type"], str(entry["app_id"])


def known_apps(ios: Settings, tenant_id: uuid.UUID) -> dict[tuple[str, str], KnownApp]:
    """At most a query for each type."""
    wanted = [reference(entry) for entry in ios.get("apps") or ()]
    found: dict[tuple[str, str], KnownApp] = {}
    for app_type, read in READERS.items():
        if ids := {each for kind, each in wanted if kind == app_type}:
            found |= {(app_type, each): app for each, app in read(ids, tenant_id).items()}
    return found


def _store_apps(ids: set[str], tenant_id: uuid.UUID) -> dict[str, KnownApp]:
    own, apples = {each for each in ids if _is_uuid(each)}, {each for each in ids if each.isdecimal()}
    rows = StoreApp.objects.filter(Q(pk__in=own) | Q(apple_app_id__in=apples), tenant_id=tenant_id)
    found: dict[str, KnownApp] = {}
    for row in rows.only("name", "bundle_id", "apple_app_id"):
        app = KnownApp(row.name or row.bundle_id or row.apple_app_id, row.bundle_id, str(row.pk), row.apple_app_id)
        found |= {str(row.pk): app, row.apple_app_id: app}
    return found


def _own_versions(ids: set[str], tenant_id: uuid.UUID) -> dict[str, KnownApp]:
    rows = TenantAppVersion.objects.filter(pk__in=_uuids(ids), tenant_id=tenant_id)
    return _versions(rows.select_related("app"))


def _published_versions(ids: set[str], tenant_id: uuid.UUID) -> dict[str, KnownApp]:
    for_us = Q(releases__tenant_id=tenant_id) | Q(releases__tenant=None, releases__isnull=False)
    rows = VendorAppVersion.objects.filter(for_us, pk__in=_uuids(ids), app__platform=VendorApp.Platform.APPLE)
    return _versions(rows.select_related("app").distinct())


def _versions(rows: Iterable[Version]) -> dict[str, KnownApp]:
    return {
        str(row.pk): KnownApp(
            row.app_name, row.app.package_name, str(row.app_id), build=(row.version_name, row.build_number)
        )
        for row in rows
    }


def _uuids(ids: set[str]) -> set[str]:
    return {each for each in ids if _is_uuid(each)}


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


READERS = {
    AppType.VPP.value: _store_apps,
    AppType.TENANT_IOS.value: _own_versions,
    AppType.ESPER_IOS.value: _published_versions,
}
