"""Configuration profiles: list, install, remove."""

from contextlib import suppress
from typing import Any

from rest_framework import serializers

from commands.apple.errors import PROFILE_IS_ABSENT, has_error
from commands.apple.profile_files import read_encoded_profile
from commands.blueprints.delivery import PART, NotDeliverable, is_of_a_blueprint, profile_of
from commands.catalogue.base import Command, Delivery, Undeliverable
from commands.catalogue.verdicts import Answer, Succeeded, Verdict
from devices.models import DeviceProfile
from devices.services.apple_reports import forget_profile, record_installed_profile, record_profile_list

CUT_OFF = "None of the networks that are to stay is on the device yet: without this one it might have none."


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
    """Installs a configuration profile.

    https://developer.apple.com/documentation/devicemanagement/install-profile-command. The steps of a converge name
    a part of a blueprint's version instead, which no caller can: it becomes a profile when it is handed over.
    """

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
        return {"RequestType": "InstallProfile", "Payload": _profile(delivery)[0]}

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        """What was deleted meanwhile is told by the device's next list."""
        with suppress(Undeliverable):
            record_installed_profile(delivery.device_id, _profile(delivery)[1])

    def keeps_result(self) -> bool:
        return False


def _profile(delivery: Delivery) -> tuple[bytes, dict[str, Any]]:
    """As it is sent, and its dictionary."""
    if not is_of_a_blueprint(delivery.args):
        return read_encoded_profile(delivery.args["profile"])
    try:
        profile = profile_of(delivery.args, delivery.device)
    except NotDeliverable as error:
        raise Undeliverable(str(error)) from None
    return profile.content, profile.document


class RemoveProfile(Command):
    """Removes a configuration profile that this server installed.

    https://developer.apple.com/documentation/devicemanagement/remove-profile-command. For a converge, which names the
    part of the blueprint, a profile that is not there counts as removed.
    """

    name = "REMOVE_PROFILE"
    judged = True
    apple_how = "RemoveProfile"

    class Arguments(serializers.Serializer[Any]):
        profile_identifier = serializers.CharField(max_length=255, help_text="PayloadIdentifier of the profile")

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        if _would_cut_off(delivery):
            raise Undeliverable(CUT_OFF)
        return {"RequestType": "RemoveProfile", "Identifier": delivery.args["profile_identifier"]}

    def judge(self, delivery: Delivery, answer: Answer) -> Verdict:
        if PART in delivery.args and has_error(answer.report, PROFILE_IS_ABSENT):
            self.on_success(delivery, answer.report)
            return Succeeded("The profile was not on the device.")
        return super().judge(delivery, answer)

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        forget_profile(delivery.device_id, delivery.args["profile_identifier"])

    def keeps_result(self) -> bool:
        return False


def _would_cut_off(delivery: Delivery) -> bool:
    """`instead`: profiles of which one is to be there before this one goes."""
    instead = delivery.args.get("instead")
    held = DeviceProfile.objects.filter(device_id=delivery.device_id, identifier__in=instead or ())
    return bool(instead) and not held.exists()
