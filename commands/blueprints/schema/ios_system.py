"""The system of iPhones and iPads: its version, its name, its time zone, its wallpaper."""

from typing import Any

from rest_framework import serializers

from commands.blueprints.schema.base import Group, Policy, Settings, StrictPolicyGroup
from commands.blueprints.schema.fields import Address, Id, Image, LocalMoment, NameTemplate, OsBuild, OsVersion, Zone

SETTINGS = "https://developer.apple.com/documentation/devicemanagement/settings-command"


class IosTimezone(StrictPolicyGroup):
    """The time zone. Needs supervision and iOS 14."""

    title = "Time zone"
    reference = SETTINGS

    timezone = Zone(help_text="A name of the IANA database such as Europe/Berlin")


class IosDeviceName(StrictPolicyGroup):
    """The name that the device shows. Needs supervision."""

    title = "Device name"
    reference = SETTINGS

    device_name = NameTemplate(
        max_length=63, help_text="May hold {serial}, {alias} and {model}, which are filled in for each device"
    )


class IosOsUpdate(StrictPolicyGroup):
    """A version of the system that the device must have by a certain time. Needs iOS 17."""

    title = "System update"
    reference = "https://developer.apple.com/documentation/devicemanagement/softwareupdateenforcementspecific"

    target_os_version = OsVersion(help_text="Such as 26.1")
    target_build_version = OsBuild(
        required=False, help_text="A build of that version, such as 23B85; needed for rapid responses only"
    )
    target_local_datetime = LocalMoment(
        help_text="When it is installed at the latest, in the device's local time, such as 2026-12-01T20:00:00"
    )
    details_url = Address(required=False, help_text="A page that tells people why, shown with the notice")


class Portrait(Settings):
    """A picture: stored already, or sent along."""

    wallpaper_id = Id(required=False, help_text="Id of a stored picture, as answers show it")
    image = Image(
        write_only=True,
        required=False,
        help_text="Base64 of a PNG or JPEG, 4 MB at most; it is stored and replaced by its id",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) > 1:
            raise serializers.ValidationError("takes wallpaper_id or image, not both.")
        return attrs


class Screen(Policy):
    """The wallpaper of one screen."""

    portrait = Portrait(required=False, help_text="The picture")


class IosWallpaper(Group):
    """The pictures behind the icons and the clock. Needs supervision. It cannot be read back from a device."""

    title = "Wallpaper"
    reference = SETTINGS

    homescreen = Screen(required=False, help_text="Behind the icons")
    lockscreen = Screen(required=False, help_text="Behind the clock")
