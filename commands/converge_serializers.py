"""Shapes of the converge routes."""

from typing import Any

from rest_framework import serializers

from commands.models import CommandStatus, Converge
from commands.models.status import State
from commands.schedules.arguments import IMMEDIATE, ScheduleArgs, shown_arguments, stored_arguments
from config.api.fields import CsvUUIDField, OneOfField

NEEDS = "invalid device id: {value!r:.60} is not a UUID."


class ConvergeInput(serializers.Serializer[Any]):
    device_id = serializers.UUIDField(error_messages={"invalid": NEEDS}, help_text="ID of the device")
    converge_with_provision_option = serializers.BooleanField(
        help_text="Also the settings that are for provisioning only"
    )
    schedule_type = OneOfField(Converge.Schedule.choices, required=False, allow_null=True)
    schedule_args = ScheduleArgs(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Nulls count as absent."""
        given = {key: value for key, value in attrs.items() if value is not None}
        schedule = given.get("schedule_type", IMMEDIATE)
        try:
            arguments = stored_arguments(schedule, given.get("schedule_args", {}))
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"schedule_args": error.detail}) from None
        return {**given, "schedule_type": schedule, "schedule_args": arguments}


class ConvergeListInput(serializers.Serializer[Any]):
    device_ids = CsvUUIDField(required=False)


class ConvergedBlueprintOutput(serializers.Serializer[Any]):
    blueprint_id = serializers.UUIDField(allow_null=True, help_text="Null if it was deleted")
    blueprint_version_id = serializers.UUIDField(allow_null=True)


class ConvergeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    device_id = serializers.UUIDField()
    converge_with_provision_option = serializers.BooleanField()
    blueprint_info = ConvergedBlueprintOutput(help_text="What is being applied")
    schedule_type = serializers.ChoiceField(Converge.Schedule.choices)
    schedule_args = ScheduleArgs()
    status = serializers.ChoiceField(Converge.Status.choices, help_text="Over all the commands that it sends")
    reason = serializers.CharField(help_text="Explains the status")
    created_by = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


def converge_document(converge: Converge) -> dict[str, Any]:
    return {
        "id": converge.pk,
        "device_id": converge.device_id,
        "converge_with_provision_option": converge.converge_with_provision_option,
        "blueprint_info": {
            "blueprint_id": converge.blueprint_id,
            "blueprint_version_id": converge.blueprint_version_id,
        },
        "schedule_type": converge.schedule_type,
        "schedule_args": shown_arguments(converge.schedule_type, converge.schedule_args, converge.time_zone),
        "status": converge.status,
        "reason": converge.reason,
        "created_by": converge.created_by,
        "created_at": converge.created_at,
        "updated_at": converge.updated_at,
    }


class ConvergeCommandOutput(serializers.Serializer[Any]):
    command_request_id = serializers.UUIDField()
    command_state = serializers.ChoiceField(State.choices)
    reason = serializers.CharField(help_text="Explains the state")
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


def converge_command_document(row: CommandStatus) -> dict[str, Any]:
    return {
        "command_request_id": row.request_id,
        "command_state": row.state,
        "reason": row.reason,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
