"""Which systems know a command or a setting, since which version, and where it takes a supervised device.

Source: ``supportedOS`` of the files in ``mdm/commands`` of github.com/apple/device-management; "iOS" there includes
iPadOS. What a profile or a query needs stands with the profiles and queries.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_models import OsFamily
from onboarding.simulation.apple_state import DeviceState


@dataclass(frozen=True)
class Needs:
    since: Mapping[OsFamily, str]
    supervised: frozenset[OsFamily] = frozenset()

    def is_known_to(self, hardware: Hardware) -> bool:
        """Whether the device's system knows it."""
        return hardware.runs(self.since)

    def lacks_supervision(self, hardware: Hardware, state: DeviceState) -> bool:
        return hardware.os_family in self.supervised and not state.is_supervised


def _needs(ios: str = "", *, macos: str = "", tvos: str = "", supervised: tuple[OsFamily, ...] = ()) -> Needs:
    versions: dict[OsFamily, str] = {"iOS": ios, "iPadOS": ios, "macOS": macos, "tvOS": tvos}
    return Needs({family: version for family, version in versions.items() if version}, frozenset(supervised))


_MOBILE: tuple[OsFamily, ...] = ("iOS", "iPadOS")
_MOBILE_AND_TV: tuple[OsFamily, ...] = ("iOS", "iPadOS", "tvOS")

COMMANDS = {
    "CertificateList": _needs("4.0", macos="10.7", tvos="9.0"),
    "ClearPasscode": _needs("4.0"),
    "DeclarativeManagement": _needs("15.0", macos="13.0", tvos="16.0"),
    "DeviceConfigured": _needs("9.0", macos="10.11", tvos="10.2"),
    "DeviceInformation": _needs("4.0", macos="10.7", tvos="9.0"),
    "DeviceLocation": _needs("9.3", supervised=_MOBILE),
    "DeviceLock": _needs("4.0", macos="10.7"),
    "DisableLostMode": _needs("9.3", supervised=_MOBILE),
    "EnableLostMode": _needs("9.3", supervised=_MOBILE),
    "EraseDevice": _needs("4.0", macos="10.7", tvos="10.2"),
    "InstallApplication": _needs("5.0", macos="10.9", tvos="10.2"),
    "InstallProfile": _needs("4.0", macos="10.7", tvos="9.0"),
    "InstalledApplicationList": _needs("5.0", macos="10.7", tvos="10.2"),
    "ManagedApplicationList": _needs("5.0", macos="11.0", tvos="10.2"),
    "PlayLostModeSound": _needs("10.3", supervised=_MOBILE),
    "ProfileList": _needs("4.0", macos="10.7", tvos="9.0"),
    "RemoveApplication": _needs("5.0", macos="11.0", tvos="10.2"),
    "RemoveProfile": _needs("4.0", macos="10.7", tvos="9.0"),
    "RestartDevice": _needs("10.3", macos="10.13", tvos="10.2", supervised=_MOBILE_AND_TV),
    "SecurityInfo": _needs("4.0", macos="10.7", tvos="9.0"),
    "Settings": _needs("5.0", macos="10.9", tvos="9.0"),
    "ShutDownDevice": _needs("10.3", macos="10.13", supervised=_MOBILE),
}

SETTINGS = {
    "ApplicationConfiguration": _needs("7.0", macos="10.15", tvos="10.2"),
    "Bluetooth": _needs("11.3", macos="10.13.4", supervised=_MOBILE),
    "DataRoaming": _needs("5.0"),
    "DeviceName": _needs("5.0", macos="10.10", tvos="9.0", supervised=_MOBILE_AND_TV),
    "HostName": _needs(macos="10.11"),
    "MDMOptions": _needs("7.0", macos="10.15"),
    "OrganizationInfo": _needs("5.0", macos="10.9", tvos="9.0"),
    "PersonalHotspot": _needs("5.0"),
    "TimeZone": _needs("14.0", tvos="14.0", supervised=_MOBILE_AND_TV),
    "VoiceRoaming": _needs("5.0"),
    "Wallpaper": _needs("8.0", supervised=_MOBILE),
}
