"""Shapes of the command routes."""

from typing import Any

from rest_framework import serializers

from commands.catalogue import CATALOGUE, NAMES
from commands.models import CommandRequest, CommandStatus
from commands.models.status import State
from config.api.fields import CsvUUIDField

MAX_DEVICES, MAX_GROUPS = 1000, 500


class ScheduleArgs(serializers.Serializer[Any]):
    """When a WINDOW or RECURRING command may run."""

    name = serializers.CharField(required=False, allow_null=True)
    start_datetime = serializers.DateTimeField(required=False, allow_null=True)
    end_datetime = serializers.DateTimeField(required=False, allow_null=True)
    time_type = serializers.ChoiceField(["console", "device"], required=False, allow_null=True)
    window_start_time = serializers.CharField(required=False, allow_null=True)
    window_end_time = serializers.CharField(required=False, allow_null=True)
    days = serializers.ListField(child=serializers.CharField(), required=False, allow_null=True)


class CommandRequestInput(serializers.Serializer[Any]):
    command_type = serializers.ChoiceField(CommandRequest.CommandType.choices)
    devices = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_null=True, max_length=MAX_DEVICES
    )
    groups = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_null=True, max_length=MAX_GROUPS
    )
    device_type = serializers.ChoiceField(CommandRequest.DeviceType.choices, required=False, allow_null=True)
    command = serializers.ChoiceField(list(NAMES))
    command_args = serializers.DictField(required=False, allow_null=True)
    schedule = serializers.ChoiceField(CommandRequest.Schedule.choices, required=False, allow_null=True)
    schedule_args = serializers.DictField(required=False, allow_null=True)

    def validate_schedule(self, value: str | None) -> str | None:
        if value not in (None, CommandRequest.Schedule.IMMEDIATE):
            raise serializers.ValidationError(f"{value} is not yet supported; send IMMEDIATE.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Nulls count as absent, and the arguments go through the command's own serializer."""
        given = {key: value for key, value in attrs.items() if value is not None}
        arguments = CATALOGUE[given["command"]].Arguments(data=given.get("command_args", {}))
        if not arguments.is_valid():
            raise serializers.ValidationError({"command_args": arguments.errors})
        return {**given, "command_args": dict(arguments.validated_data)}


class CommandRequestListInput(serializers.Serializer[Any]):
    devices = CsvUUIDField(required=False)
    groups = CsvUUIDField(required=False)
    command = serializers.ChoiceField(list(NAMES), required=False, allow_blank=True)
    schedule = serializers.ChoiceField(CommandRequest.Schedule.choices, required=False, allow_blank=True)
    exclude_internal_commands = serializers.BooleanField(default=False)


class CommandRequestOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    command_type = serializers.ChoiceField(CommandRequest.CommandType.choices)
    devices = serializers.ListField(child=serializers.UUIDField(), max_length=MAX_DEVICES)
    groups = serializers.ListField(child=serializers.UUIDField(), max_length=MAX_GROUPS)
    device_type = serializers.ChoiceField(CommandRequest.DeviceType.choices)
    command = serializers.ChoiceField(list(NAMES))
    command_args = serializers.DictField(help_text="Secret arguments are masked")
    schedule = serializers.ChoiceField(CommandRequest.Schedule.choices)
    schedule_args = ScheduleArgs()
    reason = serializers.CharField(help_text="Explains the current stage")
    created_by = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: CommandRequest) -> dict[str, Any]:
        return request_document(instance)


def request_document(request: CommandRequest) -> dict[str, Any]:
    return {
        "id": request.pk,
        "command_type": request.command_type,
        "devices": request.devices,
        "groups": request.groups,
        "device_type": request.device_type,
        "command": request.command,
        "command_args": request.command_args,
        "schedule": request.schedule,
        "schedule_args": request.schedule_args,
        "reason": request.reason,
        "created_by": request.created_by,
        "created_at": request.created_at,
    }


class StateCountOutput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(State.choices)
    total = serializers.IntegerField(help_text="Devices in this state")


class CommandRequestStatsOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    status = StateCountOutput(many=True)


class CommandStatusListInput(serializers.Serializer[Any]):
    request = CsvUUIDField(required=False)
    device = CsvUUIDField(required=False)
    state = serializers.ChoiceField(State.choices, required=False, allow_blank=True)
    exclude_internal_commands = serializers.BooleanField(default=False)


class CommandStatusInput(serializers.Serializer[Any]):
    state = serializers.ChoiceField([State.CANCELLED.value])


class CommandStatusOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    request = serializers.UUIDField(read_only=True)
    device = serializers.UUIDField(read_only=True)
    state = serializers.ChoiceField(State.choices)
    reason = serializers.CharField()
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: CommandStatus) -> dict[str, Any]:
        return status_document(instance)


def status_document(status: CommandStatus) -> dict[str, Any]:
    return {
        "id": status.pk,
        "request": status.request_id,
        "device": status.device_id,
        "state": status.state,
        "reason": status.reason,
        "created_at": status.created_at,
        "updated_at": status.updated_at,
    }
