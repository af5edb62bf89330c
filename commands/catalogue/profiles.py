"""Configuration profiles: list, install, remove."""

from typing import Any

from rest_framework import serializers

from commands.apple.profile_files import read_encoded_profile
from commands.catalogue.base import Command, Delivery
from devices.services.apple_reports import forget_profile, record_installed_profile, record_profile_list


class ListInstalledProfiles(Command):
    """Asks which configuration profiles are installed on the device."""

    name = "LIST_INSTALLED_PROFILES"
    apple_how = "ProfileList"

    class Arguments(serializers.Serializer[Any]):
        managed_only = serializers.BooleanField(required=False, help_text="Only profiles this server installed")

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        command: dict[str, Any] = {"RequestType": "ProfileList"}
        if delivery.args.get("managed_only"):
            command["ManagedOnly"] = True
        return command

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        profiles = report.get("ProfileList")
        if isinstance(profiles, list):
            record_profile_list(delivery.device_id, profiles, managed_only=bool(delivery.args.get("managed_only")))


class InstallProfile(Command):
    """Installs a configuration profile."""

    name = "INSTALL_PROFILE"
    apple_how = "InstallProfile"
    secret_arguments = frozenset({"profile"})  # profiles hold passwords and keys

    class Arguments(serializers.Serializer[Any]):
        profile = serializers.CharField(help_text="Base64 of a configuration profile (plist, signed or not)")

        def validate_profile(self, value: str) -> str:
            try:
                read_encoded_profile(value)
            except ValueError as error:
                raise serializers.ValidationError(str(error)) from None
            return value

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "InstallProfile", "Payload": read_encoded_profile(delivery.args["profile"])[0]}

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        record_installed_profile(delivery.device_id, read_encoded_profile(delivery.args["profile"])[1])

    def keeps_result(self) -> bool:
        return False


class RemoveProfile(Command):
    """Removes a configuration profile that this server installed."""

    name = "REMOVE_PROFILE"
    apple_how = "RemoveProfile"

    class Arguments(serializers.Serializer[Any]):
        profile_identifier = serializers.CharField(max_length=255, help_text="PayloadIdentifier of the profile")

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "RemoveProfile", "Identifier": delivery.args["profile_identifier"]}

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        forget_profile(delivery.device_id, delivery.args["profile_identifier"])

    def keeps_result(self) -> bool:
        return False
