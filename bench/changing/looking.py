"""What is not on a simulated device as its blueprint says: by looking at the device, not by asking the server."""

import base64
from collections.abc import Iterator
from typing import Any

from onboarding.simulation.apple_declarations import ENFORCEMENT
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_models import version_numbers
from onboarding.simulation.apple_profile import read_profile
from onboarding.simulation.apple_restrictions import heeds

Settings = dict[str, Any]
WEB_CLIP, DEFERRAL = "com.apple.webClip.managed", "com.apple.configuration.softwareupdate.settings"
DECLARATIVE_SINCE, DEFERRING_SINCE = "17", "18"


def differences(device: SimulatedAppleDevice, ios: Settings, app: str = "") -> list[str]:
    """The settings, by the names of their groups. `app`: the bundle identifier of the one that versions install."""
    return [name for name, is_so in _checks(device, ios, app) if not is_so]


def _checks(device: SimulatedAppleDevice, ios: Settings, app: str) -> Iterator[tuple[str, bool]]:
    effects, state = device.effects, device.state
    yield "restrictions", effects.restrictions == _wanted_restrictions(device, ios)
    yield "wifi_networks", effects.wifi_networks == {network["ssid"] for network in ios.get("wifi_networks", ())}
    yield "web_clips", _clips(device) == {(clip["label"], clip["url"]) for clip in ios.get("web_clips", ())}
    length = ios.get("passcode_settings", {}).get("minimum_length")
    yield "passcode_settings", effects.passcode_policy.get("minLength") == length
    if zone := ios.get("timezone_settings"):
        yield "timezone_settings", state.time_zone == zone["timezone"]
    if name := ios.get("device_name_settings"):
        yield "device_name_settings", state.name == name["device_name"].replace("{serial}", device.serial)
    for screen, found in (("homescreen", state.home_screen_wallpaper), ("lockscreen", state.lock_screen_wallpaper)):
        if wanted := ios.get("wallpaper_settings", {}).get(screen):
            yield f"wallpaper_settings.{screen}", found == base64.b64decode(wanted["portrait"]["image"])
    if app:
        on_device = state.app(app)
        yield "apps", (on_device is not None and on_device.is_installed) == bool(ios.get("apps"))
    yield from _updates(device, ios)


def _wanted_restrictions(device: SimulatedAppleDevice, ios: Settings) -> dict[str, Any]:
    wanted = dict(ios.get("restrictions_settings", {}).get("restrictions", {}))
    if ios.get("camera_settings", {}).get("allow_camera_access") is False:
        wanted["allowCamera"] = False
    if ios.get("siri_settings", {}).get("allow_siri") is False:
        wanted["allowAssistant"] = False
    deferral = ios.get("defer_os_updates")
    if deferral and not _has(device, DEFERRING_SINCE):
        wanted |= {
            "forceDelayedSoftwareUpdates": True,
            "enforcedSoftwareUpdateDelay": deferral["defer_os_updates_delay"],
        }
    supervised = device.state.is_supervised
    return {key: value for key, value in wanted.items() if heeds(device.hardware, is_supervised=supervised, key=key)}


def _clips(device: SimulatedAppleDevice) -> set[tuple[str, str]]:
    return {
        (payload["Label"], payload["URL"])
        for installed in device.state.profiles
        for payload in read_profile(installed.data).payloads(WEB_CLIP)
    }


def _updates(device: SimulatedAppleDevice, ios: Settings) -> Iterator[tuple[str, bool]]:
    """A device that is too old to be declared anything has nothing of it."""
    declared = {document["Type"]: document["Payload"] for document in device.state.declared.documents}
    if update := ios.get("os_update_settings"):
        if _has(device, DECLARATIVE_SINCE):
            target = version_numbers(update["target_os_version"])
            yield "os_update_settings", version_numbers(device.hardware.os.version) >= target
    else:
        yield "os_update_settings", ENFORCEMENT not in declared
    deferral = ios.get("defer_os_updates")
    if deferral is None or (_has(device, DEFERRING_SINCE) and device.state.is_supervised):
        wanted = {"CombinedPeriodInDays": deferral["defer_os_updates_delay"]} if deferral else None
        yield "defer_os_updates", declared.get(DEFERRAL, {}).get("Deferrals") == wanted


def _has(device: SimulatedAppleDevice, version: str) -> bool:
    return version_numbers(device.hardware.os.version) >= version_numbers(version)
