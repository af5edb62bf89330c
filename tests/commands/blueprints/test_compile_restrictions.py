"""The restrictions profiles that groups of yes and no become."""

import plistlib
from typing import Any

import pytest

from commands.apple.restrictions import YES_NO
from commands.blueprints.compile.restrictions import SWITCHES
from devices.models import Device
from tests.factories.devices import DeviceFactory
from tests.factories.plans import carried, plan_of, shown

ALWAYS, PROVISION = {"apply_policy": "ALWAYS APPLY"}, {"apply_policy": "PROVISION ONLY"}
NO_CAMERA = {"camera_settings": {**ALWAYS, "allow_camera_access": False}}


def restrictions(device: Device, ios: dict[str, Any], *, provision: bool = False, part: str = "restrictions") -> Any:
    """The keys that the device is told; None if there is no such profile."""
    steps = {step.part: step for step in plan_of(device, ios, provision=provision).steps}
    if part not in steps:
        return None
    document = plistlib.loads(carried(device, steps[part])["Payload"])
    [payload] = document["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.applicationaccess"
    return {key: value for key, value in payload.items() if not key.startswith("Payload")}


@pytest.mark.parametrize(("group", "name", "key", "default"), SWITCHES)
def test_a_switch_is_told_only_where_it_restricts(
    device: Device, other_device: Device, group: str, name: str, key: str, default: bool
) -> None:
    assert key in YES_NO
    assert restrictions(device, {group: {**ALWAYS, name: not default}}) == {key: not default}
    assert restrictions(other_device, {group: {**ALWAYS, name: default}}) is None
    assert restrictions(device, {group: {"apply_policy": "IGNORE", name: not default}}) is None


def test_all_groups_are_one_profile_and_those_for_provisioning_another(device: Device) -> None:
    ios = {
        **NO_CAMERA,
        "nfc_settings": {"allow_nfc": False},
        "siri_settings": {**PROVISION, "allow_siri": False},
        "screenshot_settings": {**PROVISION, "allow_screenshot": False},
    }

    assert restrictions(device, ios) == {"allowCamera": False, "allowNFC": False}
    assert restrictions(device, ios, part="restrictions:provisioning") is None
    assert restrictions(device, ios, provision=True, part="restrictions:provisioning") == {
        "allowAssistant": False,
        "allowScreenShot": False,
    }


def test_what_always_applies_is_not_told_twice(device: Device) -> None:
    """Apple warns of one restriction in several profiles."""
    named = {**PROVISION, "restrictions": {"allowCamera": False, "allowChat": False}}

    ios = {**NO_CAMERA, "restrictions_settings": named}

    assert restrictions(device, ios, provision=True, part="restrictions:provisioning") == {"allowChat": False}


def test_apples_own_keys_are_merged_and_the_stricter_counts(device: Device) -> None:
    named = {"allowCamera": True, "allowChat": False, "ratingApps": 600, "blockedAppBundleIDs": ["com.example.game"]}

    told = restrictions(device, {**NO_CAMERA, "restrictions_settings": {**ALWAYS, "restrictions": named}})

    assert told == {
        "allowCamera": False,
        "allowChat": False,
        "blockedAppBundleIDs": ["com.example.game"],
        "ratingApps": 600,
    }


def test_preloaded_apps_hide_apart_from_those_that_are_named(device: Device) -> None:
    ios = {
        "hide_preloaded_apps_settings": {**ALWAYS},
        "apps": [{"app_id": "com.apple.Maps", "app_type": "PRELOADED", "state": "SHOW"}],
        "web_clips": [{"label": "Menu", "url": "https://example.org", "is_full_screen": True}],
    }

    told = restrictions(device, ios)

    assert told["blockedAppBundleIDs"] == told["blacklistedAppBundleIDs"]
    assert {"com.apple.mobilesafari", "com.apple.camera"} <= set(told["blockedAppBundleIDs"])
    assert not {"com.apple.Maps", "com.apple.Preferences", "com.apple.mobilephone"} & set(told["blockedAppBundleIDs"])


def test_the_browser_stays_for_web_clips_that_open_in_it(device: Device) -> None:
    clips = [{"label": "Menu", "url": "https://example.org", "is_full_screen": False}]

    told = restrictions(device, {"hide_preloaded_apps_settings": {**ALWAYS}, "web_clips": clips})

    assert "com.apple.mobilesafari" not in told["blockedAppBundleIDs"]


@pytest.mark.parametrize(
    ("os_version", "days", "told"),
    [
        ("17.7", 30, {"forceDelayedSoftwareUpdates": True, "enforcedSoftwareUpdateDelay": 30}),
        ("17.7", 0, None),
        ("18.0", 30, None),
    ],
)
def test_updates_are_deferred_by_restrictions_before_ios_18(
    device: Device, os_version: str, days: int, told: Any
) -> None:
    older = DeviceFactory(tenant=device.tenant, is_supervised=True, os_version=os_version)

    assert restrictions(older, {"defer_os_updates": {**ALWAYS, "defer_os_updates_delay": days}}) == told


def test_an_apple_tv_is_not_told_of_apps_that_it_does_not_have(device: Device) -> None:
    tv = DeviceFactory(tenant=device.tenant, os="tvOS", is_supervised=True)

    plan = plan_of(tv, {"hide_preloaded_apps_settings": {**ALWAYS, "hide_preloaded_apps": True}})

    assert shown(plan) == []
    [difference] = plan.differences
    assert "Apple TV" in difference.reason
