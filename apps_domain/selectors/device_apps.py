"""Reads about apps of ours on devices."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from apps_domain.models import (
    AppType,
    DeviceApp,
    StoreApp,
    StoreAppVersion,
    TenantApp,
    TenantAppVersion,
    VendorApp,
    VendorAppVersion,
    VppAssignment,
    VppLicence,
)
from devices.models import Device, InstalledApp
from tenants.models import Tenant

TYPES = {AppType.TENANT_IOS: "own", AppType.ESPER_IOS: "vendor", AppType.VPP: "store"}  # the likeliest first
TENANT = OuterRef("of_tenant")
ANY_DEVICE = uuid.UUID(int=1)
TOLD = ("of_tenant", "identifier", "short_version", "version")
COLUMNS = (*TOLD, "own_app", "own_version", "vendor_app", "vendor_version", "store_app", "store_version")


@dataclass(frozen=True)
class Candidate:
    """An app of ours with a bundle identifier. `version_id`: None if the version is not known here."""

    app_type: str
    app_id: uuid.UUID
    version_id: uuid.UUID | None


@dataclass(frozen=True)
class ManagedApp:
    """An app that a device lists and this server manages, and which of ours it may be, the likeliest first."""

    tenant_id: uuid.UUID
    bundle_id: str
    version: str
    candidates: tuple[Candidate, ...]


def list_device_apps(device: Device, *, app_types: Sequence[str] = ()) -> QuerySet[DeviceApp]:
    """Latest first; of these types, or all."""
    rows = DeviceApp.objects.filter(device=device)
    return rows.filter(app_type__in=app_types) if app_types else rows


def devices_with_app(
    tenant: Tenant, *, app_id: uuid.UUID | None = None, version_id: uuid.UUID | None = None
) -> QuerySet[DeviceApp]:
    """One row for each device that has the app, or this version of it."""
    rows = DeviceApp.objects.filter(tenant=tenant).order_by("device_id").defer("app_config")
    rows = rows.filter(app_id=app_id) if app_id else rows
    return rows.filter(app_version_id=version_id) if version_id else rows


def managed_apps(device_id: uuid.UUID) -> list[ManagedApp]:
    """One statement, whatever the number of apps."""
    sql, params = _statement()
    with connection.cursor() as cursor:
        cursor.execute(sql, [device_id if each == ANY_DEVICE else each for each in params])
        return [_managed_app(dict(zip(COLUMNS, row, strict=True))) for row in cursor.fetchall()]


@cache
def _statement() -> tuple[str, tuple[Any, ...]]:
    """Made once: writing it out takes longer than running it. It asks for ANY_DEVICE."""
    rows = InstalledApp.objects.filter(device_id=ANY_DEVICE, is_managed=True)
    asked = rows.annotate(of_tenant=F("device__tenant_id"))
    for name, ours in _ours().items():
        asked = asked.annotate(**{name: Subquery(ours[:1])})
    return asked.order_by("identifier").values_list(*COLUMNS).query.sql_with_params()


def _managed_app(row: dict[str, Any]) -> ManagedApp:
    found = (
        Candidate(app_type, row[f"{name}_app"], row[f"{name}_version"])
        for app_type, name in TYPES.items()
        if row[f"{name}_app"]
    )
    version = row["short_version"] or row["version"]
    return ManagedApp(row["of_tenant"], row["identifier"], version, tuple(found))


def _ours() -> dict[str, QuerySet[Any]]:
    """By a row of InstalledApp: the apps of ours that it may be, and which versions of those."""
    build = {"version_name": OuterRef("short_version"), "build_number": OuterRef("version")}
    own = TenantApp.objects.filter(
        tenant=TENANT, platform=TenantApp.Platform.APPLE, package_name=OuterRef("identifier")
    )
    published = VendorAppVersion.objects.filter(
        Q(releases__tenant=TENANT) | Q(releases__tenant=None, releases__isnull=False),
        app__platform=VendorApp.Platform.APPLE,
        app__package_name=OuterRef("identifier"),
    )
    known = StoreAppVersion.objects.filter(app=OuterRef("store_app"), version=OuterRef("short_version"))
    return {
        "own_app": own.values("pk"),
        "own_version": TenantAppVersion.objects.filter(app=OuterRef("own_app"), **build).values("pk"),
        "vendor_app": published.values("app"),
        "vendor_version": published.filter(**build).values("pk"),
        "store_app": _licensed_apps().values("pk"),
        "store_version": known.values("pk"),
    }


def _licensed_apps() -> QuerySet[StoreApp]:
    """Those with a licence of the device, then those that the tenant has licences for."""
    app = {"tenant": OuterRef("tenant"), "adam_id": OuterRef("apple_app_id")}
    assigned = VppAssignment.objects.filter(serial=OuterRef(OuterRef("device__serial")), **app).exclude(serial="")
    rows = StoreApp.objects.filter(tenant=TENANT, bundle_id=OuterRef("identifier")).annotate(
        is_assigned=Exists(assigned.exclude(state=VppAssignment.State.FAILED))
    )
    return rows.filter(Q(is_assigned=True) | Exists(VppLicence.objects.filter(**app))).order_by("-is_assigned", "pk")
