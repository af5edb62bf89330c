"""What settings name by id: apps and pictures of the tenant. Foreign ones are absent."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from apps_domain.models import StoreApp, StoreAppVersion, TenantAppVersion, VppLicence
from apps_domain.selectors.builds import installable_versions
from apps_domain.services.store import known_store_apps
from commands.blueprints.schema.base import Fault
from commands.blueprints.schema.fields import ADAM_ID
from commands.blueprints.schema.ios_apps import LATEST
from config.api.fields import parse_id
from tenants.models import Tenant

App = dict[str, Any]
BUILDS = ("TENANT_IOS", "ESPER_IOS")
PATH = "settings.ios"
NO_APP = (
    "names no app that this tenant has from Apple's store: look it up first (GET /api/v2/itunesapps), or buy licences."
)
NO_VERSION = "names no version of this app that is stored or published for this tenant."
NOT_LISTED = "must be among the apps of this blueprint."
TWICE = "stands in the list twice."


def resolve_apps(tenant: Tenant, ios: dict[str, Any]) -> list[Fault]:
    """Puts our ids in the place of Apple's. The faults, if there are any."""
    apps: list[App] = ios.get("apps", [])
    kiosk: App | None = ios.get("kiosk_app")
    faults = _resolve_store(tenant, [*apps, *([kiosk] if kiosk else [])], at=_path(len(apps)))
    faults += _check_store_versions(apps) if not faults else []
    faults += _check_builds(tenant, apps)
    faults += [(f"{PATH}.apps[{index}].app_id", TWICE) for index in _repeated(apps)]
    if kiosk and kiosk["app_type"] != "PRELOADED" and not faults and _key(kiosk) not in map(_key, apps):
        faults.append((f"{PATH}.kiosk_app.app_id", NOT_LISTED))
    return faults


def _path(count: int) -> Any:
    return lambda index: f"{PATH}.apps[{index}].app_id" if index < count else f"{PATH}.kiosk_app.app_id"


def _key(app: App) -> tuple[str, str]:
    return app["app_type"], app["app_id"]


def _repeated(apps: list[App]) -> list[int]:
    keys = [app["app_id"] for app in apps]
    return [index for index, key in enumerate(keys) if key in keys[:index]]


def _resolve_store(tenant: Tenant, apps: list[App], *, at: Any) -> list[Fault]:
    """Apps of the store by our id, or by Apple's where they were looked up or bought."""
    named = {app["app_id"] for app in apps if app["app_type"] == "VPP"}
    found = _by_apples_id(tenant, {name for name in named if ADAM_ID.fullmatch(name)})
    rows = StoreApp.objects.filter(tenant=tenant, pk__in=_ids(named))
    found |= {str(key): str(key) for key in rows.values_list("pk", flat=True)}
    faults = []
    for index, app in enumerate(apps):
        if app["app_type"] == "VPP":
            known = found.get(app["app_id"].lower())
            app["app_id"], fault = (known, None) if known else (app["app_id"], (at(index), NO_APP))
            faults += [fault] if fault else []
        elif app["app_type"] in BUILDS:
            app["app_id"] = app["app_id"].lower()
    return faults


def _by_apples_id(tenant: Tenant, names: set[str]) -> dict[str, str]:
    """Ours, by Apple's. A licence is enough for an app to be known."""
    looked_up: QuerySet[Any] = StoreApp.objects.filter(tenant=tenant, apple_app_id__in=names)
    bought: QuerySet[Any] = VppLicence.objects.filter(tenant=tenant, adam_id__in=names)
    known = {*looked_up.values_list("apple_app_id", flat=True), *bought.values_list("adam_id", flat=True)}
    return {name: str(row.pk) for name, row in known_store_apps(tenant=tenant, adam_ids=known).items()}


def _check_store_versions(apps: list[App]) -> list[Fault]:
    told = {index: app for index, app in enumerate(apps) if app["app_type"] == "VPP"}
    named = [app["app_version_id"] for app in told.values() if app["app_version_id"] != LATEST]
    rows = StoreAppVersion.objects.filter(pk__in=_ids(named)).values_list("pk", "app_id")
    known = {(str(version), str(app)) for version, app in rows}
    faults = []
    for index, app in told.items():
        version = app["app_version_id"] = app["app_version_id"].lower()
        if version != LATEST and (version, app["app_id"]) not in known:
            fault = "names no version of this app; give `latest`, or leave it out."
            faults.append((f"{PATH}.apps[{index}].app_version_id", fault))
    return faults


def _check_builds(tenant: Tenant, apps: list[App]) -> list[Fault]:
    told = {index: app for index, app in enumerate(apps) if app["app_type"] in BUILDS}
    found = installable_versions(tenant_id=tenant.pk, version_ids=_ids(app["app_version_id"] for app in told.values()))
    faults = []
    for index, app in told.items():
        known = parse_id(app["app_version_id"])
        version = found.get(known) if known else None
        kind = "TENANT_IOS" if isinstance(version, TenantAppVersion) else "ESPER_IOS"
        if version is None or (kind, str(version.app_id)) != _key(app):
            faults.append((f"{PATH}.apps[{index}].app_version_id", NO_VERSION))
        app["app_version_id"] = str(known) if known else app["app_version_id"]
    return faults


def _ids(names: Iterable[str]) -> list[str]:
    """Those that can be ids."""
    return [str(known) for name in names if len(name) >= 32 and (known := parse_id(name))]
