"""Commands that bring a device to a described state: blueprint, policy, configuration, agent."""

import datetime as dt
from typing import Any

from rest_framework import serializers

from commands.catalogue.base import Command

CONVERGE_TIME = dt.timedelta(days=3)


class Converge(Command):
    """Brings the device to the latest published version of its blueprint."""

    name = "CONVERGE"
    time_out = CONVERGE_TIME

    class Arguments(serializers.Serializer[Any]):
        converge_with_provision_option = serializers.BooleanField(
            default=False, help_text="Apply also the settings that are for provisioning only"
        )


class UpdateBlueprint(Command):
    """Applies the current version of the device's blueprint once more."""

    name = "UPDATE_BLUEPRINT"
    time_out = CONVERGE_TIME


class SetNewPolicy(Command):
    """Applies the compliance policy that is found at an address."""

    name = "SET_NEW_POLICY"

    class Arguments(serializers.Serializer[Any]):
        policy_url = serializers.URLField(max_length=2000, help_text="Where the policy is")


class UpdateDeviceConfig(Command):
    """Gives the device custom settings or another name."""

    name = "UPDATE_DEVICE_CONFIG"

    class Arguments(serializers.Serializer[Any]):
        custom_settings_config = serializers.DictField(required=False, help_text="Settings by their names")
        device_alias_name = serializers.CharField(required=False, max_length=255, help_text="The device's name")

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            if not attrs:
                raise serializers.ValidationError("custom_settings_config or device_alias_name is required.")
            return attrs


class UpdateLatestDpc(Command):
    """Updates the management agent on the device to its latest version."""

    name = "UPDATE_LATEST_DPC"
    time_out = dt.timedelta(hours=24)
