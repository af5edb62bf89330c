"""What installed profiles do to a simulated device."""

from collections.abc import Callable
from typing import Any

import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_effects import APP_LOCK, NOTIFICATIONS, PASSCODE, RESTRICTIONS, WIFI
from tests.onboarding.simulation.commands import first_error, install, profile, run
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer

Make = Callable[..., SimulatedAppleDevice]

KIOSK = {"PayloadType": APP_LOCK, "App": {"Identifier": "com.example.kiosk"}}
QUIET = {
    "PayloadType": NOTIFICATIONS,
    "NotificationSettings": [{"BundleIdentifier": "com.example.notes", "NotificationsEnabled": False}],
}


def test_blocked_apps_add_up_and_allowed_ones_meet(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    first = {"blockedAppBundleIDs": ["a", "b"], "allowListedAppBundleIDs": ["b", "c", "d"]}
    second = {"blockedAppBundleIDs": ["c"], "allowListedAppBundleIDs": ["c", "d", "e"]}
    install(device, server, "test.first", {"PayloadType": RESTRICTIONS, **first})
    install(device, server, "test.second", {"PayloadType": RESTRICTIONS, **second})
    assert device.effects.blocked_apps == {"a", "b", "c"}
    assert device.effects.allowed_apps == frozenset({"c", "d"})
    assert [app for app in "abcde" if device.effects.shows(app)] == ["d"]


def test_a_device_without_restrictions_shows_every_app(device: SimulatedAppleDevice) -> None:
    assert (device.effects.blocked_apps, device.effects.allowed_apps) == (frozenset(), None)
    assert device.effects.shows("com.example.notes")


def test_an_empty_list_of_allowed_apps_allows_none(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    install(device, server, "test.none", {"PayloadType": RESTRICTIONS, "allowListedAppBundleIDs": []})
    assert not device.effects.shows("com.example.notes")


def test_a_profile_of_the_same_identifier_takes_the_place_of_the_old_one(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    install(device, server, "test.apps", {"PayloadType": RESTRICTIONS, "blockedAppBundleIDs": ["a", "b"]})
    install(device, server, "test.apps", {"PayloadType": RESTRICTIONS, "blockedAppBundleIDs": ["b"]})
    assert device.effects.blocked_apps == {"b"}
    run(device, server, "RemoveProfile", Identifier="test.apps")
    assert device.effects.blocked_apps == frozenset()


def test_the_strictest_restriction_counts(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    install(
        device,
        server,
        "test.restrictions",
        {"PayloadType": RESTRICTIONS, "allowCamera": True, "forceEncryptedBackup": False, "ratingApps": 600},
        {"PayloadType": RESTRICTIONS, "allowCamera": False, "forceEncryptedBackup": True, "ratingApps": 200},
        {"PayloadType": RESTRICTIONS, "enforcedSoftwareUpdateDelay": 30, "safariAllowPopups": True},
        {"PayloadType": RESTRICTIONS, "enforcedSoftwareUpdateDelay": 90, "safariAllowPopups": False},
        {"PayloadType": RESTRICTIONS, "forceWiFiToAllowedNetworksOnly": False},
        {"PayloadType": RESTRICTIONS, "forceWiFiToAllowedNetworksOnly": True},
    )
    assert device.effects.restrictions == {
        "allowCamera": False,
        "forceEncryptedBackup": True,
        "ratingApps": 200,
        "enforcedSoftwareUpdateDelay": 90,
        "safariAllowPopups": False,
        "forceWiFiToAllowedNetworksOnly": True,
    }


@pytest.mark.parametrize(
    ("options", "heeded"),
    [
        ({"supervised": True}, {"allowCamera", "allowAirDrop", "blockedAppBundleIDs", "allowTelepathy"}),
        ({"supervised": False}, {"allowCamera"}),
        ({"model": "iPhone 7", "os_version": "13.7"}, {"allowCamera", "allowAirDrop", "allowTelepathy"}),
        ({"model": "Apple TV 4K"}, {"blockedAppBundleIDs"}),
        ({"model": "Mac mini"}, {"allowCamera", "allowAirDrop", "allowTelepathy"}),
    ],
    ids=["supervised", "unsupervised", "iOS 13", "tvOS", "macOS"],
)
def test_a_device_heeds_the_restrictions_of_its_system_and_supervision(
    server: TinyMdmServer, enrolled: Make, options: dict[str, Any], heeded: set[str]
) -> None:
    device = enrolled(**options)
    wanted = {"allowCamera": False, "allowAirDrop": False, "blockedAppBundleIDs": ["a"], "allowTelepathy": False}
    install(device, server, "test.restrictions", {"PayloadType": RESTRICTIONS, **wanted})
    assert set(device.effects.restrictions) == heeded
    assert device.effects.shows("a") is ("blockedAppBundleIDs" not in heeded)


def test_known_networks_and_whether_only_they_are_joined(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    install(device, server, "test.wifi.a", {"PayloadType": WIFI, "SSID_STR": "Shop"})
    install(device, server, "test.wifi.b", {"PayloadType": WIFI, "SSID_STR": "Office"})
    assert device.effects.wifi_networks == {"Shop", "Office"}
    assert not device.effects.only_known_wifi
    install(device, server, "test.only", {"PayloadType": RESTRICTIONS, "forceWiFiToAllowedNetworksOnly": True})
    assert device.effects.only_known_wifi
    run(device, server, "RemoveProfile", Identifier="test.wifi.a")
    assert device.effects.wifi_networks == {"Office"}


def test_an_app_lock_holds_until_its_profile_leaves(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    assert device.effects.app_lock is None
    install(device, server, "test.kiosk", KIOSK)
    assert device.effects.app_lock == "com.example.kiosk"
    install(device, server, "test.kiosk", {**KIOSK, "App": {"Identifier": "com.example.forms"}})
    assert device.effects.app_lock == "com.example.forms"
    run(device, server, "RemoveProfile", Identifier="test.kiosk")
    assert device.effects.app_lock is None


def test_notifications_are_set_by_app(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    install(device, server, "test.quiet", QUIET)
    assert device.effects.notification_settings == {"com.example.notes": {"NotificationsEnabled": False}}


@pytest.mark.parametrize(("payload", "code"), [(KIOSK, 4019), (QUIET, 4029)], ids=["app lock", "notifications"])
def test_of_some_payloads_there_is_one_only(
    server: TinyMdmServer, device: SimulatedAppleDevice, payload: dict[str, Any], code: int
) -> None:
    install(device, server, "test.first", payload)
    for refused in (profile("test.second", payload), profile("test.first", payload, payload)):
        report = run(device, server, "InstallProfile", Payload=refused)
        assert first_error(report) == ("MCInstallationErrorDomain", 4001)
        assert report["ErrorChain"][1]["ErrorCode"] == code


@pytest.mark.parametrize("payload", [KIOSK, QUIET], ids=["app lock", "notifications"])
def test_an_unsupervised_device_refuses_some_payloads(
    server: TinyMdmServer, enrolled: Make, payload: dict[str, Any]
) -> None:
    device = enrolled(supervised=False)
    report = run(device, server, "InstallProfile", Payload=profile("test.refused", payload))
    assert first_error(report) == ("MCInstallationErrorDomain", 4001)
    assert report["ErrorChain"][1]["ErrorCode"] == 29000
    assert run(device, server, "ProfileList", ManagedOnly=True)["ProfileList"] == []


@pytest.mark.parametrize(
    "payload",
    [
        {"PayloadType": APP_LOCK},
        {"PayloadType": APP_LOCK, "App": {}},
        {"PayloadType": NOTIFICATIONS},
        {"PayloadType": NOTIFICATIONS, "NotificationSettings": [{"NotificationsEnabled": False}]},
    ],
    ids=["no app", "nameless app", "no settings", "nameless settings"],
)
def test_a_payload_without_what_it_needs_is_refused(
    server: TinyMdmServer, device: SimulatedAppleDevice, payload: dict[str, Any]
) -> None:
    report = run(device, server, "InstallProfile", Payload=profile("test.incomplete", payload))
    assert report["ErrorChain"][1]["ErrorDomain"] == "MCPayloadErrorDomain"
    assert report["ErrorChain"][1]["ErrorCode"] == 2002


def test_a_payload_that_the_user_brought_to_an_unsupervised_device_has_no_effect(make: Make) -> None:
    device = make(supervised=False)
    device.install_profile_by_hand(profile("test.own", KIOSK))
    device.install_profile_by_hand(profile("test.own.quiet", QUIET))
    assert device.effects.app_lock is None
    assert device.effects.notification_settings == {}


def test_the_strictest_passcode_policy_counts(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    install(
        device,
        server,
        "test.passcode",
        {"PayloadType": PASSCODE, "minLength": 6, "maxInactivity": 5, "allowSimple": True, "forcePIN": False},
        {"PayloadType": PASSCODE, "minLength": 8, "maxInactivity": 2, "allowSimple": False, "forcePIN": True},
    )
    assert device.effects.passcode_policy == {
        "minLength": 8,
        "maxInactivity": 2,
        "allowSimple": False,
        "forcePIN": True,
    }


@pytest.mark.parametrize(
    ("passcode", "policy", "compliant"),
    [
        ("482915", {}, True),
        ("482915", {"minLength": 8}, False),
        ("48291537", {"minLength": 8}, True),
        ("", {"minLength": 8}, True),
        ("", {"forcePIN": True}, False),
        ("123456", {"allowSimple": False}, False),
        ("777777", {"allowSimple": False}, False),
        ("482915", {"allowSimple": False}, True),
        ("482915", {"requireAlphanumeric": True}, False),
        ("a82915", {"requireAlphanumeric": True}, True),
        ("a8291%", {"minComplexChars": 2}, False),
        ("a829%%", {"minComplexChars": 2}, True),
    ],
)
def test_security_info_tells_whether_the_passcode_complies(
    server: TinyMdmServer, device: SimulatedAppleDevice, passcode: str, policy: dict[str, Any], compliant: bool
) -> None:
    install(device, server, "test.passcode", {"PayloadType": PASSCODE, **policy})
    device.set_passcode(passcode)
    info = run(device, server, "SecurityInfo")["SecurityInfo"]
    assert info["PasscodePresent"] is bool(passcode)
    assert info["PasscodeCompliant"] is info["PasscodeCompliantWithProfiles"] is compliant
