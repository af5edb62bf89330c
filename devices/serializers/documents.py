"""Devices and heartbeats as the API shows them: plain dicts, since lists of a thousand are hot.

What devices told of themselves lies in JSON columns; every documented key is shown, empty where nothing was told.
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils import timezone

from devices.models import Device
from devices.selectors import last_seen
from devices.standings import standing_of

HARDWARE = ("brand", "model", "model_number", "serial", "manufacturer", "hardware", "device_baseband_version")
SOFTWARE = (
    "os_version",
    "os_build_number",
    "bootloader_version",
    "security_path_level",
    "device_kernel_version",
    "eea_version",
)
AGENT = ("version_code", "version_name")
FOUNDATION = (
    "major_version",
    "minor_version",
    "build_number",
    "project_name",
    "build_flavor",
    "variant",
    "foundation_device_model_id",
)
AIRWAVE_TEXTS = ("tenant_model_id", "build_id", "esper_ota_manager_version_name")
AIRWAVE_NUMBERS = ("build_number", "esper_ota_manager_version_code")
NETWORK = (
    "imei1",
    "imei2",
    "wifi_mac_address",
    "ethernet_mac_address",
    "iccid1",
    "iccid2",
    "phone_number_1",
    "phone_number_2",
)
MEMORY = ("total_ram", "total_internal_storage", "units")
BINARY_PREFIX = "internal_storage_binary_prefix"  # Android only
LOCATION = ("altitude", "latitude", "longitude")
POLICY = ("policy_id", "policy_name")


def device_document(device: Device) -> dict[str, Any]:
    """A device that a selector read, as the API shows it (a plain dict: lists of a thousand are hot)."""
    standing = standing_of(device)
    document = {
        "id": device.pk,
        "name": device.name,
        "alias": device.alias,
        "os": device.os,
        "state": device.state,
        "platform": device.platform,
        "serial": device.serial,
        "os_version": device.os_version,
        "global_device_id": device.global_device_id,
        "tenant_id": device.tenant_id,
        "group_id": device.group_id,
        "hardware_info": {**_texts(device.hardware_info, HARDWARE), "serial": device.serial},
        "software_info": _software(device),
        "network_info": {
            **_texts(device.network_info, NETWORK),
            "network_type": device.network_info.get("network_type") or None,
        },
        "memory_info": _texts(device.memory_info, MEMORY if device.is_apple else (*MEMORY, BINARY_PREFIX)),
        "blueprint_info": {
            "assigned_blueprint_id": standing.blueprint_id,
            "current_blueprint_id": device.current_blueprint_id,
            "current_blueprint_version_id": device.current_blueprint_version_id,
            "blueprint_upgrade_status": standing.status,
        },
        "last_seen": last_seen(device),
        "managed_by": device.managed_by,
        "onboarded_on": device.onboarded_on,
        "provisioned_on": device.provisioned_on,
        "is_seamless": device.is_seamless,
        "created_by": device.created_by,
        "updated_by": device.updated_by,
        "created_at": device.created_at,
        "updated_at": device.updated_at,
    }
    document.update(_apple_fields(device) if device.is_apple else _android_fields(device))
    return document


def _apple_fields(device: Device) -> dict[str, Any]:
    return {
        "udid": device.udid,
        "dep_profile": device.dep_profile,
        "dep_profile_push_time": device.dep_profile_push_time,
        "dep_profile_assign_time": device.dep_profile_assign_time,
        "dep_profile_status": device.dep_profile_status or Device.DepProfileStatus.EMPTY.value,
        "enrolment_info": {
            "enrolment_id": device.enrolment_id,
            "enrolment_user_id": device.enrolment_user_id,
        },
        "device_source": device.device_source or None,
        "is_supervised": device.is_supervised,
        "is_ddm_enabled": device.is_ddm_enabled,
    }


def _android_fields(device: Device) -> dict[str, Any]:
    return {
        "network_stats": _network_stats(device.network_stats),
        "location_stats": _known(device.location_stats, LOCATION),
        "battery_stats": {"battery_level": device.battery_level},
        "mqtt_topic": device.mqtt_topic,
        "fcm_id": device.fcm_id,
        "is_gms": device.is_gms,
        "policy": {key: device.policy.get(key) for key in POLICY} if device.policy else None,
        "template_name": device.template_name or None,
        "is_esper_managed": device.is_esper_managed,
    }


def _software(device: Device) -> dict[str, Any]:
    stored = device.software_info
    airwave = stored.get("airwave_info") or {}
    return {
        **_texts(stored, SOFTWARE),
        "os_version": device.os_version,
        "esper_agent_info": _texts(stored.get("esper_agent_info"), AGENT),
        "foundation_info": _texts(stored.get("foundation_info"), FOUNDATION),
        "airwave_info": {**_texts(airwave, AIRWAVE_TEXTS), **{key: airwave.get(key) for key in AIRWAVE_NUMBERS}},
    }


def _network_stats(stored: dict[str, Any]) -> dict[str, Any]:
    return {
        **_known(stored, ("current_active_connection",)),
        "wifi_network_info": _known(stored.get("wifi_network_info"), ("wifi_ssid",)),
        "cellular_network_info": _known(stored.get("cellular_network_info"), ("network_type",)),
    }


def _texts(stored: dict[str, Any] | None, keys: tuple[str, ...]) -> dict[str, str]:
    told = stored or {}
    return {key: "" if told.get(key) is None else str(told[key]) for key in keys}


def _known(stored: dict[str, Any] | None, keys: tuple[str, ...]) -> dict[str, str | None]:
    """Texts too, but null where nothing was told."""
    told = stored or {}
    return {key: None if told.get(key) is None else str(told[key]) for key in keys}


def heartbeat_document(device_id: Any, seen: dt.datetime | None) -> dict[str, Any]:
    fresh = timezone.now() - dt.timedelta(seconds=settings.HEARTBEAT_STATUS_SECONDS)
    return {"device_id": device_id, "timestamp": seen, "status": int(seen is not None and seen >= fresh)}
