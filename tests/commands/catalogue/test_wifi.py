"""Wi-Fi networks: added and removed one profile each, and no others allowed."""

import plistlib
from typing import Any

import pytest

from commands.models import CommandRequest, CommandStatus
from devices.models import DeviceProfile, DeviceSettings
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.conftest import ApiClient
from tests.factories.apple import handed, report
from tests.factories.carriage import carry, effects, send
from tests.factories.fleet import row_of

OFFICE = {"ssid": "office", "password": "open sesame"}
GUEST = {"ssid": "guest"}
DONE = ("Success", "")
ABSENT = "No profile of this server holds the network; what people joined themselves cannot be removed from here."


def payloads(device: SimulatedAppleDevice) -> dict[str, dict[str, Any]]:
    """Each Wi-Fi payload on the device, by its network."""
    documents = [plistlib.loads(profile.data) for profile in device.state.profiles]
    found = [payload for document in documents for payload in document["PayloadContent"] if "SSID_STR" in payload]
    return {payload["SSID_STR"]: payload for payload in found}


def test_networks_are_added_a_profile_each_in_one_connection(api: ApiClient, device: SimulatedAppleDevice) -> None:
    assert carry(api, device, "ADD_WIFI_AP", wifi_access_points=[OFFICE, GUEST]) == DONE

    assert effects(device).wifi_networks == {"office", "guest"}
    assert sorted(DeviceProfile.objects.values_list("display_name", flat=True)) == ["Wi-Fi: guest", "Wi-Fi: office"]
    assert CommandStatus.objects.get().step == 1


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (OFFICE, {"EncryptionType": "Any", "Password": "open sesame", "HIDDEN_NETWORK": False}),
        (GUEST, {"EncryptionType": "None"}),
        ({"SSID": "a", "passphrase": "open sesame", "securityType": "WPA2_PSK"}, {"EncryptionType": "WPA2"}),
        ({"wifi_ssid": "a", "wifi_phrase": "open sesame", "security": "wpa3-sae"}, {"EncryptionType": "WPA3"}),
        ({"name": "a", "psk": "12345", "security": "WEP", "hidden": "true"}, {"EncryptionType": "WEP"}),
        ({"ssid": "a", "hidden": True}, {"HIDDEN_NETWORK": True}),
        (
            {"ssid": "a", "proxy_host": "10.0.0.1", "proxy_port": "3128"},
            {"ProxyType": "Manual", "ProxyServer": "10.0.0.1", "ProxyServerPort": 3128},
        ),
        ({"ssid": "a", "proxy_pac_url": "http://p/x.pac"}, {"ProxyType": "Auto", "ProxyPACURL": "http://p/x.pac"}),
        ({"access_points": [{"ssid": "a"}]}, {"SSID_STR": "a"}),
    ],
    ids=["plain", "open", "psk", "sae", "wep", "hidden", "proxy", "pac", "wrapped"],
)
def test_networks_are_read_in_many_shapes(
    api: ApiClient, device: SimulatedAppleDevice, told: Any, expected: dict[str, Any]
) -> None:
    assert carry(api, device, "ADD_WIFI_AP", wifi_access_points=told) == DONE

    [payload] = payloads(device).values()
    assert {key: payload.get(key) for key in expected} == expected


UNREADABLE: list[tuple[str, Any, str]] = [
    ("no ssid", {"password": "open sesame"}, "`ssid`"),
    ("text", ["office"], "`ssid`"),
    ("number", [7], "`ssid`"),
    ("long", {"ssid": "x" * 33}, "is longer than 32 bytes"),
    ("enterprise", {"ssid": "a", "security": "WPA2_ENTERPRISE"}, "send INSTALL_PROFILE"),
    ("needs one", {"ssid": "a", "security": "WPA2"}, "The network a needs a password for WPA2."),
    ("takes none", {"ssid": "a", "security": "NONE", "password": "open sesame"}, "The network a takes no password."),
    ("password", {"ssid": "a", "password": ["open sesame"]}, "The password of a must be a text."),
    (
        "too short",
        {"ssid": "a", "security": "WPA2", "password": "sesame"},
        "must have 8 to 63 plain characters for WPA2",
    ),
    ("not plain", {"ssid": "a", "security": "WPA", "password": "öpen sesame"}, "must have 8 to 63 plain characters"),
    ("port", {"ssid": "a", "proxy_host": "p"}, "proxy_port"),
]


@pytest.mark.parametrize(("told", "reason"), [each[1:] for each in UNREADABLE], ids=[each[0] for each in UNREADABLE])
def test_what_cannot_be_read_fails_with_what_is_expected(
    api: ApiClient, device: SimulatedAppleDevice, told: Any, reason: str
) -> None:
    state, words = carry(api, device, "ADD_WIFI_AP", wifi_access_points=told)

    assert (state, reason in words) == ("Failure", True)
    assert "sesame" not in words
    assert device.state.profiles == []


