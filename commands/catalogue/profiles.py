"""Configuration profiles: list, install, remove."""

import base64
import binascii
from typing import Any

from rest_framework import serializers

from commands.apple import plist
from commands.catalogue.base import Command, Delivery
from devices.services.apple_reports import forget_profile, record_installed_profile, record_profile_list
from tenants.crypto.cms import CmsError, verify_signed

MAX_PROFILE_BYTES = 1024 * 1024


def read_profile(encoded: str) -> tuple[bytes, dict[str, Any]]:
    """The profile's bytes as given (signed or not) and its dictionary. ValueError says what is wrong with it."""
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be the base64 of a configuration profile.") from None
    if len(data) > MAX_PROFILE_BYTES:
        raise ValueError(f"is larger than {MAX_PROFILE_BYTES} bytes.")
    try:
        content = verify_signed(data).content if data[:1] == b"\x30" else data
        profile = plist.loads(content, max_bytes=MAX_PROFILE_BYTES)
    except (CmsError, plist.PlistError) as error:
        raise ValueError(f"is not a configuration profile: {error}.") from None
    for key in ("PayloadIdentifier", "PayloadUUID"):
        if not isinstance(profile.get(key), str) or not profile[key]:
            raise ValueError(f"is not a configuration profile: it has no {key}.")
    if profile.get("PayloadType") != "Configuration":
        raise ValueError("is not a configuration profile: its PayloadType is not Configuration.")
    return data, profile


class ListInstalledProfiles(Command):
    """Asks which configuration profiles are installed on the device."""

    name = "LIST_INSTALLED_PROFILES"

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
    secret_arguments = frozenset({"profile"})  # profiles hold passwords and keys

    class Arguments(serializers.Serializer[Any]):
        profile = serializers.CharField(help_text="Base64 of a configuration profile (plist, signed or not)")

        def validate_profile(self, value: str) -> str:
            try:
                read_profile(value)
            except ValueError as error:
                raise serializers.ValidationError(str(error)) from None
            return value

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "InstallProfile", "Payload": read_profile(delivery.args["profile"])[0]}

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        record_installed_profile(delivery.device_id, read_profile(delivery.args["profile"])[1])

    def keeps_result(self) -> bool:
        return False


class RemoveProfile(Command):
    """Removes a configuration profile that this server installed."""

    name = "REMOVE_PROFILE"

    class Arguments(serializers.Serializer[Any]):
        profile_identifier = serializers.CharField(max_length=255, help_text="PayloadIdentifier of the profile")

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "RemoveProfile", "Identifier": delivery.args["profile_identifier"]}

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        forget_profile(delivery.device_id, delivery.args["profile_identifier"])

    def keeps_result(self) -> bool:
        return False
