"""Giving a device custom settings or another name."""

from typing import Any

from rest_framework import serializers

from commands.apple.custom_settings import read_custom_settings
from commands.apple.declared import command_for, replace_declarations
from commands.apple.set_up import CARRIER, is_release, note_released, release_for
from commands.blueprints.compile.declarations import DeclarationsPart
from commands.blueprints.compile.device import Wallpaper
from commands.blueprints.compile.parts import Part
from commands.blueprints.delivery import PROVISION, NotDeliverable, is_of_a_blueprint, part_of, wallpaper_of
from commands.catalogue.base import Delivery, Undeliverable
from commands.catalogue.settings_command import SettingsCommand
from commands.models import AppleDeclarations
from devices.models import Device
from devices.services.devices import record_device_name, rename_device

NAMEABLE_UNSUPERVISED = Device.Os.MACOS


class UpdateDeviceConfig(SettingsCommand):
    """Gives the device custom settings or another name.

    On Apple custom_settings_config may hold device_name (supervised devices and Macs), organization_info and wallpaper
    (supervised iPhones and iPads). device_alias_name is the device's name in this server, and on the device itself
    where that can be set.
    """

    name = CARRIER
    apple_how = "Settings: DeviceName, OrganizationInfo, Wallpaper"

    class Arguments(serializers.Serializer[Any]):
        custom_settings_config = serializers.DictField(required=False, help_text="Settings by their names")
        device_alias_name = serializers.CharField(required=False, max_length=255, help_text="The device's name")

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            if not attrs:
                raise serializers.ValidationError("custom_settings_config or device_alias_name is required.")
            return attrs

    def apple(self, delivery: Delivery) -> dict[str, Any] | None:
        """With only an alias for a device that lets nobody name it: a question, so that its contact is the answer."""
        if is_release(delivery.args):
            return release_for(delivery.enrolment)
        part = _part(delivery)
        if isinstance(part, DeclarationsPart):
            return _declarations(part, delivery)
        if self.items(delivery):
            return super().apple(delivery)
        return {"RequestType": "DeviceInformation", "Queries": ["DeviceName"]}

    def items(self, delivery: Delivery) -> list[dict[str, Any]]:
        if is_of_a_blueprint(delivery.args):
            return _items_of_a_blueprint(delivery)
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
        if is_release(delivery.args):
            note_released(delivery.device_id)
        if is_of_a_blueprint(delivery.args):
            return
        if alias := delivery.args.get("device_alias_name"):
            rename_device(delivery.device_id, alias)
        if name := _name_given(delivery):
            record_device_name(delivery.device_id, name)


def _name_given(delivery: Delivery) -> str:
    """As `items` has it."""
    config = delivery.args.get("custom_settings_config") or {}
    alias = delivery.args.get("device_alias_name") if _can_be_named(delivery.device) else ""
    return str(config.get("device_name") or alias or "")


def _part(delivery: Delivery) -> Part | None:
    """The part of a blueprint that a step of a converge is about; None for callers' commands."""
    if not is_of_a_blueprint(delivery.args):
        return None
    try:
        return part_of(delivery.args, delivery.device)
    except NotDeliverable as error:
        raise Undeliverable(str(error)) from None


def _items_of_a_blueprint(delivery: Delivery) -> list[dict[str, Any]]:
    part = _part(delivery)
    if not isinstance(part, Wallpaper):
        raise Undeliverable("The blueprint's part is no setting of the device.")
    try:
        item = wallpaper_of(part, delivery.device)
    except NotDeliverable as error:
        raise Undeliverable(str(error)) from None
    _check_device(delivery.device, [item])
    return [item]


def _declarations(part: DeclarationsPart, delivery: Delivery) -> dict[str, Any]:
    """The set is replaced as it is told of, so that the device fetches no other."""
    held = AppleDeclarations.objects.filter(pk=delivery.device_id).values_list("declarations", flat=True).first() or []
    wanted = part.wanted(provision=bool(delivery.args.get(PROVISION)), held=[each["Identifier"] for each in held])
    return command_for(replace_declarations(delivery.device_id, wanted))


def _can_be_named(device: Device) -> bool:
    return device.os == NAMEABLE_UNSUPERVISED or device.is_supervised is not False


def _check_device(device: Device, items: list[dict[str, Any]]) -> None:
    """What an item needs of the device: https://developer.apple.com/documentation/devicemanagement/settings-command"""
    named = {item["Item"] for item in items}
    if "DeviceName" in named and not _can_be_named(device):
        raise Undeliverable("device_name can be set on supervised devices and Macs only, and this device is neither.")
    if "Wallpaper" in named and (device.os in (Device.Os.TVOS, Device.Os.MACOS) or device.is_supervised is False):
        raise Undeliverable("wallpaper can be set on supervised iPhones and iPads only, and this device is none.")
