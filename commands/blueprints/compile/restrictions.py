"""The restrictions profiles: one of what always applies, one of what is for provisioning only.

https://developer.apple.com/documentation/devicemanagement/restrictions tells of each key which systems know it and
whether it needs supervision. Devices ignore the keys that they cannot follow, and take the profile all the same: so
nothing is left out here for a device that is too old, or not supervised.
"""

from collections.abc import Iterator
from typing import Any

from commands.apple.profiles import RESTRICTIONS
from commands.blueprints.compile.parts import (
    ALWAYS,
    PROVISION_ONLY,
    Field,
    ProfilePart,
    Settings,
    Target,
    built_profile,
    digest,
    policy_of,
)
from commands.blueprints.compile.preloaded import PRELOADED, SAFARI
from commands.blueprints.os_updates import deferral_restrictions

KEY = "restrictions"
PROVISIONING_KEY = "restrictions:provisioning"
# group, its value, Apple's key, what a device does without it
SWITCHES = (
    ("local_app_install_settings", "allow_local_app_install", "allowAppInstallation", True),
    ("app_uninstall_settings", "allow_app_uninstallation", "allowAppRemoval", True),
    ("bluetooth_settings", "edit_bluetooth", "allowBluetoothModification", True),
    ("nfc_settings", "allow_nfc", "allowNFC", True),
    ("factory_reset_settings", "allow_factory_reset", "allowEraseContentAndSettings", True),
    ("screenshot_settings", "allow_screenshot", "allowScreenShot", True),
    ("siri_settings", "allow_siri", "allowAssistant", True),
    ("tethering_settings", "edit_hotspot", "allowPersonalHotspotModification", True),
    ("camera_settings", "allow_camera_access", "allowCamera", True),
    ("time_date_settings", "force_automatic_time_date", "forceAutomaticDateAndTime", False),
)
DELAY = "enforcedSoftwareUpdateDelay"
BLOCKED = ("blockedAppBundleIDs", "blacklistedAppBundleIDs")  # since iOS and tvOS 15, and before
USUAL = {"allow": True, "safariAllow": True, "force": False, "require": False}  # by how Apple's key begins
Rule = tuple[str, Field, dict[str, Any]]  # the policy, what the settings say, Apple's keys for it


def restrictions(ios: Settings, target: Target) -> list[ProfilePart]:
    """Both, as far as any setting speaks of them. What is in the one is not in the other: that always applies wins."""
    always = _profile(ios, target, ALWAYS, KEY, "Restrictions", frozenset())
    held = _keys(ios, target, ALWAYS)
    for_provisioning = _profile(
        ios, target, PROVISION_ONLY, PROVISIONING_KEY, "Restrictions of provisioning", frozenset(held)
    )
    return [part for part in (always, for_provisioning) if part is not None]


def _profile(
    ios: Settings, target: Target, policy: str, key: str, title: str, without: frozenset[str]
) -> ProfilePart | None:
    fields = tuple(field for each, field, _ in _rules(ios, target) if each == policy)
    if not fields:
        return None
    rules = {name: value for name, value in _keys(ios, target, policy).items() if name not in without}
    payloads = [(RESTRICTIONS, rules)] if rules else []
    return ProfilePart(
        key=key,
        title=title,
        fields=fields,
        is_for_provisioning=policy == PROVISION_ONLY,
        profile=built_profile(key, title, payloads, target),
    )


def _keys(ios: Settings, target: Target, policy: str) -> dict[str, Any]:
    """Sorted, so that the same settings are the same profile."""
    found: dict[str, Any] = {}
    for _, _, keys in (rule for rule in _rules(ios, target) if rule[0] == policy):
        for key, value in keys.items():
            found[key] = _stricter(key, found[key], value) if key in found else value
    return dict(sorted(found.items()))


def _stricter(key: str, one: Any, other: Any) -> Any:
    """Of what a group and Apple's own key say, which is told only where it restricts: hidden apps, a deferral."""
    if key in BLOCKED:
        return sorted({*one, *other})
    return max(one, other) if key == DELAY else other


def _rules(ios: Settings, target: Target) -> Iterator[Rule]:
    """What Apple's devices do anyway is not told to them."""
    for group, name, key, default in SWITCHES:
        if told := ios.get(group):
            value = told.get(name, default)
            field = Field(f"{group}.{name}", value, default)
            yield policy_of(told), field, {} if value == default else {key: value}
    yield from _deferral(ios.get("defer_os_updates"), target)
    yield from _hidden_apps(ios, target)
    yield from _named(ios.get("restrictions_settings"))


def _deferral(group: Settings | None, target: Target) -> Iterator[Rule]:
    """Only where no declaration carries it."""
    if group and (keys := deferral_restrictions({"defer_os_updates": group}, target.device())):
        yield (
            policy_of(group),
            Field("defer_os_updates.defer_os_updates_delay", group["defer_os_updates_delay"], 0),
            keys,
        )


def _hidden_apps(ios: Settings, target: Target) -> Iterator[Rule]:
    """Apple TVs come with other apps: they are told nothing, which an `impossible` part says."""
    group = ios.get("hide_preloaded_apps_settings")
    if group and not target.is_tv:
        hides = group.get("hide_preloaded_apps", True)
        apps = sorted(PRELOADED - _shown(ios)) if hides else []
        which = digest("preloaded", *apps) if hides else ""  # other settings say which ones
        field = Field("hide_preloaded_apps_settings.hide_preloaded_apps", hides, False, which)
        yield policy_of(group), field, {key: apps for key in BLOCKED if apps}


def _shown(ios: Settings) -> set[str]:
    """Preloaded apps that the blueprint names, and Safari where a web clip opens in it."""
    named = [*(ios.get("apps") or ()), ios.get("kiosk_app") or {}]
    shown = {app["app_id"] for app in named if app.get("app_type") == "PRELOADED"}
    clips = ios.get("web_clips") or ()
    shown |= {clip["target_bundle_id"] for clip in clips if clip.get("target_bundle_id")}
    opens_safari = any(not clip.get("target_bundle_id") and not clip.get("is_full_screen") for clip in clips)
    return shown | ({SAFARI} if opens_safari else set())


def _named(group: Settings | None) -> Iterator[Rule]:
    for key, value in sorted((group or {}).get("restrictions", {}).items()):
        default = next((usual for start, usual in USUAL.items() if key.startswith(start)), None)
        field = Field(f"restrictions_settings.restrictions.{key}", value, default)
        yield policy_of(group), field, {} if field.is_unset else {key: value}
