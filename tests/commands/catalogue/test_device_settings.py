"""Settings that a device answers one by one: time zone, Bluetooth, name, organisation, wallpaper."""

import base64
from typing import Any

import pytest

from devices.models import Device, DeviceSettings
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.apple import command, handed, report
from tests.factories.carriage import carry, send
from tests.factories.fleet import placed, row_of

DONE = ("Success", "")
PNG = b"\x89PNG\r\n\x1a\n picture"
PICTURE = base64.b64encode(PNG).decode()


def test_the_time_zone_is_set_and_kept(api: ApiClient, device: SimulatedAppleDevice) -> None:
    assert carry(api, device, "SET_TIMEZONE", timezone_string="Asia/Kolkata") == DONE

    assert device.state.time_zone == row_of(device).time_zone == "Asia/Kolkata"


def test_an_item_that_the_device_refuses_is_the_failure(api: ApiClient, device: SimulatedAppleDevice) -> None:
    """The command as a whole is acknowledged."""
    row = send(api, device, "SET_TIMEZONE", timezone_string="Asia/Kolkata")
    handed(report(device))
    chain = [{"ErrorDomain": "MCSettingsErrorDomain", "ErrorCode": 28003, "USEnglishDescription": "It is automatic."}]
    report(device, "Acknowledged", row.pk, Settings=[{"Item": "TimeZone", "Status": "Error", "ErrorChain": chain}])

    row.refresh_from_db()
    assert (row.state, row.reason) == (
        "Command Failure",
        "TimeZone: It is automatic. (MCSettingsErrorDomain 28003)",
    )
    assert row_of(device).time_zone == ""


@pytest.mark.parametrize(
    "settings",
    [{"Item": "TimeZone", "Status": "Error"}, [{"Status": "Error"}], [7, {"Item": 7, "Status": "Error"}]],
    ids=["one", "nameless", "wild"],
)
def test_an_item_without_words_is_a_failure_all_the_same(
    api: ApiClient, device: SimulatedAppleDevice, settings: Any
) -> None:
    row = send(api, device, "SET_TIMEZONE", timezone_string="Asia/Kolkata")
    handed(report(device))
    report(device, "Acknowledged", row.pk, Settings=settings)

    row.refresh_from_db()
    assert row.state == "Command Failure"
    assert "without saying which" in row.reason


@pytest.mark.parametrize("state", [True, False])
def test_bluetooth_is_switched_and_kept(api: ApiClient, device: SimulatedAppleDevice, state: bool) -> None:
    assert carry(api, device, "SET_BLUETOOTH_STATE", bluetooth_state=state) == DONE

    assert device.state.bluetooth_enabled is state
    assert DeviceSettings.objects.get().bluetooth_state is state


def test_a_mac_needs_no_supervision_for_what_iphones_do(api: ApiClient, tenant: Tenant) -> None:
    device = placed(tenant, 3, model="Mac mini", supervised=False)

    assert carry(api, device, "SET_BLUETOOTH_STATE", bluetooth_state=False) == DONE

    assert device.state.bluetooth_enabled is False


def test_a_system_that_is_too_old_is_told_apart(api: ApiClient, tenant: Tenant) -> None:
    device = placed(tenant, 3, model="iPhone 7", os_version="13.7")

    row = send(api, device, "SET_TIMEZONE", timezone_string="Asia/Kolkata")

    assert (row.state, row.reason) == (
        "Command Failure",
        "The command needs iOS 14.0 or later; the device has 13.7.",
    )


