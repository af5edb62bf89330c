"""Commands that bring a device to a described state: blueprint, policy, agent."""

import datetime as dt
import uuid
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from rest_framework import serializers

from commands.apple.policies import PASSCODE_SECTION, PolicyError, policy_profile, read_policy
from commands.apple.profile_files import read_encoded_profile
from commands.apple.profiles import MadeProfile
from commands.catalogue.base import Command, Delivery, TryLater, Undeliverable
from commands.catalogue.needs import needs
from commands.catalogue.profile_command import ProfileCommand
from commands.clients.documents import DocumentError, fetch_document, host_of
from commands.models import CommandRequest
from commands.services.converges.answering import answer_commands
from devices.models import Device
from devices.services.apple_reports import record_installed_profile

CONVERGE_TIME = dt.timedelta(days=3)
BLUEPRINT_SYSTEMS = needs(ios="4.0", tvos="9.0")
WHAT_IT_TAKES = "the commands that its blueprint takes"
NOT_DELIVERED = "What it was to bring about has ended."


class ConvergingCommand(Command):
    """Answered by a converge for each device: the row waits for it, and ends as it does."""

    time_out = CONVERGE_TIME
    apple_needs = BLUEPRINT_SYSTEMS
    apple_how = WHAT_IT_TAKES
    reapplies: ClassVar[bool] = False  # also what does not differ

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        """Never itself on its way to a device, while its converge is open."""
        raise Undeliverable(NOT_DELIVERED)

    def on_queued(self, request: CommandRequest, device_ids: list[uuid.UUID]) -> list[uuid.UUID]:
        provision = bool(request.command_args.get("converge_with_provision_option"))
        answer_commands(request, device_ids, provision=provision, reapply=self.reapplies)
        return []


class Converge(ConvergingCommand):
    """Brings the device to the latest published version of its blueprint.

    Only what differs is sent, as commands of the server's own. This one succeeds when they all have, and fails with
    the reasons of those that did not. Cancelling it cancels what the device has not been given yet.
    """

    name = "CONVERGE"

    class Arguments(serializers.Serializer[Any]):
        converge_with_provision_option = serializers.BooleanField(
            default=False, help_text="Apply also the settings that are for provisioning only"
        )


class UpdateBlueprint(ConvergingCommand):
    """Applies the current version of the device's blueprint once more.

    As CONVERGE does it, but sends also what does not differ; apps only if they do.
    """

    name = "UPDATE_BLUEPRINT"
    reapplies = True


class SetNewPolicy(ProfileCommand):
    """Applies the compliance policy that is found at an address.

    For Apple devices the document there is fetched once for the whole request, before it goes to any device: JSON with
    Apple's restrictions and passcode rules, or a configuration profile. The next policy replaces this one.
    """

    name = "SET_NEW_POLICY"
    apple_needs = needs(ios="4.0", tvos="9.0", macos="10.7")
    apple_how = "InstallProfile (com.apple.applicationaccess, com.apple.mobiledevice.passwordpolicy)"

    class Arguments(serializers.Serializer[Any]):
        policy_url = serializers.URLField(max_length=2000, help_text="Where the policy is")

        def validate_policy_url(self, value: str) -> str:
            if "@" in urlsplit(value).netloc:
                raise serializers.ValidationError("must not hold a user name or a password: it is shown to others.")
            return value

    def prepare(self, args: dict[str, Any]) -> dict[str, Any]:
        try:
            document = fetch_document(args["policy_url"], trusted_hosts=settings.POLICY_URL_HOSTS)
            return {"policy": read_policy(document)}
        except DocumentError as error:
            raise (TryLater if error.retryable else Undeliverable)(f"The policy cannot be fetched: {error}") from None
        except PolicyError as error:
            raise Undeliverable(f"The policy cannot be applied: {error}") from None

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        policy = delivery.args["policy"]
        if "profile" in policy:
            return {"RequestType": "InstallProfile", "Payload": read_encoded_profile(policy["profile"])[0]}
        if PASSCODE_SECTION in policy and delivery.device.os == Device.Os.TVOS:
            raise Undeliverable("The policy holds passcode rules, which Apple TVs do not take.")
        return super().apple(delivery)

    def wanted(self, delivery: Delivery) -> MadeProfile:
        return policy_profile(delivery.args["policy"], host_of(delivery.args["policy_url"]))

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        policy = delivery.args["policy"]
        if "profile" in policy:
            record_installed_profile(delivery.device_id, read_encoded_profile(policy["profile"])[1])
        else:
            super().on_success(delivery, report)


class UpdateLatestDpc(Command):
    """Updates the management agent on the device to its latest version."""

    name = "UPDATE_LATEST_DPC"
    time_out = dt.timedelta(hours=24)
    why_not_apple = "Apple devices have no management agent to update: management is part of the system."
