"""Passcode, Wi-Fi, web and custom profiles: what a device is sent for each."""

import base64
import plistlib
import uuid
from typing import Any

import pytest

from commands.catalogue import Undeliverable
from devices.models import BlueprintImage, Device
from tenants.models import Tenant
from tests.commands.profiles import profile
from tests.factories.devices import DeviceFactory
from tests.factories.plans import carried, plan_of, shown

ALWAYS = {"apply_policy": "ALWAYS APPLY"}
NETWORK = {"wifi_network_id": str(uuid.UUID(int=1)), "ssid": "Office", "password": "open sesame", "security": "WPA2"}
PASSCODE = {
    "require_passcode": True,
    "allow_simple": False,
    "require_alphanumeric": True,
    "minimum_length": 6,
    "minimum_complex_characters": 1,
    "maximum_failed_attempts": 8,
    "maximum_inactivity_minutes": 5,
    "maximum_grace_period_minutes": 0,
    "maximum_age_days": 90,
    "history": 4,
}


def payloads(device: Device, ios: dict[str, Any]) -> list[dict[str, Any]]:
    """Of the only step."""
    [step] = plan_of(device, ios).steps
    document = plistlib.loads(carried(device, step)["Payload"])
    return [
        {key: value for key, value in payload.items() if key == "PayloadType" or not key.startswith("Payload")}
        for payload in document["PayloadContent"]
    ]


def test_every_rule_of_a_passcode_has_its_key_of_apples(device: Device) -> None:
    assert payloads(device, {"passcode_settings": {**ALWAYS, **PASSCODE}}) == [
        {
            "PayloadType": "com.apple.mobiledevice.passwordpolicy",
            "forcePIN": True,
            "allowSimple": False,
            "requireAlphanumeric": True,
            "minLength": 6,
            "minComplexChars": 1,
            "maxFailedAttempts": 8,
            "maxInactivity": 5,
            "maxGracePeriod": 0,
            "maxPINAgeInDays": 90,
            "pinHistory": 4,
        }
    ]


def test_a_network_is_a_profile_of_its_own(device: Device) -> None:
    other = {"wifi_network_id": str(uuid.UUID(int=2)), "ssid": "Guests", "auto_join": False}

    plan = plan_of(device, {"wifi_networks": [NETWORK, other]})

    assert shown(plan) == [
        ("INSTALL_PROFILE", f"wifi:{uuid.UUID(int=1)}"),
        ("INSTALL_PROFILE", f"wifi:{uuid.UUID(int=2)}"),
    ]
    documents = [plistlib.loads(carried(device, step)["Payload"]) for step in plan.steps]
    assert documents[0]["PayloadIdentifier"] == f"org.muster.blueprint.wifi.{uuid.UUID(int=1)}"
    [office], [guests] = (document["PayloadContent"] for document in documents)
    assert (office["SSID_STR"], office["Password"], office["EncryptionType"]) == ("Office", "open sesame", "WPA2")
    assert (guests["SSID_STR"], guests["AutoJoin"], guests["EncryptionType"]) == ("Guests", False, "None")


def test_no_password_stands_in_a_plan(device: Device) -> None:
    plan = plan_of(device, {"wifi_networks": [NETWORK]})

    assert "open sesame" not in str(plan)
    assert {(each.setting, each.wanted) for each in plan.differences} >= {
        ("wifi_networks[Office].password", "********")
    }


def test_web_clips_are_one_profile_with_their_icons(device: Device, other_tenant: Tenant) -> None:
    ours, theirs = (
        BlueprintImage.objects.create(tenant=tenant, sha256="0" * 64, content_type="image/png", image=image)
        for tenant, image in ((device.tenant, b"ours"), (other_tenant, b"theirs"))
    )
    clips = [
        {"label": "Menu", "url": "https://example.org/menu", "icon_id": str(ours.pk), "is_full_screen": True},
        {
            "label": "Shop",
            "url": "https://example.org",
            "icon_id": str(theirs.pk),
            "is_removable": False,
            "target_bundle_id": "com.example.browser",
        },
    ]

    menu, shop = payloads(device, {"web_clips": clips})

    assert menu == {
        "PayloadType": "com.apple.webClip.managed",
        "Label": "Menu",
        "URL": "https://example.org/menu",
        "FullScreen": True,
        "IsRemovable": True,
        "Icon": b"ours",
        "Precomposed": True,
    }
    assert shop == {
        "PayloadType": "com.apple.webClip.managed",
        "Label": "Shop",
        "URL": "https://example.org",
        "FullScreen": False,
        "IsRemovable": False,
        "TargetApplicationBundleIdentifier": "com.example.browser",
    }


@pytest.mark.parametrize(
    ("os_version", "blocked", "allowed"),
    [("14.4", "BlacklistedURLs", "WhitelistedBookmarks"), ("14.5", "DenyListURLs", "AllowListBookmarks")],
)
def test_the_web_filter_has_other_names_since_ios_14_5(
    tenant: Tenant, os_version: str, blocked: str, allowed: str
) -> None:
    device = DeviceFactory(tenant=tenant, is_supervised=True, os_version=os_version)
    lists = {"url_blocklist": ["https://example.com"], "url_allowlist": ["https://example.org"]}

    [told] = payloads(device, {"web_content_settings": {**ALWAYS, **lists}})

    assert told == {
        "PayloadType": "com.apple.webcontent-filter",
        "FilterType": "BuiltIn",
        "AutoFilterEnabled": False,
        blocked: ["https://example.com"],
        allowed: [{"URL": "https://example.org", "Title": "https://example.org"}],
    }


def test_a_filter_is_not_handed_to_a_device_without_supervision(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, is_supervised=False)
    [step] = plan_of(device, {"web_content_settings": {**ALWAYS, "url_blocklist": ["https://example.com"]}}).steps

    with pytest.raises(Undeliverable, match="needs a supervised device"):
        carried(device, step)


def test_a_custom_profile_is_sent_as_it_is(device: Device) -> None:
    encoded = profile()

    plan = plan_of(device, {"custom_device_level_profile_settings": {**ALWAYS, "custom_profile": encoded}})

    [step] = plan.steps
    assert (step.part, step.details) == ("custom_profile:example.wifi", {"identifier": "example.wifi"})
    assert carried(device, step)["Payload"] == base64.b64decode(encoded)
    assert encoded not in str(plan)


@pytest.mark.parametrize(
    ("ios", "told"),
    [
        ({"passcode_settings": {**ALWAYS, **PASSCODE}}, "no passcode"),
        ({"web_clips": [{"label": "Menu", "url": "https://example.org"}]}, "no web clips"),
        ({"web_content_settings": {**ALWAYS, "url_blocklist": ["https://example.com"]}}, "no web browser"),
        ({"wallpaper_settings": {"homescreen": {"portrait": {"wallpaper_id": "x"}}}}, "no wallpaper"),
    ],
)
def test_what_apple_tvs_do_not_have_is_not_sent_and_says_so(tenant: Tenant, ios: dict[str, Any], told: str) -> None:
    tv = DeviceFactory(tenant=tenant, os="tvOS", is_supervised=True)

    plan = plan_of(tv, ios)

    assert plan.steps == ()
    assert plan.differences
    assert all(told in difference.reason for difference in plan.differences)