def test_no_password_is_shown_or_stored_in_the_clear(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "ADD_WIFI_AP", wifi_access_points=OFFICE)
    device.connect()

    request = api.get(f"/api/commands/v0/commands/{row.request_id}/").json()["content"]
    assert request["command_args"] == {"wifi_access_points": "********"}
    assert b"sesame" not in str(CommandRequest.objects.values().get()["command_args"]).encode()
    assert "sesame" not in str(list(DeviceProfile.objects.values()))


def test_a_new_password_replaces_the_profile(api: ApiClient, device: SimulatedAppleDevice) -> None:
    for password in ("open sesame", "close sesame"):
        carry(api, device, "ADD_WIFI_AP", wifi_access_points={**OFFICE, "password": password})

    assert payloads(device)["office"]["Password"] == "close sesame"
    assert len(device.state.profiles) == 1


def test_the_same_network_twice_is_the_same_profile(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "ADD_WIFI_AP", wifi_access_points=OFFICE)
    once = [profile.data for profile in device.state.profiles]

    carry(api, device, "ADD_WIFI_AP", wifi_access_points=OFFICE)

    assert [profile.data for profile in device.state.profiles] == once


@pytest.mark.parametrize("told", [GUEST, ["guest"], [{"SSID": "guest"}]], ids=["object", "text", "list"])
def test_a_network_is_removed_alone(api: ApiClient, device: SimulatedAppleDevice, told: Any) -> None:
    carry(api, device, "ADD_WIFI_AP", wifi_access_points=[OFFICE, GUEST])

    assert carry(api, device, "REMOVE_WIFI_AP", wifi_access_points=told) == DONE

    assert effects(device).wifi_networks == {"office"}
    assert DeviceProfile.objects.get().display_name == "Wi-Fi: office"


def test_removing_goes_on_over_what_is_not_there(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "ADD_WIFI_AP", wifi_access_points=[OFFICE])

    assert carry(api, device, "REMOVE_WIFI_AP", wifi_access_points=["absent", "office"]) == DONE
    assert carry(api, device, "REMOVE_WIFI_AP", wifi_access_points=["absent"]) == ("Success", ABSENT)

    assert device.state.profiles == []


def test_a_network_that_the_device_refuses_is_named_with_those_left_out(
    api: ApiClient, device: SimulatedAppleDevice
) -> None:
    row = send(api, device, "ADD_WIFI_AP", wifi_access_points=[OFFICE, GUEST, {"ssid": "till"}])
    handed(report(device))
    assert handed(report(device, "Acknowledged", row.pk)) == f"{row.pk}.1"
    report(device, "Error", f"{row.pk}.1", ErrorChain=[{"USEnglishDescription": "No room."}])

    row.refresh_from_db()
    assert row.state == "Command Failure"
    assert row.reason == "guest: No room. (unknown domain ?); not sent: till"
    assert DeviceProfile.objects.get().display_name == "Wi-Fi: office"


def test_networks_of_another_tenants_device_stay(
    api: ApiClient, other_api: ApiClient, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    for caller, each in ((api, device), (other_api, other_device)):
        carry(caller, each, "ADD_WIFI_AP", wifi_access_points=[OFFICE])

    carry(api, device, "REMOVE_WIFI_AP", wifi_access_points=["office"])

    assert effects(other_device).wifi_networks == {"office"}
    assert DeviceProfile.objects.get().device == row_of(other_device)


# --- only saved networks ------------------------------------------------------------------------------------------


def test_other_networks_are_forbidden_and_allowed_again(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "ADD_WIFI_AP", wifi_access_points=OFFICE)

    assert carry(api, device, "USE_ONLY_SAVED_WIFI_AP", use_only_saved_ap=True) == DONE
    assert effects(device).only_known_wifi
    assert DeviceSettings.objects.get().use_only_saved_ap is True

    assert carry(api, device, "USE_ONLY_SAVED_WIFI_AP", use_only_saved_ap=False) == DONE
    assert not effects(device).only_known_wifi
    assert DeviceSettings.objects.get().use_only_saved_ap is False


def test_what_was_not_forbidden_is_allowed_already(api: ApiClient, device: SimulatedAppleDevice) -> None:
    state, reason = carry(api, device, "USE_ONLY_SAVED_WIFI_AP", use_only_saved_ap=False)

    assert (state, reason) == ("Success", "The device was not restricted by USE_ONLY_SAVED_WIFI_AP.")


def test_a_device_is_not_cut_off(api: ApiClient, device: SimulatedAppleDevice) -> None:
    """Its profiles are known, and none sets up a network."""
    carry(api, device, "SET_KIOSK_APP", package_name="com.example.notes")

    state, reason = carry(api, device, "USE_ONLY_SAVED_WIFI_AP", use_only_saved_ap=True)

    assert state == "Failure"
    assert reason.startswith("No profile on the device sets up a Wi-Fi network, so this would cut it off.")
    assert not effects(device).only_known_wifi
