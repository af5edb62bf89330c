"""What settings are taken, and how a refusal names the place."""

from typing import Any

import pytest

from commands.blueprints.schema import GROUPS, read_settings
from config.api.errors import BadRequest
from tenants.models import Tenant
from tests.commands.profiles import profile
from tests.factories.settings import ANDROID, IOS

pytestmark = pytest.mark.django_db


def refused(tenant: Tenant, settings: Any, before: dict[str, Any] | None = None) -> dict[str, Any]:
    with pytest.raises(BadRequest) as caught:
        read_settings(tenant, settings, before=before)
    return caught.value.content


def ios(tenant: Tenant, settings: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    read: dict[str, Any] = read_settings(tenant, {"ios": settings}, before={"ios": before or {}})["ios"]
    return read


def test_every_group_is_taken_and_kept_as_it_is(tenant: Tenant) -> None:
    told = {"ios": IOS, "android": ANDROID}

    assert read_settings(tenant, told) == told


def test_every_group_is_exercised() -> None:
    assert (set(IOS), set(ANDROID)) == (set(GROUPS["ios"]), set(GROUPS["android"]))


def test_nothing_is_no_settings(tenant: Tenant) -> None:
    assert read_settings(tenant, {"ios": None, "linux": None, "windows": {}}) == {}


def test_unknown_keys_are_named_with_the_likely_one(tenant: Tenant) -> None:
    told = {"ios": {"camera_settings": {"allow_camera_acess": True}}, "tvos": {}}

    assert refused(tenant, told) == {
        "settings.ios.camera_settings.allow_camera_acess": [
            "is not a known setting; did you mean allow_camera_access?"
        ],
        "settings.tvos": ["is not a known setting."],
    }


def test_places_in_lists_are_counted(tenant: Tenant) -> None:
    networks = [{"ssid": "Guests"}, {"password": "long enough"}, 5]

    assert refused(tenant, {"ios": {"wifi_networks": networks}}) == {
        "settings.ios.wifi_networks[1].ssid": ["This field is required."],
        "settings.ios.wifi_networks[2]": ["must be an object, not a number."],
    }


@pytest.mark.parametrize("value", ["true", 1, 0, None, [], {}])
def test_only_booleans_are_booleans(tenant: Tenant, value: Any) -> None:
    told = refused(tenant, {"ios": {"camera_settings": {"allow_camera_access": value}}})

    assert list(told) == ["settings.ios.camera_settings.allow_camera_access"]


@pytest.mark.parametrize(
    "value", ["8", True, 8.0, 17, -1, None, float("nan"), float("inf"), pytest.param(10**400, id="huge")]
)
def test_only_whole_numbers_in_range_are_numbers(tenant: Tenant, value: Any) -> None:
    told = refused(tenant, {"ios": {"passcode_settings": {"apply_policy": "IGNORE", "minimum_length": value}}})

    assert list(told) == ["settings.ios.passcode_settings.minimum_length"]


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "\x1b[31m", "\uffff"])
def test_characters_that_cannot_be_stored_are_refused(tenant: Tenant, text: str) -> None:
    assert list(refused(tenant, {"ios": {"wifi_networks": [{"ssid": text}]}})) == ["settings.ios.wifi_networks[0].ssid"]
    assert list(refused(tenant, {"android": {text: 1}})) == ["settings.android"]


def test_depth_and_size_are_bounded(tenant: Tenant) -> None:
    deep: Any = {}
    for _ in range(10_000):
        deep = {"a": deep}

    assert refused(tenant, deep) == {"settings": ["is nested deeper than 16 levels."]}
    assert refused(tenant, {"ios": {"apps": [0] * 20_001}}) == {"settings": ["holds more than 20000 values."]}


