"""The catalogue: every command of the API by its name, in the page's order."""

from typing import Any

from rest_framework import serializers

from commands.catalogue.actions import ClearPasscode, Lock, Reboot, UpdateHeartbeat, Wipe
from commands.catalogue.base import MASK, Command, Delivery, Undeliverable
from commands.catalogue.information import DeviceInformation
from commands.catalogue.profiles import InstallProfile, ListInstalledProfiles, RemoveProfile

NAMES = (
    "ADD_TO_WHITELIST ADD_WIFI_AP CLEAR_APP_DATA CONVERGE INSTALL LIST_INSTALLED_PROFILES LOCK REBOOT "
    "REMOVE_FROM_WHITELIST REMOVE_PROFILE REMOVE_WIFI_AP SET_APP_PERMISSION SET_APP_STATE SET_BLUETOOTH_STATE "
    "SET_BRIGHTNESS_SCALE SET_DEVICE_LOCKDOWN_STATE SET_GPS_STATE SET_KIOSK_APP SET_MULTI_APP_MODE SET_NEW_POLICY "
    "SET_ROTATION_STATE SET_SCREEN_OFF_TIMEOUT SET_STREAM_VOLUME SET_TIMEZONE SET_WIFI_STATE UNINSTALL "
    "UPDATE_DEVICE_CONFIG UPDATE_HEARTBEAT UPDATE_LATEST_DPC WIPE RESET_LOCKSCREEN_PASSWORD UPDATE_BLUEPRINT "
    "NOTIFY_DEVICE SET_DEVICE_LANGUAGE SET_ETHERNET_SETTINGS SET_STATIC_IP BEEP_DEVICE SET_APP_NOTIFICATIONS "
    "USE_ONLY_SAVED_WIFI_AP DEVICE_INFORMATION VPP_APP_INSTALL APPLE_APP_UNINSTALL CLEAR_PASSCODE INSTALL_PROFILE"
).split()

CARRIED: tuple[Command, ...] = (
    Lock(),
    Reboot(),
    Wipe(),
    ClearPasscode(),
    UpdateHeartbeat(),
    DeviceInformation(),
    ListInstalledProfiles(),
    InstallProfile(),
    RemoveProfile(),
)


class OpenArguments(serializers.Serializer[Any]):
    """Any object: no channel carries the command, so nothing reads its arguments."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return dict(data)


class Uncarried(Command):
    """A documented command that no channel carries: every device's row says so."""

    Arguments = OpenArguments
    secret_arguments = frozenset({"new_lockscreen_password", "wifi_access_points"})

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]


_carried = {command.name: command for command in CARRIED}
CATALOGUE: dict[str, Command] = {name: _carried.get(name) or Uncarried(name) for name in NAMES}

__all__ = ["CATALOGUE", "MASK", "NAMES", "Command", "Delivery", "Undeliverable"]
