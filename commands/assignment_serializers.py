"""Shapes of the routes that move devices into groups and assign blueprints."""

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from rest_framework import serializers

from commands.serializers import MAX_DEVICES, MAX_GROUPS


def _ids(noun: str, most: int, *, least: int = 0) -> serializers.ListField:
    child = serializers.UUIDField(error_messages={"invalid": f"invalid {noun} id: {{value!r:.60}} is not a UUID."})
    return serializers.ListField(child=child, required=least > 0, min_length=least or None, max_length=most)


class MoveInput(serializers.Serializer[Any]):
    device_ids = _ids("device", MAX_DEVICES, least=1)


class AssignmentInput(serializers.Serializer[Any]):
    device_ids = _ids("device", MAX_DEVICES)
    group_ids = _ids("group", MAX_GROUPS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("device_ids") and not attrs.get("group_ids"):
            raise serializers.ValidationError({"device_ids": ["at least one device id or group id is needed."]})
        return attrs


def _told(text: str) -> serializers.ListField:
    return serializers.ListField(child=serializers.UUIDField(), help_text=text)


class MoveOutput(serializers.Serializer[Any]):
    group_id = serializers.UUIDField()
    device_ids = _told("All that were named")
    moved_device_ids = _told("Those that were not in the group already")
    converging_device_ids = _told("Those that converge to the blueprint that the group gives them")


class TakeOutOutput(serializers.Serializer[Any]):
    group_id = serializers.UUIDField()
    device_ids = _told("All that were named")
    removed_device_ids = _told("Those that were in the group")


class AssignmentOutput(serializers.Serializer[Any]):
    blueprint_id = serializers.UUIDField()
    device_ids = _told("All that were named")
    group_ids = _told("All that were named")
    changed_device_ids = _told("Those for which it made a difference")
    changed_group_ids = _told("Those for which it made a difference")


def once_each(ids: Iterable[uuid.UUID], among: Collection[uuid.UUID] | None = None) -> list[uuid.UUID]:
    """In the caller's order; `among`: only these of them."""
    return [each for each in dict.fromkeys(ids) if among is None or each in among]
