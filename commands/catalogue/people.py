"""Commands that speak to whoever holds the device: messages, sounds, lockdown, the screen's password."""

import datetime as dt
from typing import Any

from rest_framework import serializers

from commands.catalogue.base import Command
from commands.catalogue.fields import NumberText

SHORT = dt.timedelta(minutes=2)


class NotifyDevice(Command):
    """Shows a message to whoever holds the device."""

    name = "NOTIFY_DEVICE"
    time_out = SHORT

    class Arguments(serializers.Serializer[Any]):
        title = serializers.CharField(max_length=1000, help_text="The headline")
        message = serializers.CharField(max_length=10_000, help_text="The text")
        url = serializers.URLField(
            required=False, allow_blank=True, max_length=2000, help_text="A link to open from the message"
        )


class BeepDevice(Command):
    """Makes the device play a sound, so that it can be found."""

    name = "BEEP_DEVICE"
    time_out = SHORT

    class Arguments(serializers.Serializer[Any]):
        duration = NumberText(min_value=10, max_value=300, help_text="Seconds, 10 to 300")


class SetDeviceLockdownState(Command):
    """Locks the device down behind a full-screen message, or releases it."""

    name = "SET_DEVICE_LOCKDOWN_STATE"

    class Arguments(serializers.Serializer[Any]):
        state = serializers.ChoiceField(["LOCKED", "UNLOCKED"], help_text="Locked down, or released")
        message = serializers.CharField(allow_blank=True, max_length=10_000, help_text="Shown while it is locked")


class ResetLockscreenPassword(Command):
    """Sets a new password for the lock screen."""

    name = "RESET_LOCKSCREEN_PASSWORD"
    secret_arguments = frozenset({"new_lockscreen_password"})

    class Arguments(serializers.Serializer[Any]):
        new_lockscreen_password = serializers.CharField(
            trim_whitespace=False, max_length=1000, help_text="The new password, spaces included"
        )
