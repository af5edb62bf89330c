"""A group is brought to its blueprint: CPU seconds per 1,000 devices of each step, at growing numbers of devices."""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from bench.machine import load
from bench.meters import postmaster, tree_seconds
from bench.population import ACTOR, add_devices, new_groups, new_tenant, settle
from bench.sizes import sizes_of
from bench.tables import table
from commands.blueprints.secrets import split_settings
from commands.models import CommandStatus, Converge
from commands.services.converges.beginning import begin_due_converges
from commands.services.converges.creation import create_converges
from commands.services.converges.sweeps import advance_ended
from devices.models import Blueprint, BlueprintVersion, Device, DeviceGroup
from tenants.models import Tenant

SIZES = (500, 2_000, 10_000)
WARM = 10
HEAD = ("devices", "step", "seconds", "Python", "PostgreSQL", "sum", "growth", "commands")
ALWAYS = {"apply_policy": "ALWAYS APPLY"}
IOS = {
    "camera_settings": {**ALWAYS, "allow_camera_access": False},
    "siri_settings": {**ALWAYS, "allow_siri": False},
    "passcode_settings": {**ALWAYS, "require_passcode": True, "minimum_length": 6},
    "timezone_settings": {**ALWAYS, "timezone": "Europe/Berlin"},
    "wifi_networks": [
        {"wifi_network_id": f"7b0c9d0e-5b1f-4c8e-9d52-3f1f0a4f7c1{n}", "ssid": f"Office {n}", "password": "x" * 12}
        for n in range(2)
    ],
    "web_clips": [{"label": "Till", "url": "https://till.example.org"}],
}

# Every device is an active, supervised iPhone that has told what it has: nothing.
READY_SQL = """
UPDATE devices_device SET platform = 'APPLE', os = 'iOS', state = 1, is_supervised = TRUE, os_version = '18.1',
    time_zone = '', udid = upper(gen_random_uuid()::text), group_id = %(group)s WHERE tenant_id = %(tenant)s;
INSERT INTO devices_deviceinventory (device_id, information_at, profiles_at, apps_at)
SELECT id, now(), now(), now() FROM devices_device WHERE tenant_id = %(tenant)s ON CONFLICT DO NOTHING;
"""
# The devices did all that they were told.
DONE_SQL = """
UPDATE commands_commandstatus SET state = 'Command Success', sent_at = now(), updated_at = now()
WHERE tenant_id = %(tenant)s AND state = 'Command Queued';
UPDATE devices_device SET time_zone = 'Europe/Berlin' WHERE tenant_id = %(tenant)s;
INSERT INTO devices_deviceprofile (device_id, identifier, uuid, display_name, organization, description, is_managed,
    is_encrypted, has_removal_passcode, removal_disallowed, payloads, updated_at)
SELECT c.device_id, 'org.muster.blueprint.' || replace(s.part, ':', '.'), s.fingerprint, s.title, '', '', TRUE,
    FALSE, FALSE, FALSE, '[]', now()
FROM commands_convergestep s JOIN commands_converge c ON c.id = s.converge_id
JOIN commands_commandrequest r ON r.id = s.request_id
WHERE c.tenant_id = %(tenant)s AND r.command = 'INSTALL_PROFILE' ON CONFLICT DO NOTHING;
"""
TABLES = (
    "devices_device", "devices_deviceprofile", "devices_deviceinventory", "devices_appliedsetting",
    "commands_converge", "commands_convergestep", "commands_commandrequest", "commands_commandstatus",
    "commands_appleenrolment",
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    seconds: float
    python: float
    postgres: float


def run(options: argparse.Namespace) -> None:
    rows: list[list[object]] = []
    smallest: dict[str, float] = {}
    _measure(WARM)  # what is imported and prepared only once is no part of it
    for size in sizes_of(options, SIZES):
        for step, cost, commands in _measure(size):
            per_1000 = [each / size * 1000 for each in (cost.python, cost.postgres)]
            first = smallest.setdefault(step, sum(per_1000))
            growth = sum(per_1000) / first if first else None
            rows.append([f"{size:,}", step, cost.seconds, *per_1000, sum(per_1000), growth, commands])
    table(f"A group converges; CPU seconds per 1,000 devices ({load()})", HEAD, rows)


def _measure(size: int) -> list[tuple[str, Cost, int]]:
    """Asked for, planned and sent, done; then all of it again, which sends nothing."""
    tenant = new_tenant(f"Converge {size}")
    group = _group(tenant, size)
    ids = list(Device.objects.filter(group=group).values_list("pk", flat=True))
    told: dict[str, Any] = {"tenant": tenant, "actor": ACTOR, "device_ids": ids, "provision": True}
    found = [("ask", _cost(lambda: create_converges(**told)), 0)]
    found.append(("plan and send", _cost(begin_due_converges), _commands(tenant)))
    _execute(DONE_SQL, tenant, group)
    found.append(("end", _cost(advance_ended), 0))
    _check(tenant, size, "SUCCESS")
    sent = _commands(tenant)
    create_converges(**told)
    found.append(("plan, nothing differs", _cost(begin_due_converges), _commands(tenant) - sent))
    _check(tenant, 2 * size, "SUCCESS")
    return found


def _group(tenant: Tenant, size: int) -> DeviceGroup:
    blueprint = Blueprint.objects.create(tenant=tenant, name="Bench")
    settings, secrets = split_settings({"ios": IOS})
    version = BlueprintVersion.objects.create(
        tenant=tenant,
        blueprint=blueprint,
        version_number=1,
        minor_version_number=0,
        publish=True,
        name="Bench",
        settings=settings,
        secret_settings=orjson.dumps(secrets),
    )
    Blueprint.objects.filter(pk=blueprint.pk).update(latest_version=version, published_version=version)
    (group,) = new_groups(tenant, 1)
    DeviceGroup.objects.filter(pk=group.pk).update(blueprint=blueprint, effective_blueprint=blueprint)
    add_devices(tenant, [group], first=1, last=size)
    _execute(READY_SQL, tenant, group)
    return group


def _execute(sql: str, tenant: Tenant, group: DeviceGroup) -> None:
    with connection.cursor() as cursor:
        for statement in filter(str.strip, sql.split(";")):
            cursor.execute(statement, {"tenant": tenant.pk, "group": group.pk})
    settle(*TABLES)


def _cost(act: Callable[[], object]) -> Cost:
    server = postmaster()
    before, cpu, began = tree_seconds(server), time.process_time(), time.perf_counter()
    act()
    took, python = time.perf_counter() - began, time.process_time() - cpu
    return Cost(took, python, tree_seconds(server) - before)


def _commands(tenant: Tenant) -> int:
    return CommandStatus.objects.filter(tenant=tenant).count()


def _check(tenant: Tenant, wanted: int, status: str) -> None:
    found = Converge.objects.filter(tenant=tenant, status=status).count()
    if found != wanted:
        others = Converge.objects.filter(tenant=tenant).exclude(status=status).values_list("status", "reason")[:3]
        raise SystemExit(f"bench: {found} of {wanted} converges are in {status}: {list(others)}")
