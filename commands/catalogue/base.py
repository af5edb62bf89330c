"""What a command is: its arguments, how each channel carries it, and what its result tells."""

import datetime as dt
import inspect
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from rest_framework import serializers

from commands.catalogue.verdicts import Answer, Failed, PutOff, Succeeded, Verdict
from commands.models import AppleEnrolment, CommandRequest
from devices.models import Device, Platform
from tenants.models import Tenant
from tenants.sealing import MASK


class NoArguments(serializers.Serializer[Any]):
    """Takes none; unknown keys are ignored."""


class Undeliverable(Exception):
    """This device cannot be given this command; the text is the row's reason."""


class TryLater(Exception):
    """What the command needs cannot be had just now; the text says why."""


EVERY_OS: Mapping[str, str] = dict.fromkeys((Device.Os.IOS, Device.Os.IPADOS, Device.Os.TVOS, Device.Os.MACOS), "0")


@dataclass(frozen=True)
class AppleNeeds:
    """What an Apple device must be, known before anything is sent to it."""

    supervised: bool = False  # iPhones, iPads and Apple TVs; what a Mac does, it does unsupervised too
    since: Mapping[str, str] = field(default_factory=lambda: EVERY_OS)  # lowest version by OS; others cannot do it

    def supervision(self, os: str) -> bool:
        """Whether a device with this system must be supervised."""
        return self.supervised and os != Device.Os.MACOS


@dataclass(frozen=True)
class Delivery:
    """One command on its way to one device. Device and enrolment are read only by commands that look at them."""

    device_id: uuid.UUID
    args: dict[str, Any]  # the secret ones opened
    step: int = 0

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
    time_out: dt.timedelta = dt.timedelta(minutes=10)  # for an answer; COMMAND_TIME_OUTS may set another
    apple_needs: ClassVar[AppleNeeds] = AppleNeeds()
    apple_how: ClassVar[str] = ""  # what it travels as, for the documentation
    why_not_apple: ClassVar[str] = ""  # one sentence, for the refusal
    judged: ClassVar[bool] = False  # whether `judge` decides what a report of the device means
    ends_enrolment: ClassVar[bool] = False  # a device that did it knows us no more

    @property
    def description(self) -> str:
        """What it does to the device: the first paragraph of its docstring."""
        return self._told[0]

    @property
    def details(self) -> str:
        """What else people should know: its docstring's further paragraphs, up to the first address of a source."""
        return " ".join(" ".join(self._told[1:]).partition("https://")[0].split())

    @property
    def _told(self) -> list[str]:
        return inspect.cleandoc(type(self).__doc__ or "").split("\n\n")

    def apple(self, delivery: Delivery) -> dict[str, Any] | None:
        """Apple's command dictionary; None if the device's contact alone is the answer. Undeliverable if it cannot be.

        Apple's definitions: https://developer.apple.com/documentation/devicemanagement/commands-and-queries
        """
        raise Undeliverable(self.refusal(Platform.APPLE))

    def judge(self, delivery: Delivery, answer: Answer) -> Verdict:
        """What the device's report means for the row; asked only of commands that are `judged`."""
        if answer.is_acknowledged:
            return Succeeded()
        return PutOff() if answer.is_not_now else Failed(answer.reason)

    def prepare(self, args: dict[str, Any]) -> dict[str, Any]:
        """Further secret arguments that a worker fetches before the fan-out, outside any transaction.

        Undeliverable ends the command for every device; TryLater has it asked again, at most PREPARE_ATTEMPTS times.
        """
        return {}

    def check(self, tenant: Tenant, args: dict[str, Any]) -> None:
        """BadRequest when the tenant has not got what the arguments name. Asked when a request is made."""

    def on_queued(self, request: CommandRequest, device_ids: list[uuid.UUID]) -> list[uuid.UUID]:
        """After rows for these devices were queued, in the same transaction; which of them may be woken at once."""
        return device_ids

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        """What the device's report tells about it, in the transaction that notes it. Once for each step."""

    def on_unsuccessful(self, device_ids: list[uuid.UUID]) -> None:
        """After rows of these devices ended otherwise, in the same transaction."""

    def keeps_result(self) -> bool:
        """Whether the device's answer carries more than its status."""
        return type(self).on_success is not Command.on_success

    def supports(self, platform: str) -> bool:
        return platform == Platform.APPLE and type(self).apple is not Command.apple

    def refusal(self, platform: str) -> str:
        """Why this platform cannot carry it; empty if it can."""
        if self.supports(platform):
            return ""
        why = f". {self.why_not_apple}" if platform == Platform.APPLE and self.why_not_apple else ""
        return f"command not supported on {platform}: {self.name}{why}"

    def prepares(self) -> bool:
        return type(self).prepare is not Command.prepare

    def split_secrets(self, args: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The arguments as they may be shown, and the secret ones."""
        secret = {key: value for key, value in args.items() if key in self.secret_arguments}
        return {**args, **dict.fromkeys(secret, MASK)}, secret
