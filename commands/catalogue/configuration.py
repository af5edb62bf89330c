"""Giving a device custom settings or another name."""

from typing import Any

from rest_framework import serializers

from commands.apple.custom_settings import read_custom_settings
from commands.catalogue.base import Delivery, Undeliverable
from commands.catalogue.settings_command import SettingsCommand
from devices.models import Device
from devices.services.devices import rename_device

NAMEABLE_UNSUPERVISED = Device.Os.MACOS


class UpdateDeviceConfig(SettingsCommand):
    """Gives the device custom settings or another name.

    On Apple custom_settings_config may hold device_name (supervised devices and Macs), organization_info and wallpaper
    (supervised iPhones and iPads). device_alias_name is the device's name in this server, and on the device itself
    where that can be set.
    """

    name = "UPDATE_DEVICE_CONFIG"
    apple_how = "Settings: DeviceName, OrganizationInfo, Wallpaper"

    class Arguments(serializers.Serializer[Any]):
        custom_settings_config = serializers.DictField(required=False, help_text="Settings by their names")
        device_alias_name = serializers.CharField(required=False, max_length=255, help_text="The device's name")

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            if not attrs:
                raise serializers.ValidationError("custom_settings_config or device_alias_name is required.")
            return attrs

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        """With only an alias for a device that lets nobody name it: a question, so that its contact is the answer."""
        if self.items(delivery):
            return super().apple(delivery)
        return {"RequestType": "DeviceInformation", "Queries": ["DeviceName"]}

    def items(self, delivery: Delivery) -> list[dict[str, Any]]:
        config, alias = delivery.args.get("custom_settings_config"), delivery.args.get("device_alias_name")
        try:
            items = read_custom_settings(config) if config or not alias else []
        except ValueError as error:
            raise Undeliverable(str(error)) from None
        _check_device(delivery.device, items)
        if alias and _can_be_named(delivery.device) and not any(item["Item"] == "DeviceName" for item in items):
            items.append({"Item": "DeviceName", "DeviceName": alias})
        return items

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        if alias := delivery.args.get("device_alias_name"):
            rename_device(delivery.device_id, alias)


def _can_be_named(device: Device) -> bool:
    return device.os == NAMEABLE_UNSUPERVISED or device.is_supervised is not False


def _check_device(device: Device, items: list[dict[str, Any]]) -> None:
    """What an item needs of the device: https://developer.apple.com/documentation/devicemanagement/settings-command"""
    named = {item["Item"] for item in items}
    if "DeviceName" in named and not _can_be_named(device):
        raise Undeliverable("device_name can be set on supervised devices and Macs only, and this device is neither.")
    if "Wallpaper" in named and (device.os in (Device.Os.TVOS, Device.Os.MACOS) or device.is_supervised is False):
        raise Undeliverable("wallpaper can be set on supervised iPhones and iPads only, and this device is none.")
