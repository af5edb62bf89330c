"""The Settings command: each of its items is answered by itself, the command as a whole is acknowledged.

Sources: Apple's "Settings", ``mdm/commands/settings.yaml`` of github.com/apple/device-management, and "Managed
Settings" of the protocol reference. An item that lacks something answers CommandFormatError, as iPhones do (seen in
reports to micromdm).
"""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import available_timezones

from onboarding.simulation.apple_answers.answer import (
    NOT_SUPERVISED,
    Answer,
    Cause,
    MalformedCommand,
    error_chain,
    required,
)
from onboarding.simulation.apple_answers.needs import SETTINGS
from onboarding.simulation.apple_effects import Effects
from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_models import OsFamily
from onboarding.simulation.apple_state import App, DeviceState

Setter = Callable[[Mapping[str, Any], Hardware, DeviceState], None]

_SETTINGS_DOMAIN = "MCSettingsErrorDomain"
_IMAGE_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_LOCK_SCREEN, _HOME_SCREEN = 1, 2
# The first wallpaper of these goes to both places, whatever ``Where`` says.
_FIRST_GOES_EVERYWHERE: dict[OsFamily, str] = {"iOS": "16.0", "iPadOS": "17.0"}


class _Refused(Exception):
    """The device does not take a setting."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause[2])
        self.cause = cause


def answer_settings(command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
    items = required(command, "Settings", list)
    return Answer(fields={"Settings": [_answer_item(item, hardware, state) for item in items]})


def _answer_item(item: object, hardware: Hardware, state: DeviceState) -> dict[str, Any]:
    """An item of the answer: which one it was, its Status, and for an Error its chain."""
    if not isinstance(item, dict) or not isinstance(item.get("Item"), str):
        return {"Status": "CommandFormatError"}
    told = {key: item[key] for key in ("Item", "Identifier") if key in item}
    try:
        _set(item, hardware, state)
    except MalformedCommand:
        return {**told, "Status": "CommandFormatError"}
    except _Refused as refusal:
        return {**told, "Status": "Error", "ErrorChain": error_chain(refusal.cause)}
    return {**told, "Status": "Acknowledged"}


def _set(item: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> None:
    """An item that the system is too old for is an unknown one (28000).

    That an unsupervised device gives 29000 is a plausible choice: Apple documents the code, not its use here.
    """
    name = item["Item"]
    needs, setter = SETTINGS.get(name), _SETTERS.get(name)
    if needs is None or setter is None or not needs.is_known_to(hardware):
        raise _Refused((_SETTINGS_DOMAIN, 28000, f"The setting “{name}” is unknown."))
    if needs.lacks_supervision(hardware, state):
        raise _Refused(NOT_SUPERVISED)
    setter(item, hardware, state)


def _set_device_name(item: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> None:
    name = required(item, "DeviceName", str)
    if not name:
        raise MalformedCommand("DeviceName is empty")
    state.name = name


def _set_host_name(item: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> None:
    state.host_name = required(item, "HostName", str)


def _set_organization_info(item: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> None:
    """Without the dictionary what was known is removed."""
    info = required(item, "OrganizationInfo", dict) if "OrganizationInfo" in item else {}
    if info and not isinstance(info.get("OrganizationName"), str):
        raise MalformedCommand("OrganizationName is missing")
    state.organization_info = dict(info)


def _set_mdm_options(item: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> None:
    state.mdm_options = dict(required(item, "MDMOptions", dict))


def _set_wallpaper(item: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> None:
    image, where = required(item, "Image", bytes), required(item, "Where", int)
    if where not in (_LOCK_SCREEN, _HOME_SCREEN, _LOCK_SCREEN | _HOME_SCREEN):
        raise MalformedCommand("Where is not 1, 2 or 3")
    if not image.startswith(_IMAGE_BEGINNINGS):
        raise _Refused((_SETTINGS_DOMAIN, 28001, "The wallpaper image is invalid."))
    first = not (state.lock_screen_wallpaper or state.home_screen_wallpaper)
    if first and hardware.runs(_FIRST_GOES_EVERYWHERE):
        where = _LOCK_SCREEN | _HOME_SCREEN
    if where & _LOCK_SCREEN:
        state.lock_screen_wallpaper = image
    if where & _HOME_SCREEN:
        state.home_screen_wallpaper = image


def _set_bluetooth(item: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> None:
    state.bluetooth_enabled = required(item, "Enabled", bool)


def _set_time_zone(item: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> None:
    """Fails while ``forceAutomaticDateAndTime`` is in effect. The codes of both errors are plausible choices."""
    zone = required(item, "TimeZone", str)
    if Effects(hardware, state).restrictions.get("forceAutomaticDateAndTime") is True:
        raise _Refused((_SETTINGS_DOMAIN, 28003, "The time zone is set automatically."))
    if zone not in available_timezones():
        raise _Refused((_SETTINGS_DOMAIN, 28003, f"“{zone}” is not the name of a time zone."))
    state.time_zone = zone


def _set_data_roaming(item: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> None:
    """Data roaming takes voice roaming with it."""
    state.data_roaming = _of_cellular(item, hardware)
    state.voice_roaming = state.voice_roaming or state.data_roaming


def _set_voice_roaming(item: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> None:
    """Without voice roaming there is no data roaming."""
    state.voice_roaming = _of_cellular(item, hardware)
    state.data_roaming = state.data_roaming and state.voice_roaming


def _set_personal_hotspot(item: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> None:
    state.personal_hotspot = _of_cellular(item, hardware)


def _of_cellular(item: Mapping[str, Any], hardware: Hardware) -> bool:
    """The switch of a cellular setting. That a device without cellular does not know it is a plausible choice."""
    enabled = required(item, "Enabled", bool)
    if not hardware.product.has_cellular:
        raise _Refused((_SETTINGS_DOMAIN, 28000, f"The setting “{item['Item']}” is unknown."))
    return enabled


def _set_application_configuration(item: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> None:
    """Without a configuration the app's is removed. The code for an app that is not managed is a plausible choice."""
    identifier = required(item, "Identifier", str)
    configuration = required(item, "Configuration", dict) if "Configuration" in item else {}
    app = state.app(identifier) or App(identifier, "", "", 0)
    if not app.is_managed:
        raise _Refused(("MCMDMErrorDomain", 12029, f"The app “{identifier}” is not managed."))
    app.configuration = dict(configuration)


_SETTERS: dict[str, Setter] = {
    "ApplicationConfiguration": _set_application_configuration,
    "Bluetooth": _set_bluetooth,
    "DataRoaming": _set_data_roaming,
    "DeviceName": _set_device_name,
    "HostName": _set_host_name,
    "MDMOptions": _set_mdm_options,
    "OrganizationInfo": _set_organization_info,
    "PersonalHotspot": _set_personal_hotspot,
    "TimeZone": _set_time_zone,
    "VoiceRoaming": _set_voice_roaming,
    "Wallpaper": _set_wallpaper,
}
