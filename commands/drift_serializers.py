"""The shape of what differs between a device and its blueprint."""

from typing import Any

from rest_framework import serializers

from commands.blueprints.planning import NOT_YET
from commands.services.converges.goals import goal_of
from devices.models import Device, DeviceInventory, DriftReport
from devices.standings import standing_of

STAMPS = ("information_at", "profiles_at", "apps_at", "asked_at")
NEVER_TOLD = "The device has not told yet what it has."


class DifferenceOutput(serializers.Serializer[Any]):
    setting = serializers.CharField(help_text="Path in the blueprint's settings of its platform")
    part = serializers.CharField(help_text="What it is sent with: `restrictions`, `app:com.example.till`")
    wanted = serializers.JSONField(help_text="What the blueprint says; secrets are masked")
    found = serializers.JSONField(help_text="What the device has; null if nothing is known to be there")
    reason = serializers.CharField(help_text="Why it stays so and nothing is sent for it")
    refused = serializers.BooleanField(
        help_text="The device does not follow what it was given; otherwise this kind of device can never have what has "
        "a `reason`, and it is not counted"
    )


class InventoryOutput(serializers.Serializer[Any]):
    information_at = serializers.DateTimeField(allow_null=True, help_text="When the device last told of itself")
    profiles_at = serializers.DateTimeField(allow_null=True, help_text="… all its profiles")
    apps_at = serializers.DateTimeField(allow_null=True, help_text="… all its apps")
    asked_at = serializers.DateTimeField(allow_null=True, help_text="When it was last asked for all of them")


class DriftOutput(serializers.Serializer[Any]):
    device_id = serializers.UUIDField()
    blueprint_id = serializers.UUIDField(allow_null=True, help_text="In force for the device")
    blueprint_version_id = serializers.UUIDField(allow_null=True, help_text="The version that was compared with")
    version = serializers.CharField(allow_null=True, help_text="Its number, such as 2.0")
    blueprint_upgrade_status = serializers.ChoiceField(Device.UpgradeStatus.choices)
    count = serializers.IntegerField(allow_null=True, help_text="Settings that differ; null if nothing was compared")
    differences = DifferenceOutput(many=True)
    checked_at = serializers.DateTimeField(allow_null=True, help_text="When it was compared last")
    reason = serializers.CharField(help_text="Why nothing was compared")
    inventory = InventoryOutput()


def drift_document(device: Device, report: DriftReport | None) -> dict[str, Any]:
    """Of a device that a selector read."""
    standing = standing_of(device)
    inventory = DeviceInventory.objects.filter(device=device).first() or DeviceInventory(device=device)
    return {
        "device_id": device.pk,
        "blueprint_id": standing.blueprint_id,
        "blueprint_version_id": report.blueprint_version_id if report else None,
        "version": report.blueprint_version.number if report else None,
        "blueprint_upgrade_status": standing.status,
        "count": report.count if report else None,
        "differences": report.differences if report else [],
        "checked_at": report.checked_at if report else None,
        "reason": "" if report else _reason(device),
        "inventory": {name: getattr(inventory, name) for name in STAMPS},
    }


def _reason(device: Device) -> str:
    return goal_of(device).refusal or NOT_YET.get(device.os, NEVER_TOLD)
