"""The shape of the device object."""

from typing import Any

from rest_framework import serializers

from devices.models import Device, DeviceState, Platform
from devices.serializers.documents import device_document


class EsperAgentInfoOutput(serializers.Serializer[Any]):
    version_code = serializers.CharField()
    version_name = serializers.CharField()


class FoundationInfoOutput(serializers.Serializer[Any]):
    major_version = serializers.CharField()
    minor_version = serializers.CharField()
    build_number = serializers.CharField()
    project_name = serializers.CharField()
    build_flavor = serializers.CharField()
    variant = serializers.CharField()
    foundation_device_model_id = serializers.CharField()


class AirwaveInfoOutput(serializers.Serializer[Any]):
    build_number = serializers.IntegerField(allow_null=True)
    tenant_model_id = serializers.CharField()
    build_id = serializers.CharField()
    esper_ota_manager_version_code = serializers.IntegerField(allow_null=True)
    esper_ota_manager_version_name = serializers.CharField()


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
    foundation_info = FoundationInfoOutput()
    airwave_info = AirwaveInfoOutput()


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
    internal_storage_binary_prefix = serializers.CharField(required=False, help_text="Android devices only")


class BlueprintInfoOutput(serializers.Serializer[Any]):
    assigned_blueprint_id = serializers.CharField(allow_null=True, help_text="Its own, or else its group's")
    current_blueprint_id = serializers.CharField(allow_null=True)
    current_blueprint_version_id = serializers.CharField(allow_null=True)
    blueprint_upgrade_status = serializers.ChoiceField(Device.UpgradeStatus.choices)


class WifiNetworkInfoOutput(serializers.Serializer[Any]):
    wifi_ssid = serializers.CharField(allow_null=True)


class CellularNetworkInfoOutput(serializers.Serializer[Any]):
    network_type = serializers.CharField(allow_null=True)


class NetworkStatsOutput(serializers.Serializer[Any]):
    current_active_connection = serializers.CharField(allow_null=True)
    wifi_network_info = WifiNetworkInfoOutput()
    cellular_network_info = CellularNetworkInfoOutput()


class LocationStatsOutput(serializers.Serializer[Any]):
    altitude = serializers.CharField(allow_null=True)
    latitude = serializers.CharField(allow_null=True)
    longitude = serializers.CharField(allow_null=True)


class BatteryStatsOutput(serializers.Serializer[Any]):
    battery_level = serializers.FloatField(allow_null=True, help_text="Percent")


class PolicyOutput(serializers.Serializer[Any]):
    policy_id = serializers.IntegerField(allow_null=True)
    policy_name = serializers.CharField(allow_null=True)


class EnrolmentInfoOutput(serializers.Serializer[Any]):
    enrolment_id = serializers.CharField()
    enrolment_user_id = serializers.CharField()


class DeviceOutput(serializers.Serializer[Any]):
    """The device object. Apple and Android devices carry their platform's fields; push tokens are never shown."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    alias = serializers.CharField()
    os = serializers.ChoiceField(Device.Os.choices, allow_blank=True, help_text="Empty until the device told it")
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
    dep_profile_status = serializers.ChoiceField(Device.DepProfileStatus.choices, required=False)
    enrolment_info = EnrolmentInfoOutput(required=False)
    device_source = serializers.ChoiceField(Device.Source.choices, required=False, allow_null=True)
    is_supervised = serializers.BooleanField(required=False, allow_null=True)
    is_ddm_enabled = serializers.BooleanField(required=False)
    # Android devices only
    network_stats = NetworkStatsOutput(required=False)
    location_stats = LocationStatsOutput(required=False)
    battery_stats = BatteryStatsOutput(required=False)
    mqtt_topic = serializers.CharField(required=False)
    fcm_id = serializers.CharField(required=False)
    is_gms = serializers.BooleanField(required=False, allow_null=True)
    policy = PolicyOutput(required=False, allow_null=True)
    template_name = serializers.CharField(required=False, allow_null=True)
    is_esper_managed = serializers.BooleanField(required=False, allow_null=True)

    def to_representation(self, instance: Device) -> dict[str, Any]:
        return device_document(instance)
