"""Tenants full of devices, made by set-based inserts."""

import uuid
from typing import Any

from django.db import connection

from devices.models import Blueprint, BlueprintVersion, DeviceGroup
from tenants.actors import Actor, Kind
from tenants.models import Tenant

ACTOR = Actor(Kind.COMMAND_LINE, "bench")

# Three of four are iPhones and iPads. Sizes of the JSON columns are those of real devices. One device in ten is in
# another state than active.
DEVICES_SQL = """
INSERT INTO devices_device (
    id, tenant_id, group_id, platform, os, os_version, state, name, alias, serial, udid, global_device_id,
    hardware_info, software_info, network_info, memory_info, network_stats, location_stats, battery_level,
    device_source, dep_profile, dep_profile_status, enrolment_id, enrolment_user_id,
    is_supervised, is_ddm_enabled, mqtt_topic, fcm_id, template_name, managed_by, is_seamless, created_by, updated_by,
    time_zone, security_info, created_at, updated_at)
SELECT gen_random_uuid(), %(tenant)s, (%(groups)s::uuid[])[1 + n %% %(group_count)s],
    CASE WHEN apple THEN 'APPLE' ELSE 'ANDROID' END,
    CASE WHEN NOT apple THEN 'Android' WHEN n %% 8 = 1 THEN 'iPadOS' ELSE 'iOS' END,
    CASE WHEN apple THEN (16 + n %% 3) || '.' || n %% 7 ELSE (12 + n %% 4)::text END,
    CASE WHEN n %% 10 <> 0 THEN 1 WHEN apple THEN 100 ELSE 60 END,
    'Device ' || n, '', 'SN' || upper(substr(md5(n::text), 1, 10)) || n,
    CASE WHEN apple THEN upper(gen_random_uuid()::text) ELSE '' END, '',
    jsonb_build_object('brand', CASE WHEN apple THEN 'Apple' ELSE 'Samsung' END, 'model',
        CASE WHEN apple THEN 'iPhone ' || 11 + n %% 6 ELSE 'Galaxy S' || 20 + n %% 5 END, 'model_number',
        'MX' || n %% 900, 'manufacturer', CASE WHEN apple THEN 'Apple' ELSE 'samsung' END, 'hardware', 'hw' || n %% 40),
    jsonb_build_object('os_build_number', '22A' || n %% 500, 'security_path_level', '2026-10-01', 'eea_version', '3.1',
        'esper_agent_info', jsonb_build_object('version_code', '310', 'version_name', '3.1.0')),
    jsonb_build_object('imei1', (350000000000000 + n)::text, 'imei2', '', 'wifi_mac_address',
        substr(md5('w' || n), 1, 12), 'iccid1', (8949000000000000000 + n)::text, 'phone_number_1', '+49151' || n,
        'network_type', 'WI-FI'),
    '{"total_ram": "6 GB", "total_internal_storage": "128 GB", "units": "GB"}',
    CASE WHEN apple THEN '{}' ELSE jsonb_build_object('current_active_connection', 'WIFI', 'wifi_network_info',
        jsonb_build_object('wifi_ssid', 'office-' || n %% 20, 'signal_strength', -50)) END,
    CASE WHEN apple THEN '{}' ELSE '{"location_alt": "35", "location_lat": "52.5", "location_long": "13.4"}'::jsonb END,
    n %% 101, CASE WHEN apple THEN 'NON_ABM' ELSE '' END, '', '', '', '',
    CASE WHEN apple THEN n %% 2 = 0 END, FALSE, '', '', '', 'BLUEPRINT', FALSE, 'bench', 'bench',
    (ARRAY['', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo'])[1 + n %% 4], '{}',
    now() - make_interval(secs => %(newest)s - n), now()
FROM (SELECT n, n %% 4 <> 3 AS apple FROM generate_series(%(first)s, %(last)s) AS n) AS numbers
"""
HEARTBEATS_SQL = """
INSERT INTO devices_heartbeat (device_id, tenant_id, last_seen)
SELECT id, tenant_id, now() - random() * interval '2 days' FROM devices_device WHERE tenant_id = %(tenant)s
ON CONFLICT DO NOTHING
"""
ENROLMENTS_SQL = """
INSERT INTO commands_appleenrolment (
    id, tenant_id, device_id, channel, enrolment_id, user_id, user_name, topic, certificate_sha256, authenticated_at,
    enabled_at, token_updates, push_failures, push_error, created_at, updated_at)
SELECT gen_random_uuid(), tenant_id, id, 'device', udid, '', '', 'com.apple.mgmt.External.bench',
    encode(sha256(id::text::bytea), 'hex'), now(), now(), 1, 0, '', now(), now()
FROM devices_device WHERE tenant_id = %(tenant)s AND platform = 'APPLE' ON CONFLICT DO NOTHING
"""
NEWEST = 10_000_000  # the device with this number was made just now, the others before it


def new_tenant(name: str) -> Tenant:
    return Tenant.objects.create(id=uuid.uuid4(), name=name)


def new_groups(tenant: Tenant, count: int) -> list[DeviceGroup]:
    """A root and groups below it."""
    root = DeviceGroup.objects.create(tenant=tenant, name="All")
    return [
        root,
        *[DeviceGroup.objects.create(tenant=tenant, name=f"Group {n}", parent=root) for n in range(count - 1)],
    ]


def new_blueprint(tenant: Tenant, groups: list[DeviceGroup]) -> Blueprint:
    """A published one, in force in every second of the groups."""
    blueprint = Blueprint.objects.create(tenant=tenant, name="Bench")
    blueprint.published_version = BlueprintVersion.objects.create(
        tenant=tenant, blueprint=blueprint, version_number=1, minor_version_number=0, publish=True
    )
    blueprint.save(update_fields=["published_version"])
    given = [group.pk for group in groups[1::2]]
    DeviceGroup.objects.filter(pk__in=given).update(blueprint=blueprint, effective_blueprint=blueprint)
    return blueprint


def add_devices(tenant: Tenant, groups: list[DeviceGroup], *, first: int, last: int) -> None:
    """Devices number `first` to `last` with heartbeats, the Apple ones with enabled enrolments."""
    numbers = {"first": first, "last": last, "newest": NEWEST, "group_count": len(groups)}
    params: dict[str, Any] = {"tenant": tenant.pk, "groups": [group.pk for group in groups], **numbers}
    with connection.cursor() as cursor:
        for statement in (DEVICES_SQL, HEARTBEATS_SQL, ENROLMENTS_SQL):
            cursor.execute(statement, params)
    settle("devices_device", "devices_heartbeat", "commands_appleenrolment")


def settle(*tables: str) -> None:
    """Leaves the tables as a quiet hour would: vacuumed, with statistics."""
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {', '.join(tables)}")
