"""Shapes of the device routes."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers

from config.api.fields import CsvChoiceField, CsvField, CsvUUIDField, MomentField
from devices.models import Device, DeviceSettings, DeviceState, Heartbeat, Platform
from devices.selectors import ORDERINGS, STATE_NAMES, last_seen


class DeviceListInput(serializers.Serializer[Any]):
    """The documented filters of the device list."""

    serial = serializers.CharField(required=False, allow_blank=True)
    udid = serializers.CharField(required=False, allow_blank=True)
    android_version = serializers.CharField(required=False, allow_blank=True)
    ios_version = serializers.CharField(required=False, allow_blank=True)
    ipados_version = serializers.CharField(required=False, allow_blank=True)
    state = CsvField(lambda item: _state(item), required=False)
    battery_level_gte = serializers.FloatField(required=False)
    battery_level_lte = serializers.FloatField(required=False)
    is_gms = serializers.BooleanField(required=False, allow_null=True, default=None)
    active_connection = serializers.CharField(required=False, allow_blank=True)
    group_multi = CsvUUIDField(required=False)
    group_multi_immediate = CsvUUIDField(required=False)
    assigned_blueprint_id = CsvUUIDField(required=False)
    current_blueprint_id = CsvUUIDField(required=False)
    current_blueprint_version_id = CsvUUIDField(required=False)
    current_blueprint_version_id_net = CsvUUIDField(required=False)
    platform = CsvChoiceField(Platform.values, required=False)
    os = CsvChoiceField(["iOS", "iPadOS", "tvOS", "macOS", "Android"], required=False)
    device_source = CsvChoiceField(Device.Source.values, required=False)
    ordering = CsvField(lambda item: _ordering(item), required=False)
    search = serializers.CharField(required=False, allow_blank=True, max_length=200)


def _state(item: str) -> int:
    if item.lower() in STATE_NAMES:
        return STATE_NAMES[item.lower()]
    return DeviceState(int(item)).value


def _ordering(item: str) -> str:
    if item.removeprefix("-") not in ORDERINGS:
        raise serializers.ValidationError(f"{item[:60]!r} is not one of {', '.join(ORDERINGS)} (`-` reverses).")
    return item


class HeartbeatListInput(serializers.Serializer[Any]):
    last_seen_gt = MomentField()
    last_seen_lt = MomentField()
    platform = serializers.ChoiceField(Platform.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["last_seen_gt"] > attrs["last_seen_lt"]:
            raise serializers.ValidationError({"last_seen_gt": ["must not be later than last_seen_lt."]})
        return attrs


class EsperAgentInfoOutput(serializers.Serializer[Any]):
    version_code = serializers.CharField()
    version_name = serializers.CharField()


class HardwareInfoOutput(serializers.Serializer[Any]):
    brand = serializers.CharField()
    model = serializers.CharField()
    model_number = serializers.CharField()
    serial = serializers.CharField()
    manufacturer = serializers.CharField()
    hardware = serializers.CharField()
    device_baseband_version = serializers.CharField()


class SoftwareInfoOutput(serializers.Serializer[Any]):
    os_version = serializers.CharField()
    os_build_number = serializers.CharField()
    bootloader_version = serializers.CharField()
    security_path_level = serializers.CharField()
    device_kernel_version = serializers.CharField()
    eea_version = serializers.CharField()
    esper_agent_info = EsperAgentInfoOutput()


class NetworkInfoOutput(serializers.Serializer[Any]):
    imei1 = serializers.CharField()
    imei2 = serializers.CharField()
    wifi_mac_address = serializers.CharField()
    ethernet_mac_address = serializers.CharField()
    iccid1 = serializers.CharField()
    iccid2 = serializers.CharField()
    phone_number_1 = serializers.CharField()
    phone_number_2 = serializers.CharField()
    network_type = serializers.ChoiceField(["CELLULAR", "ETHERNET", "WI-FI", "OTHER"], allow_null=True)


class MemoryInfoOutput(serializers.Serializer[Any]):
    total_ram = serializers.CharField()
    total_internal_storage = serializers.CharField()
    units = serializers.CharField()


class BlueprintInfoOutput(serializers.Serializer[Any]):
    assigned_blueprint_id = serializers.CharField(allow_null=True)
    current_blueprint_id = serializers.CharField(allow_null=True)
    current_blueprint_version_id = serializers.CharField(allow_null=True)
    blueprint_upgrade_status = serializers.ChoiceField(Device.UpgradeStatus.choices)


class EnrolmentInfoOutput(serializers.Serializer[Any]):
    enrolment_id = serializers.CharField()
    enrolment_user_id = serializers.CharField()


class DeviceOutput(serializers.Serializer[Any]):
    """The device object. Apple and Android devices carry their platform's fields; push tokens are never shown."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    alias = serializers.CharField()
    os = serializers.ChoiceField(["iOS", "iPadOS", "tvOS", "macOS", "Android"])
    state = serializers.ChoiceField(DeviceState.choices)
    platform = serializers.ChoiceField(Platform.choices)
    serial = serializers.CharField()
    os_version = serializers.CharField()
    global_device_id = serializers.CharField()
    tenant_id = serializers.UUIDField()
    group_id = serializers.UUIDField(allow_null=True)
    hardware_info = HardwareInfoOutput()
    software_info = SoftwareInfoOutput()
    network_info = NetworkInfoOutput()
    memory_info = MemoryInfoOutput()
    blueprint_info = BlueprintInfoOutput()
    last_seen = serializers.DateTimeField(allow_null=True)
    managed_by = serializers.ChoiceField(["BLUEPRINT", "TEMPLATE"])
    onboarded_on = serializers.DateTimeField(allow_null=True)
    provisioned_on = serializers.DateTimeField(allow_null=True)
    is_seamless = serializers.BooleanField()
    created_by = serializers.CharField()
    updated_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    # Apple devices only
    udid = serializers.CharField(required=False)
    dep_profile = serializers.CharField(required=False)
    dep_profile_push_time = serializers.DateTimeField(required=False, allow_null=True)
    dep_profile_assign_time = serializers.DateTimeField(required=False, allow_null=True)
    dep_profile_status = serializers.ChoiceField(
        Device.DepProfileStatus.choices, required=False, allow_blank=True, allow_null=True
    )
    enrolment_info = EnrolmentInfoOutput(required=False)
    device_source = serializers.ChoiceField(Device.Source.choices, required=False, allow_null=True)
    is_supervised = serializers.BooleanField(required=False, allow_null=True)
    is_ddm_enabled = serializers.BooleanField(required=False)
    # Android devices only
    network_stats = serializers.DictField(required=False)
    location_stats = serializers.DictField(required=False)
    battery_stats = serializers.DictField(required=False)
    mqtt_topic = serializers.CharField(required=False)
    fcm_id = serializers.CharField(required=False)
    is_gms = serializers.BooleanField(required=False, allow_null=True)
    policy = serializers.DictField(required=False, allow_null=True)
    template_name = serializers.CharField(required=False, allow_null=True)
    is_esper_managed = serializers.BooleanField(required=False, allow_null=True)

    def to_representation(self, instance: Device) -> dict[str, Any]:
        return device_document(instance)


