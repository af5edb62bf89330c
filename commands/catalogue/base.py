"""What a command is: its arguments, how each channel carries it, and what its result tells."""

import datetime as dt
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from rest_framework import serializers

from commands.models import AppleEnrolment
from devices.models import Device, Platform

MASK = "********"


class NoArguments(serializers.Serializer[Any]):
    """Takes none; unknown keys are ignored."""


class Undeliverable(Exception):
    """This device cannot be given this command; the text is the row's reason."""


@dataclass(frozen=True)
class Delivery:
    """One command on its way to one device. Device and enrolment are read only by commands that look at them."""

    device_id: uuid.UUID
    args: dict[str, Any]  # the secret ones opened

    @cached_property
    def device(self) -> Device:
        return Device.objects.get(pk=self.device_id)

    @cached_property
    def enrolment(self) -> AppleEnrolment:
        return AppleEnrolment.objects.get(device_id=self.device_id, channel=AppleEnrolment.Channel.DEVICE)


class Command:
    """One of the API's commands. A platform is supported when its method is overridden."""

    name: ClassVar[str]
    Arguments: ClassVar[type[serializers.Serializer[Any]]] = NoArguments
    secret_arguments: ClassVar[frozenset[str]] = frozenset()
    time_out: ClassVar[dt.timedelta] = dt.timedelta(minutes=10)
    supervised_only: ClassVar[bool] = False  # on Apple devices
    ends_enrolment: ClassVar[bool] = False  # a device that did it knows us no more

    def apple(self, delivery: Delivery) -> dict[str, Any] | None:
        """Apple's command dictionary; None if the device's contact alone is the answer. Undeliverable if it cannot be.

        Apple's definitions: https://developer.apple.com/documentation/devicemanagement/commands-and-queries
        """
        raise Undeliverable(self.refusal(Platform.APPLE))

    def on_queued(self, device_ids: list[uuid.UUID]) -> None:
        """After rows for these devices were queued, in the same transaction."""

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        """What the device's report tells about it, in the transaction that closes the row."""

    def on_unsuccessful(self, device_ids: list[uuid.UUID]) -> None:
        """After rows of these devices ended otherwise, in the same transaction."""

    def keeps_result(self) -> bool:
        """Whether the device's answer carries more than its status."""
        return type(self).on_success is not Command.on_success

    def supports(self, platform: str) -> bool:
        return platform == Platform.APPLE and type(self).apple is not Command.apple

    def refusal(self, platform: str) -> str:
        """Why this platform cannot carry it; empty if it can."""
        return "" if self.supports(platform) else f"command not supported on {platform}: {self.name}"

    def split_secrets(self, args: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The arguments as they may be shown, and the secret ones."""
        secret = {key: value for key, value in args.items() if key in self.secret_arguments}
        return {**args, **dict.fromkeys(secret, MASK)}, secret
