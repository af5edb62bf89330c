"""What the device and heartbeat lists take in their query."""

from typing import Any

from rest_framework import serializers

from config.api.fields import CsvChoiceField, CsvField, CsvUUIDField, MomentField, OneOfField
from devices.models import Device, DeviceState, Platform
from devices.selectors import ORDERINGS, STATE_NAMES


class DeviceListInput(serializers.Serializer[Any]):
    """The documented filters of the device list."""

    serial = serializers.CharField(required=False)
    udid = serializers.CharField(required=False)
    android_version = serializers.CharField(required=False)
    ios_version = serializers.CharField(required=False)
    ipados_version = serializers.CharField(required=False)
    state = CsvField(lambda item: _state(item), required=False)
    battery_level_gte = serializers.FloatField(required=False)
    battery_level_lte = serializers.FloatField(required=False)
    is_gms = serializers.BooleanField(required=False, allow_null=True, default=None)
    active_connection = serializers.CharField(required=False)
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
    search = serializers.CharField(required=False, max_length=200)


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
    platform = OneOfField(Platform.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["last_seen_gt"] > attrs["last_seen_lt"]:
            raise serializers.ValidationError({"last_seen_gt": ["must not be later than last_seen_lt."]})
        return attrs
