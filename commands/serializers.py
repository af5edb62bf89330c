"""Shapes of the command routes."""

from typing import Any

from rest_framework import serializers

from commands.catalogue import CATALOGUE, NAMES
from commands.models import CommandRequest, CommandStatus
from commands.models.status import State
from commands.schedules.arguments import IMMEDIATE, ScheduleArgs, shown_arguments, stored_arguments
from config.api.fields import CsvUUIDField, OneOfField

MAX_DEVICES, MAX_GROUPS = 1000, 500
DEVICE_TYPES = "Only devices that were seen lately (active), only the others (inactive), or all, which is the default"


def _ids(noun: str, most: int) -> serializers.ListField:
    child = serializers.UUIDField(error_messages={"invalid": f"invalid {noun} id: {{value!r:.60}} is not a UUID."})
    return serializers.ListField(child=child, required=False, allow_null=True, max_length=most)


class CommandRequestInput(serializers.Serializer[Any]):
    command_type = OneOfField(
        CommandRequest.CommandType.choices, help_text="DEVICE needs devices, GROUP needs groups, DYNAMIC takes both"
    )
    devices = _ids("device", MAX_DEVICES)
    groups = _ids("group", MAX_GROUPS)
    device_type = OneOfField(CommandRequest.DeviceType.choices, required=False, allow_null=True, help_text=DEVICE_TYPES)
    command = OneOfField(list(NAMES))
    command_args = serializers.DictField(required=False, allow_null=True)
    schedule = OneOfField(CommandRequest.Schedule.choices, required=False, allow_null=True)
    schedule_args = ScheduleArgs(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Nulls count as absent, and the arguments go through the command's own serializer."""
        given = _without_nulls(attrs)
        arguments = CATALOGUE[given["command"]].Arguments(data=_without_nulls(given.get("command_args", {})))
        if not arguments.is_valid():
            raise serializers.ValidationError({"command_args": arguments.errors})
        schedule_args = _schedule_args(given.get("schedule", IMMEDIATE), given.get("schedule_args", {}))
        return {**given, "command_args": dict(arguments.validated_data), "schedule_args": schedule_args}


def _schedule_args(schedule: str, given: dict[str, Any]) -> dict[str, Any]:
    try:
        return stored_arguments(schedule, given)
    except serializers.ValidationError as error:
        raise serializers.ValidationError({"schedule_args": error.detail}) from None


def _without_nulls(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


class CommandRequestListInput(serializers.Serializer[Any]):
    devices = CsvUUIDField(required=False)
    groups = CsvUUIDField(required=False)
    command = OneOfField(list(NAMES), required=False)
    schedule = OneOfField(CommandRequest.Schedule.choices, required=False)
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
        "schedule_args": shown_arguments(request.schedule, request.schedule_args, request.time_zone),
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
    state = OneOfField(State.choices, required=False)
    exclude_internal_commands = serializers.BooleanField(default=False)


class CommandStatusInput(serializers.Serializer[Any]):
    state = OneOfField([State.CANCELLED.value])


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
