"""The documented keys of arguments that are objects are those that Apple's channel reads."""

import base64
from typing import Any

import pytest

from commands.apple.custom_settings import read_custom_settings
from commands.apple.wifi import read_access_points, read_names
from commands.catalogue import CATALOGUE
from commands.catalogue.examples import example_arguments
from commands.catalogue.shapes import ACCESS_POINT, CUSTOM_SETTINGS

PROXY = {"proxy_host": "proxy.example.com", "proxy_port": 8080}
POINT: dict[str, Any] = {"ssid": "Shop", "password": "open sesame", "security": "WPA2", "hidden": True}
CONFIGURATION = "https://example.com/proxy.pac"
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def test_every_documented_key_of_an_access_point_is_read() -> None:
    [by_hand], [by_file] = (read_access_points({**POINT, **more}) for more in (PROXY, {"proxy_pac_url": CONFIGURATION}))

    assert set(ACCESS_POINT["properties"]) == {*POINT, *PROXY, "proxy_pac_url"}
    assert (by_hand.ssid, by_hand.password, by_hand.encryption, by_hand.hidden) == ("Shop", "open sesame", "WPA2", True)
    assert (by_hand.proxy_host, by_hand.proxy_port) == ("proxy.example.com", 8080)
    assert by_file.proxy_pac_url == CONFIGURATION


@pytest.mark.parametrize("security", ACCESS_POINT["properties"]["security"]["enum"])
def test_every_documented_security_is_known(security: str) -> None:
    password = {} if security == "NONE" else {"password": "open sesame"}

    [point] = read_access_points({"ssid": "Shop", "security": security, **password})

    assert point.encryption.upper() == security


@pytest.mark.parametrize("told", [{"ssid": "Shop"}, [{"ssid": "Shop"}], ["Shop"]], ids=str)
def test_every_documented_form_of_a_known_network_is_read(told: Any) -> None:
    assert read_names(told) == ["Shop"]


def test_every_documented_custom_setting_is_read() -> None:
    organization = CUSTOM_SETTINGS["properties"]["organization_info"]["properties"]
    told = {
        "device_name": "Till 7",
        "organization_info": {key: f"a {key}" for key in organization},
        "wallpaper": {"image": PICTURE, "where": "both"},
    }

    items = {item["Item"]: item for item in read_custom_settings(told)}

    assert set(told) == set(CUSTOM_SETTINGS["properties"])
    assert set(items) == {"DeviceName", "OrganizationInfo", "Wallpaper"}
    assert set(items["OrganizationInfo"]["OrganizationInfo"].values()) == {f"a {key}" for key in organization}


@pytest.mark.parametrize("where", CUSTOM_SETTINGS["properties"]["wallpaper"]["properties"]["where"]["enum"])
def test_every_documented_place_of_a_wallpaper_is_known(where: str) -> None:
    [item] = read_custom_settings({"wallpaper": {"image": PICTURE, "where": where}})

    assert item["Item"] == "Wallpaper"


def test_the_examples_can_be_read() -> None:
    assert read_access_points(example_arguments(CATALOGUE["ADD_WIFI_AP"])["wifi_access_points"])
    assert read_names(example_arguments(CATALOGUE["REMOVE_WIFI_AP"])["wifi_access_points"])
    assert read_custom_settings(example_arguments(CATALOGUE["UPDATE_DEVICE_CONFIG"])["custom_settings_config"])
