"""Commands that speak to whoever holds the device: messages, sounds, lockdown, the screen's password."""

import datetime as dt
from typing import Any

from rest_framework import serializers

from commands.apple.errors import NOT_IN_LOST_MODE, has_code
from commands.catalogue.base import Command, Delivery, Undeliverable
from commands.catalogue.fields import NumberText
from commands.catalogue.needs import needs
from commands.catalogue.verdicts import Answer, Failed, Succeeded, Verdict
from config.api.fields import OneOfField
from devices.selectors import device_settings
from devices.services.devices import record_settings

SHORT = dt.timedelta(minutes=2)
NO_SOUND = "The device sounds in lost mode only, and is not in it: send SET_DEVICE_LOCKDOWN_STATE (LOCKED) first."


class NotifyDevice(Command):
    """Shows a message to whoever holds the device."""

    name = "NOTIFY_DEVICE"
    time_out = SHORT
    why_not_apple = (
        "Apple's protocol shows no messages to people: SET_DEVICE_LOCKDOWN_STATE puts one on the lock screen of a "
        "supervised iPhone or iPad."
    )

    class Arguments(serializers.Serializer[Any]):
        title = serializers.CharField(max_length=1000, help_text="The headline")
        message = serializers.CharField(max_length=10_000, help_text="The text")
        url = serializers.URLField(
            required=False, allow_blank=True, max_length=2000, help_text="A link to open from the message"
        )


class BeepDevice(Command):
    """Makes the device play a sound, so that it can be found.

    An Apple device does so only in lost mode, until it is released from it or somebody silences it, whatever the
    duration. https://developer.apple.com/documentation/devicemanagement/play-lost-mode-sound-command
    """

    name = "BEEP_DEVICE"
    time_out = SHORT
    apple_needs = needs(ios="10.3", supervised=True)
    apple_how = "PlayLostModeSound"
    judged = True

    class Arguments(serializers.Serializer[Any]):
        duration = NumberText(min_value=10, max_value=300, help_text="Seconds, 10 to 300")

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        if device_settings(delivery.device).lost_mode is False:
            raise Undeliverable(NO_SOUND)
        return {"RequestType": "PlayLostModeSound"}

    def judge(self, delivery: Delivery, answer: Answer) -> Verdict:
        if has_code(answer.report, NOT_IN_LOST_MODE):
            record_settings(delivery.device_id, lost_mode=False)
            return Failed(NO_SOUND)
        return super().judge(delivery, answer)


class SetDeviceLockdownState(Command):
    """Locks the device down behind a full-screen message, or releases it.

    On Apple that is lost mode.
    https://developer.apple.com/documentation/devicemanagement/enable-lost-mode-command and disable-lost-mode-command
    """

    name = "SET_DEVICE_LOCKDOWN_STATE"
    apple_needs = needs(ios="9.3", supervised=True)
    apple_how = "EnableLostMode, DisableLostMode"
    judged = True

    class Arguments(serializers.Serializer[Any]):
        state = OneOfField(["LOCKED", "UNLOCKED"], help_text="Locked down, or released")
        message = serializers.CharField(allow_blank=True, max_length=10_000, help_text="Shown while it is locked")

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        if delivery.args["state"] == "UNLOCKED":
            return {"RequestType": "DisableLostMode"}
        if not delivery.args["message"]:
            raise Undeliverable("An Apple device locks itself down only with a message to show: give one.")
        return {"RequestType": "EnableLostMode", "Message": delivery.args["message"]}

    def judge(self, delivery: Delivery, answer: Answer) -> Verdict:
        if delivery.args["state"] == "UNLOCKED" and has_code(answer.report, NOT_IN_LOST_MODE):
            self.on_success(delivery, answer.report)
            return Succeeded("The device was not locked down.")
        return super().judge(delivery, answer)

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        record_settings(delivery.device_id, lost_mode=delivery.args["state"] == "LOCKED")

    def keeps_result(self) -> bool:
        return False


class ResetLockscreenPassword(Command):
    """Sets a new password for the lock screen."""

    name = "RESET_LOCKSCREEN_PASSWORD"
    secret_arguments = frozenset({"new_lockscreen_password"})
    why_not_apple = (
        "Only the user sets a passcode on an Apple device: CLEAR_PASSCODE removes the old one, and SET_NEW_POLICY with "
        "forcePIN makes the user set a new one."
    )

    class Arguments(serializers.Serializer[Any]):
        new_lockscreen_password = serializers.CharField(
            trim_whitespace=False, max_length=1000, help_text="The new password, spaces included"
        )
