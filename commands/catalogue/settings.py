"""Commands that set one of a device's settings."""

from typing import Any

from rest_framework import serializers

from commands.catalogue.base import Command
from commands.catalogue.fields import Locale, ScreenOffTimeout, TimeZoneName


class SetBluetoothState(Command):
    """Switches Bluetooth on or off."""

    name = "SET_BLUETOOTH_STATE"

    class Arguments(serializers.Serializer[Any]):
        bluetooth_state = serializers.BooleanField(help_text="Whether it is on")


class SetWifiState(Command):
    """Switches Wi-Fi on or off."""

    name = "SET_WIFI_STATE"

    class Arguments(serializers.Serializer[Any]):
        wifi_state = serializers.BooleanField(help_text="Whether it is on")
        wifi_revert_timeout = serializers.IntegerField(
            min_value=1, required=False, help_text="Back to what it was after so long without a network"
        )


class SetBrightnessScale(Command):
    """Sets how bright the screen is."""

    name = "SET_BRIGHTNESS_SCALE"

    class Arguments(serializers.Serializer[Any]):
        brightness_value = serializers.IntegerField(min_value=1, max_value=100, help_text="Percent")


class SetGpsState(Command):
    """Sets how the device finds its location, or switches that off."""

    name = "SET_GPS_STATE"

    class Arguments(serializers.Serializer[Any]):
        gps_state = serializers.IntegerField(
            min_value=0, max_value=4, help_text="0 high accuracy, 1 sensors only, 2 battery saving, 3 off, 4 on"
        )


class SetRotationState(Command):
    """Fixes the screen's orientation, or lets it turn with the device."""

    name = "SET_ROTATION_STATE"

    class Arguments(serializers.Serializer[Any]):
        rotate_state = serializers.IntegerField(min_value=0, max_value=2, help_text="0 auto, 1 portrait, 2 landscape")


class SetScreenOffTimeout(Command):
    """Sets how long the screen stays on when nobody touches it."""

    name = "SET_SCREEN_OFF_TIMEOUT"

    class Arguments(serializers.Serializer[Any]):
        screen_off_timeout = ScreenOffTimeout(help_text="Milliseconds, 5000 to 1800000; -1 is never")


class SetStreamVolume(Command):
    """Sets the volume of rings, notifications, alarms or music."""

    name = "SET_STREAM_VOLUME"

    class Arguments(serializers.Serializer[Any]):
        stream = serializers.IntegerField(
            min_value=0, max_value=3, help_text="0 ring, 1 notification, 2 alarm, 3 music"
        )
        volume_level = serializers.IntegerField(min_value=0, max_value=100, help_text="Percent")


class SetTimezone(Command):
    """Sets the device's time zone."""

    name = "SET_TIMEZONE"

    class Arguments(serializers.Serializer[Any]):
        timezone_string = TimeZoneName(help_text="A zone such as Europe/Berlin")


class SetDeviceLanguage(Command):
    """Sets the device's language and country."""

    name = "SET_DEVICE_LANGUAGE"

    class Arguments(serializers.Serializer[Any]):
        locale = Locale(help_text="Language and country as in en_US")
