"""Commands that set one of a device's settings."""

from typing import Any

from rest_framework import serializers

from commands.catalogue.base import Command, Delivery
from commands.catalogue.fields import Locale, ScreenOffTimeout, TimeZoneName
from commands.catalogue.needs import needs
from commands.catalogue.settings_command import SettingsCommand
from devices.services.devices import record_settings, record_time_zone


class SetBluetoothState(SettingsCommand):
    """Switches Bluetooth on or off."""

    name = "SET_BLUETOOTH_STATE"
    apple_needs = needs(ios="11.3", macos="10.13.4", supervised=True)
    apple_how = "Settings: Bluetooth"

    class Arguments(serializers.Serializer[Any]):
        bluetooth_state = serializers.BooleanField(help_text="Whether it is on")

    def items(self, delivery: Delivery) -> list[dict[str, Any]]:
        return [{"Item": "Bluetooth", "Enabled": delivery.args["bluetooth_state"]}]

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        record_settings(delivery.device_id, bluetooth_state=delivery.args["bluetooth_state"])


class SetWifiState(Command):
    """Switches Wi-Fi on or off."""

    name = "SET_WIFI_STATE"
    why_not_apple = (
        "Apple's protocol does not switch Wi-Fi: SET_NEW_POLICY with forceWiFiPowerOn keeps it on where a device is "
        "supervised."
    )

    class Arguments(serializers.Serializer[Any]):
        wifi_state = serializers.BooleanField(help_text="Whether it is on")
        wifi_revert_timeout = serializers.IntegerField(
            min_value=1, required=False, help_text="Back to what it was after so long without a network"
        )


class SetBrightnessScale(Command):
    """Sets how bright the screen is."""

    name = "SET_BRIGHTNESS_SCALE"
    why_not_apple = "Apple's protocol does not set the brightness; only the user does."

    class Arguments(serializers.Serializer[Any]):
        brightness_value = serializers.IntegerField(min_value=1, max_value=100, help_text="Percent")


class SetGpsState(Command):
    """Sets how the device finds its location, or switches that off."""

    name = "SET_GPS_STATE"
    why_not_apple = "Apple's protocol does not switch location services; only the user does."

    class Arguments(serializers.Serializer[Any]):
        gps_state = serializers.IntegerField(
            min_value=0, max_value=4, help_text="0 high accuracy, 1 sensors only, 2 battery saving, 3 off, 4 on"
        )


class SetRotationState(Command):
    """Fixes the screen's orientation, or lets it turn with the device."""

    name = "SET_ROTATION_STATE"
    why_not_apple = (
        "Apple's protocol fixes the orientation only in single-app mode: send INSTALL_PROFILE with a payload "
        "com.apple.app.lock that sets DisableDeviceRotation."
    )

    class Arguments(serializers.Serializer[Any]):
        rotate_state = serializers.IntegerField(min_value=0, max_value=2, help_text="0 auto, 1 portrait, 2 landscape")


class SetScreenOffTimeout(Command):
    """Sets how long the screen stays on when nobody touches it."""

    name = "SET_SCREEN_OFF_TIMEOUT"
    why_not_apple = (
        "Apple's protocol sets the longest time that users may choose, in minutes: send SET_NEW_POLICY with the "
        "passcode rule maxInactivity."
    )

    class Arguments(serializers.Serializer[Any]):
        screen_off_timeout = ScreenOffTimeout(help_text="Milliseconds, 5000 to 1800000; -1 is never")


class SetStreamVolume(Command):
    """Sets the volume of rings, notifications, alarms or music."""

    name = "SET_STREAM_VOLUME"
    why_not_apple = "Apple's protocol does not set the volume; only the user does."

    class Arguments(serializers.Serializer[Any]):
        stream = serializers.IntegerField(
            min_value=0, max_value=3, help_text="0 ring, 1 notification, 2 alarm, 3 music"
        )
        volume_level = serializers.IntegerField(min_value=0, max_value=100, help_text="Percent")


class SetTimezone(SettingsCommand):
    """Sets the device's time zone.

    An Apple device then no longer finds it by itself, and refuses where forceAutomaticDateAndTime is in force.
    """

    name = "SET_TIMEZONE"
    apple_needs = needs(ios="14.0", tvos="14.0", supervised=True)
    apple_how = "Settings: TimeZone"

    class Arguments(serializers.Serializer[Any]):
        timezone_string = TimeZoneName(help_text="A zone such as Europe/Berlin")

    def items(self, delivery: Delivery) -> list[dict[str, Any]]:
        return [{"Item": "TimeZone", "TimeZone": delivery.args["timezone_string"]}]

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        record_time_zone(delivery.device_id, delivery.args["timezone_string"])


class SetDeviceLanguage(Command):
    """Sets the device's language and country."""

    name = "SET_DEVICE_LANGUAGE"
    why_not_apple = "Apple's protocol does not set the language; the user chooses it on the device."

    class Arguments(serializers.Serializer[Any]):
        locale = Locale(help_text="Language and country as in en_US")
