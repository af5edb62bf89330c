"""The shapes of a device's settings and of its heartbeat."""

from typing import Any

from rest_framework import serializers

from devices.models import DeviceSettings, Heartbeat
from devices.serializers.documents import heartbeat_document


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
