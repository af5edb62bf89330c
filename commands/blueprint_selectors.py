"""Reads about blueprints. Tenant first, always."""

import uuid
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps_domain.models import TenantAppVersion
from apps_domain.selectors.uses import Version
from config.api.errors import NotFound
from config.api.fields import parse_id
from devices.models import Blueprint, BlueprintVersion, Device
from tenants.models import Tenant

FILTERS = {  # of the contract, with the list that they look into
    ("ios", "app_id"): "apps",
    ("ios", "app_version_id"): "apps",
    ("ios", "provisioning_profile_id"): "provisioning_profiles",
    ("ios", "provisioning_profile_version_id"): "provisioning_profiles",
    ("android", "app_id"): "apps",
    ("android", "app_version_id"): "apps",
    ("android", "file_id"): "files",
    ("android", "wifi_network_id"): "wifi_networks",
    ("windows", "app_id"): "apps",
    ("windows", "app_version_id"): "apps",
}
FILTER_NAMES = tuple(f"settings__{platform}__{name}" for platform, name in FILTERS)
BLUEPRINTS = {"name": "name", "created_at": "created_at", "updated_at": "updated_at", "created_by": "created_by"}
BLUEPRINTS |= {"updated_by": "updated_by", "version_number": "latest_version__version_number"}
VERSIONS = {"version_number": "version_number", "minor_version_number": "minor_version_number"}
VERSIONS |= {"created_at": "created_at", "created_by": "created_by"}


def blueprints_of(tenant: Tenant) -> QuerySet[Blueprint]:
    """With what `blueprint_document` shows of them."""
    return Blueprint.objects.filter(tenant=tenant).select_related("latest_version", "published_version")


def get_blueprint(*, tenant: Tenant, blueprint_id: str | uuid.UUID) -> Blueprint:
    """The only way from an outside id to a blueprint; absent and foreign are the same NotFound."""
    known = parse_id(str(blueprint_id))
    row = blueprints_of(tenant).filter(pk=known).first() if known else None
    if row is None:
        raise NotFound("No blueprint has this id.")
    return row


def get_version(blueprint: Blueprint, *, version_id: str | uuid.UUID) -> BlueprintVersion:
    """Of this blueprint, or NotFound."""
    known = parse_id(str(version_id))
    row = versions_of(blueprint).filter(pk=known).first() if known else None
    if row is None:
        raise NotFound("No version of this blueprint has this id.")
    return row


def versions_of(blueprint: Blueprint) -> QuerySet[BlueprintVersion]:
    """Latest first."""
    rows = BlueprintVersion.objects.filter(tenant_id=blueprint.tenant_id, blueprint=blueprint)
    return rows.select_related("blueprint")


def list_blueprints(tenant: Tenant, **filters: Any) -> QuerySet[Blueprint]:
    """Newest first unless ordered otherwise. Settings are looked for in the latest and the published version."""
    rows = blueprints_of(tenant)
    if filters.get("name"):
        rows = rows.filter(name__icontains=filters["name"])
    if filters.get("name_exact"):
        rows = rows.filter(name=filters["name_exact"])
    if wanted := _wanted(filters):
        rows = rows.filter(
            Q(latest_version__settings__contains=wanted) | Q(published_version__settings__contains=wanted)
        )
    return rows.order_by(*_ordering(filters, BLUEPRINTS, ["-created_at"]), "id")


def list_versions(blueprint: Blueprint, **filters: Any) -> QuerySet[BlueprintVersion]:
    rows = versions_of(blueprint)
    for name in ("version_number", "publish"):
        if filters.get(name) is not None:
            rows = rows.filter(**{name: filters[name]})
    if wanted := _wanted(filters):
        rows = rows.filter(settings__contains=wanted)
    return rows.order_by(*_ordering(filters, VERSIONS, ["-version_number", "-minor_version_number"]), "id")


def blueprints_with(version: Version) -> list[str]:
    """Names the blueprints that need a version of an app: in their latest or published version, or in one that a
    device has."""
    entry = {"ios": {"apps": [{"app_id": str(version.app_id), "app_version_id": str(version.pk)}]}}
    rows = BlueprintVersion.objects.filter(settings__contains=entry)
    if isinstance(version, TenantAppVersion):
        rows = rows.filter(tenant_id=version.tenant_id)
    shown = Blueprint.objects.filter(Q(latest_version=OuterRef("pk")) | Q(published_version=OuterRef("pk")))
    held = Device.objects.filter(current_blueprint_version=OuterRef("pk"))
    names = rows.filter(Exists(shown) | Exists(held)).values_list("blueprint__name", flat=True)
    return [f'blueprint "{name}"' for name in names.order_by("blueprint__name").distinct()]


def _wanted(filters: dict[str, Any]) -> dict[str, Any]:
    """What settings contain that pass the filters; those about one list mean the same entry of it."""
    wanted: dict[str, Any] = {}
    for (platform, name), key in FILTERS.items():
        value = filters.get(f"settings__{platform}__{name}")
        if value:
            entry = wanted.setdefault(platform, {}).setdefault(key, [{}])[0]
            entry[name.removeprefix("provisioning_")] = str(value)
    return wanted


def _ordering(filters: dict[str, Any], columns: dict[str, str], default: list[str]) -> list[str]:
    told = filters.get("ordering") or []
    return [f"-{columns[name[1:]]}" if name.startswith("-") else columns[name] for name in told] or default