@pytest.mark.parametrize(
    ("key", "group", "fault"),
    [
        ("camera_settings", {"apply_policy": "ALWAYS"}, ".apply_policy"),
        ("camera_settings", {"drift_policy": "LOUD"}, ".drift_policy"),
        ("nfc_settings", {"allow_nfc": True}, ".apply_policy"),
        ("nfc_settings", {"apply_policy": "IGNORE"}, ".allow_nfc"),
        ("camera_settings", [], ""),
        ("apps", {}, ""),
        ("apps", [{"app_id": "1", "app_type": "WEBCLIP"}], "[0].app_type"),
        ("apps", [{"app_id": "1", "app_type": "TENANT_IOS"}], "[0].app_version_id"),
        ("apps", [{"app_id": "1", "app_type": "VPP", "state": "HIDE"}], "[0].state"),
        ("apps", [{"app_id": "1", "app_type": "VPP", "base64_app_config": "!"}], "[0].base64_app_config"),
        ("kiosk_app", {"app_id": "com.apple.Maps", "app_type": "WEBCLIP"}, ".app_type"),
        ("kiosk_app", {"app_id": "no id", "app_type": "VPP"}, ".app_id"),
        ("wifi_networks", [{"ssid": "A", "security": "WPA2"}], "[0]"),
        ("wifi_networks", [{"ssid": "A", "security": "EAP", "password": "12345678"}], "[0].security"),
        ("wifi_networks", [{"ssid": "ü" * 17}], "[0].ssid"),
        ("wifi_networks", [{"ssid": "A"}, {"ssid": "A"}], "[1].ssid"),
        ("wifi_networks", [{"ssid": "A", "proxy_port": 80}], "[0].proxy_port"),
        ("wifi_networks", [{"ssid": "A", "proxy_host": "p", "proxy_port": 0}], "[0].proxy_port"),
        ("restrictions_settings", {"apply_policy": "IGNORE", "restrictions": {}}, ".restrictions"),
        ("restrictions_settings", {"apply_policy": "IGNORE", "restrictions": {"x": 1}}, ".restrictions.x"),
        ("timezone_settings", {"apply_policy": "IGNORE", "timezone": "Mars/North"}, ".timezone"),
        ("device_name_settings", {"apply_policy": "IGNORE", "device_name": "{imei}"}, ".device_name"),
        ("device_mode_settings", {"device_mode": "KIOSK"}, "kiosk_app"),
        ("defer_os_updates", {"defer_os_updates_delay": 91}, ".defer_os_updates_delay"),
        ("web_clips", [{"label": "A", "url": "javascript:alert(1)"}], "[0].url"),
        ("web_clips", [{"label": "A", "url": "https://a", "icon": "/9j/"}], "[0].icon"),
        ("web_content_settings", {"url_allowlist": ["https://a", 5]}, ".url_allowlist[1]"),
        ("custom_device_level_profile_settings", {"custom_profile": "AAAA"}, ".custom_profile"),
        ("wallpaper_settings", {"lockscreen": {"portrait": {"image": "AAAA"}}}, ".lockscreen.portrait.image"),
    ],
)
def test_wrong_groups_name_the_place(tenant: Tenant, key: str, group: Any, fault: str) -> None:
    path = fault if fault == "kiosk_app" else f"{key}{fault}"

    assert list(refused(tenant, {"ios": {key: group}})) == [f"settings.ios.{path}"]


@pytest.mark.parametrize("room", ["blueprint.restrictions", "blueprint.anything", "commands.kiosk"])
def test_a_custom_profile_does_not_take_the_place_of_one_of_ours(tenant: Tenant, room: str) -> None:
    custom = {"apply_policy": "ALWAYS APPLY", "custom_profile": profile(PayloadIdentifier=f"org.muster.{room}")}

    faults = refused(tenant, {"ios": {"custom_device_level_profile_settings": custom}})

    assert list(faults) == ["settings.ios.custom_device_level_profile_settings.custom_profile"]


@pytest.mark.parametrize(
    "moment", ["2026-12-01", "2026-12-01T20:00:00Z", "2026-12-01T20:00:00+01:00", "2026-13-01T20:00:00"]
)
def test_an_update_is_due_at_a_local_time(tenant: Tenant, moment: str) -> None:
    update = {"apply_policy": "ALWAYS APPLY", "target_os_version": "26.1", "target_local_datetime": moment}

    assert list(refused(tenant, {"ios": {"os_update_settings": update}})) == [
        "settings.ios.os_update_settings.target_local_datetime"
    ]


def test_platforms_that_are_not_managed_take_nothing(tenant: Tenant) -> None:
    assert list(refused(tenant, {"linux": {"files": []}, "windows": []})) == ["settings.linux", "settings.windows"]


def test_a_message_names_the_first_faults_and_counts_the_others(tenant: Tenant) -> None:
    with pytest.raises(BadRequest, match=r"and 10 more\)$") as caught:
        read_settings(tenant, {"ios": {f"key{number}": 1 for number in range(30)}})

    assert len(caught.value.content) == 30


def test_a_network_gets_an_id_and_keeps_it(tenant: Tenant) -> None:
    first = ios(tenant, {"wifi_networks": [{"ssid": "A"}, {"ssid": "B"}]})
    second = ios(tenant, {"wifi_networks": [{"ssid": "B"}, {"ssid": "C"}]}, before=first)

    ids = [network["wifi_network_id"] for network in first["wifi_networks"]]
    assert second["wifi_networks"][0]["wifi_network_id"] == ids[1]
    assert second["wifi_networks"][1]["wifi_network_id"] not in ids


def test_the_mask_keeps_the_password_of_the_same_network(tenant: Tenant) -> None:
    before = ios(
        tenant, {"wifi_networks": [{"ssid": "A", "password": "password-a"}, {"ssid": "B", "password": "password-b"}]}
    )
    renamed = {**before["wifi_networks"][0], "ssid": "A2", "password": "********"}

    after = ios(tenant, {"wifi_networks": [{"ssid": "B", "password": "********"}, renamed]}, before=before)

    assert [network["password"] for network in after["wifi_networks"]] == ["password-b", "password-a"]


def test_the_mask_of_nothing_is_refused_with_all_other_faults(tenant: Tenant) -> None:
    networks = [{"ssid": "A", "password": "********"}]
    profile = {"custom_profile": "********"}

    told = refused(
        tenant, {"ios": {"wifi_networks": networks, "custom_device_level_profile_settings": profile, "x": 1}}
    )

    assert set(told) == {
        "settings.ios.wifi_networks[0].password",
        "settings.ios.custom_device_level_profile_settings.custom_profile",
        "settings.ios.x",
    }
