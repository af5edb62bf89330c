"""What the installed profiles do to a device, worked out from the profiles at hand.

Sources: the payloads' pages of Apple's Device Management documentation and their YAML files in
github.com/apple/device-management (``mdm/profiles``).
"""

import re
from typing import Any

from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_profile import read_profile
from onboarding.simulation.apple_restrictions import combined, heeds
from onboarding.simulation.apple_state import DeviceState

RESTRICTIONS = "com.apple.applicationaccess"
APP_LOCK = "com.apple.app.lock"
WIFI = "com.apple.wifi.managed"
NOTIFICATIONS = "com.apple.notificationsettings"
PASSCODE = "com.apple.mobiledevice.passwordpolicy"

# Of several policies the strictest counts: the largest of these, the smallest of the others.
_LARGER_IS_STRICTER = frozenset({"minComplexChars", "minLength", "pinHistory", "forcePIN", "requireAlphanumeric"})


class Effects:
    """The effects at this moment. A look at one reads the profiles anew."""

    def __init__(self, hardware: Hardware, state: DeviceState) -> None:
        self._hardware = hardware
        self._state = state

    @property
    def restrictions(self) -> dict[str, Any]:
        """Every restriction in effect, by its key: those the device heeds, as strict as the strictest profile."""
        supervised = self._state.is_supervised
        found = combined(self._payloads(RESTRICTIONS))
        return {key: value for key, value in found.items() if heeds(self._hardware, is_supervised=supervised, key=key)}

    @property
    def blocked_apps(self) -> frozenset[str]:
        """Bundle identifiers that are neither shown nor can be started."""
        restrictions = self.restrictions
        return frozenset(restrictions.get("blockedAppBundleIDs", ())) | frozenset(
            restrictions.get("blacklistedAppBundleIDs", ())
        )

    @property
    def allowed_apps(self) -> frozenset[str] | None:
        """The only bundle identifiers that are shown, None when all are."""
        restrictions = self.restrictions
        lists = [
            restrictions[key] for key in ("allowListedAppBundleIDs", "whitelistedAppBundleIDs") if key in restrictions
        ]
        return frozenset(lists[0]).intersection(*lists[1:]) if lists else None

    def shows(self, identifier: str) -> bool:
        """Whether an app of that bundle identifier can be seen and started."""
        allowed = self.allowed_apps
        return identifier not in self.blocked_apps and (allowed is None or identifier in allowed)

    @property
    def wifi_networks(self) -> frozenset[str]:
        """SSIDs of the networks that profiles know."""
        return frozenset(str(payload["SSID_STR"]) for payload in self._payloads(WIFI) if "SSID_STR" in payload)

    @property
    def only_known_wifi(self) -> bool:
        """Whether it joins no network but those of ``wifi_networks``."""
        restrictions = self.restrictions
        return any(restrictions.get(key) is True for key in ("forceWiFiToAllowedNetworksOnly", "forceWiFiWhitelisting"))

    @property
    def app_lock(self) -> str | None:
        """The bundle identifier of the one app it is locked to, None when it is free. Supervised, and not on a Mac."""
        if not self._state.is_supervised or not self._hardware.runs({"iOS": "6.0", "iPadOS": "6.0", "tvOS": "10.2"}):
            return None
        apps = (payload.get("App") for payload in self._payloads(APP_LOCK))
        return next((str(app["Identifier"]) for app in apps if isinstance(app, dict) and "Identifier" in app), None)

    @property
    def notification_settings(self) -> dict[str, dict[str, Any]]:
        """What profiles say about an app's notifications, by bundle identifier."""
        if not self._hardware.runs({"iOS": "9.3", "iPadOS": "9.3", "macOS": "10.15"}):
            return {}
        if not self._state.is_supervised and self._hardware.os_family != "macOS":
            return {}
        return {
            str(item["BundleIdentifier"]): {key: value for key, value in item.items() if key != "BundleIdentifier"}
            for payload in self._payloads(NOTIFICATIONS)
            for item in payload.get("NotificationSettings", [])
        }

    @property
    def passcode_policy(self) -> dict[str, Any]:
        """Every rule for the passcode, as strict as the strictest profile. An Apple TV has no passcode."""
        if self._hardware.os_family == "tvOS":
            return {}
        gathered: dict[str, list[Any]] = {}
        for payload in self._payloads(PASSCODE):
            for key, value in payload.items():
                if not key.startswith("Payload"):
                    gathered.setdefault(key, []).append(value)
        return {key: max(values) if key in _LARGER_IS_STRICTER else min(values) for key, values in gathered.items()}

    @property
    def passcode_is_compliant(self) -> bool:
        """Whether the user's passcode, or its lack, is within the policy."""
        policy, passcode = self.passcode_policy, self._state.passcode
        if not self._state.passcode_set:
            return not policy.get("forcePIN", False)
        return (
            len(passcode) >= policy.get("minLength", 0)
            and len(re.findall(r"[^0-9A-Za-z]", passcode)) >= policy.get("minComplexChars", 0)
            and (not policy.get("requireAlphanumeric", False) or re.search(r"[A-Za-z]", passcode) is not None)
            and (policy.get("allowSimple", True) or not _is_simple(passcode))
        )

    def _payloads(self, payload_type: str) -> list[dict[str, Any]]:
        return [
            payload
            for installed in self._state.profiles
            for payload in read_profile(installed.data).payloads(payload_type)
        ]


def _is_simple(passcode: str) -> bool:
    """Repeated, increasing or decreasing characters only, as 1111, 1234 and CBA."""
    steps = {ord(after) - ord(before) for before, after in zip(passcode, passcode[1:], strict=False)}
    return len(steps) == 1 and steps <= {-1, 0, 1}
