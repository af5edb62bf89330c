"""What the DEP sync routes take and answer."""

from typing import Any

from rest_framework import serializers

from onboarding.models import DepSync


class DepSyncCreateInput(serializers.Serializer[Any]):
    """An object without documented properties."""


class DepSyncRequestOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=DepSync.Status.choices)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class DepSyncFailureOutput(serializers.Serializer[Any]):
    serial = serializers.CharField()
    reason = serializers.CharField()


class DepSyncDevicesOutput(serializers.Serializer[Any]):
    failure = DepSyncFailureOutput(many=True)


class DepSyncOutput(DepSyncRequestOutput):
    failure_reason = serializers.CharField(help_text="Why a server could not be read; empty if all went well")
    devices = DepSyncDevicesOutput(help_text="What could not be done for single devices")


def dep_sync_request_document(sync: DepSync) -> dict[str, Any]:
    return {
        "id": sync.pk,
        "status": sync.status,
        "created_by": sync.created_by,
        "created_at": sync.created_at,
        "updated_at": sync.updated_at,
    }


def dep_sync_document(sync: DepSync) -> dict[str, Any]:
    """Of a sync with `shown_failures`."""
    failures: list[Any] = getattr(sync, "shown_failures", [])
    return {
        **dep_sync_request_document(sync),
        "failure_reason": sync.failure_reason,
        "devices": {"failure": [{"serial": each.serial, "reason": each.reason} for each in failures]},
    }
