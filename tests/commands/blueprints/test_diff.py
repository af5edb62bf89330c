"""What differs between two versions, field by field."""

from typing import Any

import pytest

from commands.blueprints.diff import Change, differences, version_differences
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory, add_version
from tests.factories.settings import ANDROID, IOS

OFFICE = {"wifi_network_id": "1", "ssid": "Office", "password": "the-wifi-password"}
GUESTS = {"wifi_network_id": "2", "ssid": "Guests"}


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(each.path, each.before, each.after) for each in differences({"ios": before}, {"ios": after})]


def test_the_same_settings_do_not_differ() -> None:
    settings = {"ios": IOS, "android": ANDROID}

    assert differences(settings, settings) == []


def test_fields_come_go_and_change() -> None:
    before = {"camera_settings": {"allow_camera_access": True}, "siri_settings": {"allow_siri": False}}
    after = {"camera_settings": {"allow_camera_access": False}, "nfc_settings": {"allow_nfc": True}}

    assert changes(before, after) == [
        ("ios.camera_settings.allow_camera_access", True, False),
        ("ios.siri_settings.allow_siri", False, None),
        ("ios.nfc_settings.allow_nfc", None, True),
    ]


def test_entries_are_matched_whatever_their_order() -> None:
    assert changes({"wifi_networks": [OFFICE, GUESTS]}, {"wifi_networks": [GUESTS, OFFICE]}) == []
    assert changes({"apps": [{"app_id": "1", "state": "SHOW"}]}, {"apps": [{"app_id": "2", "state": "SHOW"}]}) == [
        ("ios.apps[1].app_id", "1", None),
        ("ios.apps[1].state", "SHOW", None),
        ("ios.apps[2].app_id", None, "2"),
        ("ios.apps[2].state", None, "SHOW"),
    ]


def test_a_renamed_network_is_the_same_one() -> None:
    assert changes({"wifi_networks": [OFFICE]}, {"wifi_networks": [{**OFFICE, "ssid": "HQ"}]}) == [
        ("ios.wifi_networks[HQ].ssid", "Office", "HQ")
    ]


def test_lists_of_texts_are_values() -> None:
    before, after = {"url_blocklist": ["https://a"]}, {"url_blocklist": ["https://a", "https://b"]}

    assert changes({"web_content_settings": before}, {"web_content_settings": after}) == [
        ("ios.web_content_settings.url_blocklist", ["https://a"], ["https://a", "https://b"])
    ]


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("old-password", "new-password", ("********", "changed")),
        (None, "new-password", (None, "********")),
        ("old-password", None, ("********", None)),
    ],
)
def test_secrets_are_compared_and_not_shown(old: str | None, new: str | None, shown: tuple[Any, Any]) -> None:
    def network(password: str | None) -> dict[str, Any]:
        return {"wifi_networks": [{**GUESTS, **({"password": password} if password else {})}]}

    assert changes(network(old), network(new)) == [("ios.wifi_networks[Guests].password", *shown)]


def test_no_secret_of_any_group_is_shown() -> None:
    told = str(differences({}, {"ios": IOS, "android": ANDROID}))

    secrets = (
        IOS["wifi_networks"][0]["password"],
        IOS["custom_device_level_profile_settings"]["custom_profile"],
        ANDROID["wifi_networks"][0]["certificate_file_password"],
        ANDROID["esper_settings_apps_settings"]["admin_mode_password"],
    )
    assert all(repr(secret) not in told for secret in secrets)


def test_versions_differ_by_their_secrets_too(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios={"wifi_networks": [OFFICE]})
    first = blueprint.latest_version
    blueprint.name = "Tills"
    second = add_version(blueprint, ios={"wifi_networks": [{**OFFICE, "password": "another-one"}]})
    assert first is not None

    assert version_differences(first, second) == [
        Change("name", "Kiosk", "Tills"),
        Change("ios.wifi_networks[Office].password", "********", "changed"),
    ]
