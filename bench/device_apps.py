"""Apps on devices: what bringing them in line with a device's list costs, and both routes, at growing sizes."""

import argparse
import time
import uuid
from typing import Any

from django.db import connection
from django.utils import timezone

from apps_domain.models import (
    AppType,
    DeviceApp,
    StoreApp,
    StoredFile,
    TenantApp,
    TenantAppVersion,
    VppLicence,
    VppLocation,
)
from apps_domain.services.device_app_lists import reconcile_device_apps
from bench.lists import DEVICES, PAGE, Caller, count_queries
from bench.machine import load
from bench.meters import postmaster, tree_seconds
from bench.population import add_devices, new_groups, new_tenant, settle
from bench.tables import table
from devices.models import Device
from tenants.models import Tenant, VppToken

OWN, STORE, OTHERS = 6, 4, 20  # managed apps of a device: the tenant's, licensed ones; and those of its user
SAMPLE = 300

INSTALLED_SQL = """
INSERT INTO devices_installedapp
    (device_id, identifier, name, version, short_version, is_managed, updated_at)
SELECT device.id, 'bench.app' || n, 'App ' || n, '10', '1.0', n <= %(managed)s, now()
FROM devices_device AS device, generate_series(1, %(apps)s) AS n
WHERE device.tenant_id = %(tenant)s AND device.platform = 'APPLE'
ON CONFLICT DO NOTHING
"""
DEVICE_APPS_SQL = """
INSERT INTO apps_domain_deviceapp
    (id, tenant_id, device_id, app_type, app_id, app_version_id, bundle_id, version, created_at, updated_at)
SELECT gen_random_uuid(), %(tenant)s, device.id, app.app_type, app.app_id, app.app_version_id, app.bundle_id,
    app.version, now(), now()
FROM devices_device AS device, apps_domain_deviceapp AS app
WHERE device.tenant_id = %(tenant)s AND device.platform = 'APPLE' AND app.device_id = %(like)s
ON CONFLICT DO NOTHING
"""


def run(options: argparse.Namespace) -> None:
    tenant = new_tenant("Device apps")
    groups, caller = new_groups(tenant, 20), Caller(tenant)
    _add_apps(tenant)
    costs: list[list[object]] = []
    pages: list[list[object]] = []
    before = 0
    for size in DEVICES[: options.sizes]:
        add_devices(tenant, groups, first=before + 1, last=size)
        before = size
        sample = _install(tenant)
        costs += [_reconcile(sample, size, "first list"), _reconcile(sample, size, "the same list again")]
        _fill(tenant, sample[0])
        pages += _pages(tenant, caller, sample[0], size, options.rounds)
    title = f"A device with {OWN + STORE} managed apps tells its list: CPU seconds per 1,000 devices ({load()})"
    table(title, ("devices", "list", "Python", "PostgreSQL"), costs)
    table(f"Pages of {PAGE}: milliseconds", ("devices", "rows", "page", "queries", "ms"), pages)


def _add_apps(tenant: Tenant) -> None:
    token = VppToken.objects.create(tenant=tenant, key=uuid.uuid4().hex, token="bench", token_expiry_on=timezone.now())
    location = VppLocation.objects.create(tenant=tenant, token=token, uid="bench", notification_secret="bench")
    for number in range(1, OWN + 1):
        app = TenantApp.objects.create(tenant=tenant, package_name=f"bench.app{number}", app_name=f"App {number}")
        file = StoredFile.objects.create(name=f"bench/{number}.ipa", state=StoredFile.State.KEPT)
        TenantAppVersion.objects.create(tenant=tenant, app=app, file=file, version_name="1.0", build_number="10")
    for number in range(OWN + 1, OWN + STORE + 1):
        adam_id = str(10**9 + number)
        StoreApp.objects.create(tenant=tenant, apple_app_id=adam_id, country="us", bundle_id=f"bench.app{number}")
        VppLicence.objects.create(tenant=tenant, location=location, adam_id=adam_id, pricing_param="STDQ")


def _install(tenant: Tenant) -> list[uuid.UUID]:
    """What the devices told, and some of those whose apps are not known yet."""
    numbers = {"managed": OWN + STORE, "apps": OWN + STORE + OTHERS}
    with connection.cursor() as cursor:
        cursor.execute(INSTALLED_SQL, {"tenant": tenant.pk, **numbers})
    settle("devices_installedapp", "apps_domain_deviceapp")
    known = DeviceApp.objects.filter(tenant=tenant).values("device")
    rows = Device.objects.filter(tenant=tenant, platform="APPLE").exclude(pk__in=known)
    return list(rows.values_list("pk", flat=True)[:SAMPLE])


def _reconcile(devices: list[uuid.UUID], size: int, what: str) -> list[object]:
    server = postmaster()
    python, database = time.process_time(), tree_seconds(server)
    for device_id in devices:
        reconcile_device_apps(device_id)
    python, database = time.process_time() - python, tree_seconds(server) - database
    return [size, what, *(round(seconds / len(devices) * 1000, 2) for seconds in (python, database))]


def _fill(tenant: Tenant, like: uuid.UUID) -> None:
    """All other devices have the same apps."""
    with connection.cursor() as cursor:
        cursor.execute(DEVICE_APPS_SQL, {"tenant": tenant.pk, "like": like})
    settle("apps_domain_deviceapp", "devices_installedapp")


def _pages(tenant: Tenant, caller: Caller, device_id: uuid.UUID, size: int, rounds: int) -> list[list[object]]:
    row = DeviceApp.objects.filter(device_id=device_id, app_type=AppType.TENANT_IOS)[0]
    rows = DeviceApp.objects.filter(tenant=tenant).count()
    path, far = "/api/v2/device-apps", DeviceApp.objects.filter(tenant=tenant, app_id=row.app_id).count() * 3 // 5
    cases: list[tuple[str, str, dict[str, Any]]] = [
        ("apps of a device", f"/api/v2/devices/{device_id}/device-apps/", {}),
        ("apps of a device, of one type", f"/api/v2/devices/{device_id}/device-apps/", {"app_type": "VPP"}),
        ("devices with an app", path, {"app_id": row.app_id}),
        ("devices with an app, offset at 60 %", path, {"app_id": row.app_id, "offset": far}),
        ("devices with a version", path, {"app_version_id": row.app_version_id}),
    ]
    return [[size, rows, name, *_timed(caller, path, {"limit": PAGE, **query}, rounds)] for name, path, query in cases]


def _timed(caller: Caller, path: str, query: dict[str, Any], rounds: int) -> list[object]:
    took = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        caller.get(path, query)
        took.append(time.perf_counter() - began)
    return [count_queries(lambda: caller.get(path, query)), f"{min(took) * 1000:.1f}"]
