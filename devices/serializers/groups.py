"""Shapes of the routes of device groups."""

from typing import Any

from rest_framework import serializers

from config.api.fields import CsvChoiceField, CsvUUIDField
from devices.models import DeviceGroup

GROUP_ORDERINGS = ("name", "created_at", "updated_at")


class DeviceGroupListInput(serializers.Serializer[Any]):
    name = serializers.CharField(required=False)
    name_exact = serializers.CharField(required=False)
    parent_id = CsvUUIDField(required=False)
    blueprint_id = CsvUUIDField(required=False)
    ordering = CsvChoiceField([*GROUP_ORDERINGS, *(f"-{name}" for name in GROUP_ORDERINGS)], required=False)


class SubgroupListInput(serializers.Serializer[Any]):
    parent_group_ids = CsvUUIDField()
    immediate = serializers.BooleanField(required=False, default=False)

    def validate_parent_group_ids(self, value: list[Any]) -> list[Any]:
        if not value:
            raise serializers.ValidationError("at least one group id is needed.")
        return value


def _reference(noun: str, told: str) -> serializers.UUIDField:
    wrong = f"invalid {noun} id: {{value!r:.60}} is not a UUID."
    return serializers.UUIDField(required=False, allow_null=True, error_messages={"invalid": wrong}, help_text=told)


class DeviceGroupInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=255, help_text="Once below the same parent")
    parent_id = _reference("group", "The group above it; null for none")
    blueprint_id = _reference("blueprint", "Its own; null to have the one of the group above it")


class DeviceGroupUpdateInput(DeviceGroupInput):
    """What is absent stays as it is."""

    name = serializers.CharField(max_length=255, required=False, help_text="Once below the same parent")


class DeviceGroupOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    parent_id = serializers.UUIDField(allow_null=True)
    blueprint_id = serializers.UUIDField(allow_null=True, help_text="Its own")
    effective_blueprint_id = serializers.UUIDField(allow_null=True, help_text="Its own, or else the nearest above it")
    device_count = serializers.IntegerField(help_text="Devices in it, not in its subgroups")
    created_by = serializers.CharField()
    updated_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SubgroupsOutput(serializers.Serializer[Any]):
    subgroups = serializers.ListField(child=serializers.UUIDField())


def group_document(group: DeviceGroup) -> dict[str, Any]:
    """A group that a selector read."""
    return {
        "id": group.pk,
        "name": group.name,
        "parent_id": group.parent_id,
        "blueprint_id": group.blueprint_id,
        "effective_blueprint_id": group.effective_blueprint_id,
        "device_count": group.__dict__["device_count"],
        "created_by": group.created_by,
        "updated_by": group.updated_by,
        "created_at": group.created_at,
        "updated_at": group.updated_at,
    }
