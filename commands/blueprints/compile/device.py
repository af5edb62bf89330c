"""Settings that travel as commands of their own: the device's name, its time zone, its wallpapers.

https://developer.apple.com/documentation/devicemanagement/settings-command: supervised devices; the commands refuse the
others with a reason. Apple TVs have no wallpaper.
"""

import abc
import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from commands.blueprints.compile.parts import IGNORE, PROVISION_ONLY, Field, Part, Settings, Target, digest, policy_of
from devices.models import Device

NAME, ZONE = "device_name", "time_zone"
WALLPAPER = "wallpaper:"
PLACES = {
    "homescreen": ("home", "Wallpaper of the home screen"),
    "lockscreen": ("lock", "Wallpaper of the lock screen"),
}
MAX_NAME = 255
FORCED_CLOCK = "The blueprint has devices set their clocks automatically, and these then refuse a time zone."


@dataclass(frozen=True, kw_only=True)
class SettingPart(Part, abc.ABC):
    value: str  # as the settings say it

    def wanted(self, device: Device) -> str:
        """As this device is to have it."""
        return self.value

    @property
    def fingerprint(self) -> str:
        return digest("setting", self.key, self.value)

    @abc.abstractmethod
    def found(self, device: Device, remembered: str) -> str | None:
        """What the device has; None if nothing is known. `remembered`: the ledger's fingerprint."""

    @abc.abstractmethod
    def command(self, device: Device, internal: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The command and its arguments. `internal`: those by which it finds its part when it is delivered."""


@dataclass(frozen=True, kw_only=True)
class DeviceName(SettingPart):
    def wanted(self, device: Device) -> str:
        """A device without an alias goes by its serial number."""
        hardware = device.hardware_info
        words = {
            "{serial}": device.serial,
            "{alias}": device.alias or device.serial,
            "{model}": str(hardware.get("hardware") or hardware.get("model") or device.os),
        }
        name = self.value
        for word, stands_for in words.items():
            name = name.replace(word, stands_for)
        return name.strip()[:MAX_NAME]

    def found(self, device: Device, remembered: str) -> str | None:
        return device.name or None

    def command(self, device: Device, internal: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "UPDATE_DEVICE_CONFIG", {"custom_settings_config": {"device_name": self.wanted(device)}}


@dataclass(frozen=True, kw_only=True)
class TimeZone(SettingPart):
    """A zone may have several names, and a device may take one and tell another."""

    def found(self, device: Device, remembered: str) -> str | None:
        if remembered == self.fingerprint and _is_same_clock(device.time_zone, self.value):
            return self.value
        return device.time_zone or None

    def command(self, device: Device, internal: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "SET_TIMEZONE", {"timezone_string": self.value}


@dataclass(frozen=True, kw_only=True)
class Wallpaper(SettingPart):
    """No device tells its wallpaper: what it confirmed is remembered. The value is the image's id."""

    place: str

    @property
    def fingerprint(self) -> str:
        return self.value

    def found(self, device: Device, remembered: str) -> str | None:
        return remembered or None

    def command(self, device: Device, internal: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "UPDATE_DEVICE_CONFIG", internal


def _is_same_clock(one: str, other: str) -> bool:
    """Whether clocks in both zones show the same time, in winter and in summer."""
    if not one or not other:
        return False
    moments = [dt.datetime(timezone.now().year, month, 1, tzinfo=dt.UTC) for month in (1, 7)]
    zones = ZoneInfo(one), ZoneInfo(other)
    return all(len({moment.astimezone(zone).utcoffset() for zone in zones}) == 1 for moment in moments)


def device_settings(ios: Settings, target: Target) -> list[Part]:
    return [*_device_name(ios), *_time_zone(ios), *_wallpapers(ios, target)]


def _device_name(ios: Settings) -> list[Part]:
    group = ios.get("device_name_settings") or {}
    if not (name := group.get("device_name")):
        return []
    path = "device_name_settings.device_name"
    return [_part(DeviceName, group, key=NAME, title="Device name", fields=(Field(path, name),), value=name)]


def _time_zone(ios: Settings) -> list[Part]:
    group = ios.get("timezone_settings") or {}
    if not (zone := group.get("timezone")):
        return []
    fields = (Field("timezone_settings.timezone", zone),)
    fault = FORCED_CLOCK if _forces_clock(ios) else ""
    return [_part(TimeZone, group, key=ZONE, title=f"Time zone: {zone}", fields=fields, impossible=fault, value=zone)]


def _forces_clock(ios: Settings) -> bool:
    by_group = (ios.get("time_date_settings") or {}).get("force_automatic_time_date")
    by_key = (ios.get("restrictions_settings") or {}).get("restrictions", {}).get("forceAutomaticDateAndTime")
    return by_group is True or by_key is True


def _wallpapers(ios: Settings, target: Target) -> list[Part]:
    parts: list[Part] = []
    for screen, (place, title) in PLACES.items():
        group = (ios.get("wallpaper_settings") or {}).get(screen) or {}
        image = (group.get("portrait") or {}).get("wallpaper_id")
        if image and policy_of(group) != IGNORE:
            parts.append(
                _part(
                    Wallpaper,
                    group,
                    key=f"{WALLPAPER}{place}",
                    title=title,
                    fields=(Field(f"wallpaper_settings.{screen}.portrait.wallpaper_id", image),),
                    impossible="Apple TVs have no wallpaper." if target.is_tv else "",
                    value=str(image),
                    place=place,
                )
            )
    return parts


def _part(kind: type[SettingPart], group: Settings, **fields: Any) -> SettingPart:
    return kind(is_for_provisioning=policy_of(group) == PROVISION_ONLY, **fields)