HARDWARE_KEYS = tuple(HardwareInfoOutput().fields.keys())
SOFTWARE_KEYS = tuple(key for key in SoftwareInfoOutput().fields.keys() if key != "esper_agent_info")  # noqa: SIM118
NETWORK_KEYS = tuple(key for key in NetworkInfoOutput().fields.keys() if key != "network_type")  # noqa: SIM118
MEMORY_KEYS = tuple(MemoryInfoOutput().fields.keys())


def _texts(stored: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: stored.get(key) or "" for key in keys}


def device_document(device: Device) -> dict[str, Any]:
    """The device as the API shows it (a plain dict: lists of a thousand are hot)."""
    stored = device.software_info
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
        "hardware_info": {**_texts(device.hardware_info, HARDWARE_KEYS), "serial": device.serial},
        "software_info": {
            **_texts(stored, SOFTWARE_KEYS),
            "os_version": device.os_version,
            "esper_agent_info": _texts(stored.get("esper_agent_info") or {}, ("version_code", "version_name")),
        },
        "network_info": {
            **_texts(device.network_info, NETWORK_KEYS),
            "network_type": device.network_info.get("network_type") or None,
        },
        "memory_info": _texts(device.memory_info, MEMORY_KEYS),
        "blueprint_info": {
            "assigned_blueprint_id": device.assigned_blueprint_id,
            "current_blueprint_id": device.current_blueprint_id,
            "current_blueprint_version_id": device.current_blueprint_version_id,
            "blueprint_upgrade_status": device.blueprint_upgrade_status,
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
        "network_stats": device.network_stats,
        "location_stats": device.location_stats,
        "battery_stats": {"battery_level": device.battery_level},
        "mqtt_topic": device.mqtt_topic,
        "fcm_id": device.fcm_id,
        "is_gms": device.is_gms,
        "policy": device.policy,
        "template_name": device.template_name or None,
        "is_esper_managed": device.is_esper_managed,
    }


class DeviceStateOutput(serializers.Serializer[Any]):
    """The settings a device last reported; null where it reported none. Answered bare, without an envelope."""

    gps_state = serializers.ChoiceField(DeviceSettings.GpsState.choices, allow_null=True)
    wifi_state = serializers.BooleanField(allow_null=True)
    adb_enabled = serializers.BooleanField(allow_null=True)
    adb_timeout = serializers.IntegerField(allow_null=True)
    remote_adb_enabled = serializers.BooleanField(allow_null=True)
    remote_adb_ip = serializers.CharField(allow_null=True)
    remote_adb_port = serializers.IntegerField(allow_null=True)
    audio_settings = serializers.DictField()
    rotation_state = serializers.ChoiceField(DeviceSettings.RotationState.choices, allow_null=True)
    bluetooth_state = serializers.BooleanField(allow_null=True)
    brightness_scale = serializers.IntegerField(allow_null=True, min_value=0, max_value=100)
    screen_off_timeout = serializers.IntegerField(allow_null=True)
    use_only_saved_ap = serializers.BooleanField(allow_null=True)

    def to_representation(self, instance: DeviceSettings) -> dict[str, Any]:
        values = {name: getattr(instance, name) for name in self.fields.keys()}  # noqa: SIM118 - a typed mapping's keys
        return {name: None if value == "" else value for name, value in values.items()}


class HeartbeatOutput(serializers.Serializer[Any]):
    device_id = serializers.UUIDField()
    timestamp = serializers.DateTimeField(allow_null=True, help_text="When it was last seen")
    status = serializers.ChoiceField([(0, "Not seen lately"), (1, "Seen within 30 minutes")])

    def to_representation(self, instance: Heartbeat) -> dict[str, Any]:
        return heartbeat_document(instance.device_id, instance.last_seen)


def heartbeat_document(device_id: Any, seen: dt.datetime | None) -> dict[str, Any]:
    fresh = timezone.now() - dt.timedelta(seconds=settings.HEARTBEAT_STATUS_SECONDS)
    return {"device_id": device_id, "timestamp": seen, "status": int(seen is not None and seen >= fresh)}
