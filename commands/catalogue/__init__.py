"""The catalogue: every command of the API by its name, in the page's order."""

from typing import Any

from rest_framework import serializers

from commands.catalogue.actions import ClearPasscode, Lock, Reboot, UpdateHeartbeat, Wipe
from commands.catalogue.base import MASK, Command, Delivery, Undeliverable
from commands.catalogue.information import DeviceInformation
from commands.catalogue.names import NAMES
from commands.catalogue.profiles import InstallProfile, ListInstalledProfiles, RemoveProfile

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