def test_a_device_of_another_tenant_keeps_its_settings(
    api: ApiClient, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    before = other_device.state.time_zone

    carry(api, device, "SET_TIMEZONE", timezone_string="Asia/Kolkata")

    assert (other_device.connect().executed, other_device.state.time_zone) == ((), before)
    assert row_of(other_device).time_zone == ""


# --- UPDATE_DEVICE_CONFIG -----------------------------------------------------------------------------------------


def test_custom_settings_reach_the_device(api: ApiClient, device: SimulatedAppleDevice) -> None:
    config = {
        "device_name": "Till 7",
        "organization_info": {"name": "Example Ltd", "phone": "+43 1 2345"},
        "wallpaper": {"image": PICTURE, "where": "lock"},
        "android_only": {"anything": 1},
    }

    assert carry(api, device, "UPDATE_DEVICE_CONFIG", custom_settings_config=config) == DONE

    assert device.state.name == "Till 7"
    assert device.state.organization_info == {"OrganizationName": "Example Ltd", "OrganizationPhone": "+43 1 2345"}
    assert device.state.lock_screen_wallpaper == PNG
    assert row_of(device).alias == ""


def test_organisation_can_be_taken_away(api: ApiClient, device: SimulatedAppleDevice) -> None:
    device.state.organization_info = {"OrganizationName": "Example Ltd"}

    assert carry(api, device, "UPDATE_DEVICE_CONFIG", custom_settings_config={"organization_info": None}) == DONE

    assert device.state.organization_info == {}


def test_an_alias_is_the_name_here_and_on_the_device(
    api: ApiClient, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    assert carry(api, device, "UPDATE_DEVICE_CONFIG", device_alias_name="Till 7") == DONE

    assert (device.state.name, row_of(device).alias) == ("Till 7", "Till 7")
    assert row_of(other_device).alias == ""


def test_an_alias_for_a_device_that_nobody_may_name_is_the_name_here(api: ApiClient, tenant: Tenant) -> None:
    device = placed(tenant, 3, model="iPhone 15", supervised=False)
    before = device.state.name

    assert carry(api, device, "UPDATE_DEVICE_CONFIG", device_alias_name="Till 7") == DONE

    assert (device.state.name, row_of(device).alias) == (before, "Till 7")


def test_an_alias_is_not_taken_before_the_device_has_come(api: ApiClient, device: SimulatedAppleDevice) -> None:
    send(api, device, "UPDATE_DEVICE_CONFIG", device_alias_name="Till 7")

    assert row_of(device).alias == ""


def test_several_refused_items_are_all_named(api: ApiClient, device: SimulatedAppleDevice) -> None:
    config = {"device_name": "Till 7", "organization_info": {"name": "Example Ltd"}}
    row = send(api, device, "UPDATE_DEVICE_CONFIG", custom_settings_config=config, device_alias_name="Seven")
    handed(report(device))
    answers = [{"Item": item, "Status": "CommandFormatError"} for item in ("DeviceName", "OrganizationInfo")]
    report(device, "Acknowledged", row.pk, Settings=answers)

    row.refresh_from_db()
    assert row.state == "Command Failure"
    assert row.reason.count("The device could not read the command (CommandFormatError).") == 2
    assert "DeviceName: " in row.reason
    assert "OrganizationInfo: " in row.reason
    assert row_of(device).alias == ""


UNFIT: list[tuple[str, Any, str]] = [
    ("unknown keys", {"android": 1}, "custom_settings_config holds nothing that an Apple device can be given"),
    ("no name", {"device_name": " "}, "device_name must be a text."),
    ("nameless", {"organization_info": {"phone": "1"}}, "organization_info must be an object with at least a name"),
    ("number", {"organization_info": {"name": "a", "phone": 1}}, "organization_info: phone must be a text."),
    ("place", {"wallpaper": {"image": PICTURE, "where": "desk"}}, "wallpaper must be an object with image"),
    ("base64", {"wallpaper": {"image": "%%%"}}, "wallpaper: image must be base64."),
    ("picture", {"wallpaper": {"image": "aGVsbG8="}}, "wallpaper: image must be a PNG or JPEG"),
]


@pytest.mark.parametrize(("config", "reason"), [each[1:] for each in UNFIT], ids=[each[0] for each in UNFIT])
def test_unfit_settings_fail_with_what_is_wrong(
    api: ApiClient, device: SimulatedAppleDevice, config: dict[str, Any], reason: str
) -> None:
    state, told = carry(api, device, "UPDATE_DEVICE_CONFIG", custom_settings_config=config)

    assert state == "Failure"
    assert told.startswith(reason)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"device_name": "Till 7"}, "device_name can be set on supervised devices and Macs only"),
        ({"wallpaper": {"image": PICTURE}}, "wallpaper can be set on supervised iPhones and iPads only"),
    ],
    ids=["name", "wallpaper"],
)
def test_items_that_need_supervision_are_not_sent_without(
    api: ApiClient, tenant: Tenant, config: dict[str, Any], reason: str
) -> None:
    device = placed(tenant, 3, model="iPhone 15", supervised=False)

    state, told = carry(api, device, "UPDATE_DEVICE_CONFIG", custom_settings_config=config)

    assert (state, told.startswith(reason)) == ("Failure", True)


def test_a_mac_takes_a_name_without_supervision(api: ApiClient, tenant: Tenant) -> None:
    device = placed(tenant, 3, model="Mac mini", supervised=False)

    assert carry(api, device, "UPDATE_DEVICE_CONFIG", custom_settings_config={"device_name": "Build 1"}) == DONE

    assert device.state.name == "Build 1"


def test_unknown_supervision_is_the_devices_to_judge(api: ApiClient, device: SimulatedAppleDevice) -> None:
    Device.objects.filter(pk=row_of(device).pk).update(is_supervised=None)
    send(api, device, "UPDATE_DEVICE_CONFIG", custom_settings_config={"device_name": "Till 7"})

    assert command(report(device))["Settings"] == [{"Item": "DeviceName", "DeviceName": "Till 7"}]
