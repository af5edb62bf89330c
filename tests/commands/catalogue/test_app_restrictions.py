"""Apps that show, hide, notify or are the only one: profiles that grow and shrink with each command."""

import pytest

from commands.models import AppleAppLists
from devices.models import DeviceProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.apple import handed, report
from tests.factories.carriage import carry, effects, send
from tests.factories.fleet import placed, row_of

NOTES, SCANNER, CAMERA = "com.example.notes", "com.example.scanner", "com.apple.camera"
DONE = ("Success", "")


def lists(device: SimulatedAppleDevice) -> AppleAppLists | None:
    return AppleAppLists.objects.filter(device=row_of(device)).first()


def profiles(device: SimulatedAppleDevice) -> dict[str, str]:
    """Those that the server knows on it, by identifier; the device has the same."""
    known = dict(DeviceProfile.objects.filter(device=row_of(device)).values_list("identifier", "uuid"))
    assert set(known) == {profile.identifier for profile in device.state.profiles}
    return known


# --- hidden apps --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["HIDE", "DISABLE"])
def test_a_hidden_app_neither_shows_nor_starts(api: ApiClient, device: SimulatedAppleDevice, state: str) -> None:
    assert carry(api, device, "SET_APP_STATE", package_name=NOTES, app_state=state) == DONE

    assert not effects(device).shows(NOTES)
    assert effects(device).shows(SCANNER)
    assert list(profiles(device)) == ["org.muster.commands.apps"]


def test_hidden_apps_add_up_and_show_again_one_by_one(api: ApiClient, device: SimulatedAppleDevice) -> None:
    for app in (NOTES, SCANNER):
        carry(api, device, "SET_APP_STATE", package_name=app, app_state="HIDE")
    assert effects(device).blocked_apps == {NOTES, SCANNER}

    assert carry(api, device, "SET_APP_STATE", package_name=NOTES, app_state="SHOW") == DONE

    assert effects(device).blocked_apps == {SCANNER}
    row = lists(device)
    assert row is not None
    assert row.blocked == [SCANNER]


def test_hiding_an_app_twice_is_the_same_profile(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "SET_APP_STATE", package_name=NOTES, app_state="HIDE")
    once = profiles(device)

    carry(api, device, "SET_APP_STATE", package_name=NOTES, app_state="HIDE")

    assert profiles(device) == once


def test_with_the_last_hidden_app_the_profile_goes(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "SET_APP_STATE", package_name=NOTES, app_state="HIDE")

    assert carry(api, device, "SET_APP_STATE", package_name=NOTES, app_state="SHOW") == DONE

    assert profiles(device) == {}
    assert lists(device) is None


def test_showing_an_app_that_nobody_hid_is_a_success_with_a_reason(
    api: ApiClient, device: SimulatedAppleDevice
) -> None:
    state, reason = carry(api, device, "SET_APP_STATE", package_name=NOTES, app_state="SHOW")

    assert (state, reason) == ("Success", "The device restricts none of its apps by this server's command.")


def test_what_the_device_refused_is_not_on_the_list(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "SET_APP_STATE", package_name=NOTES, app_state="HIDE")
    handed(report(device))
    report(device, "Error", row.pk, ErrorChain=[])

    assert lists(device) is None
    carry(api, device, "SET_APP_STATE", package_name=SCANNER, app_state="HIDE")
    assert effects(device).blocked_apps == {SCANNER}


def test_what_a_device_put_off_is_built_anew_when_it_takes_it(api: ApiClient, device: SimulatedAppleDevice) -> None:
    """The second command overtakes nothing: both apps are hidden in the end."""
    device.lock()
    first = send(api, device, "SET_APP_STATE", package_name=NOTES, app_state="HIDE")
    second = send(api, device, "SET_APP_STATE", package_name=SCANNER, app_state="HIDE")
    device.connect()

    device.unlock()
    device.connect()

    for row in (first, second):
        row.refresh_from_db()
        assert row.state == "Command Success"
    assert effects(device).blocked_apps == {NOTES, SCANNER}


@pytest.mark.parametrize("how", ["by a command", "by somebody"])
def test_a_list_ends_with_its_profile(api: ApiClient, device: SimulatedAppleDevice, how: str) -> None:
    carry(api, device, "SET_APP_STATE", package_name=NOTES, app_state="HIDE")
    if how == "by a command":
        carry(api, device, "REMOVE_PROFILE", profile_identifier="org.muster.commands.apps")
    else:
        device.state.profiles = []
        carry(api, device, "LIST_INSTALLED_PROFILES")

    carry(api, device, "SET_APP_STATE", package_name=SCANNER, app_state="HIDE")

    assert effects(device).blocked_apps == {SCANNER}
    row = lists(device)
    assert row is not None
    assert row.blocked == [SCANNER]


# --- allowed apps -------------------------------------------------------------------------------------------------


def test_the_list_of_allowed_apps_is_exclusive(api: ApiClient, device: SimulatedAppleDevice) -> None:
    for app in (NOTES, SCANNER):
        assert carry(api, device, "ADD_TO_WHITELIST", package_name=app) == DONE

    assert effects(device).allowed_apps == frozenset({NOTES, SCANNER})
    assert not effects(device).shows(CAMERA)


def test_allowed_and_hidden_apps_share_a_profile(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "ADD_TO_WHITELIST", package_name=NOTES)
    carry(api, device, "SET_APP_STATE", package_name=SCANNER, app_state="HIDE")

    assert effects(device).allowed_apps == frozenset({NOTES})
    assert effects(device).blocked_apps == {SCANNER}
    assert list(profiles(device)) == ["org.muster.commands.apps"]


def test_with_the_last_allowed_app_all_are_back(api: ApiClient, device: SimulatedAppleDevice) -> None:
    for command in ("ADD_TO_WHITELIST", "REMOVE_FROM_WHITELIST"):
        assert carry(api, device, command, package_name=NOTES) == DONE

    assert effects(device).allowed_apps is None
    assert (profiles(device), lists(device)) == ({}, None)


# --- notifications ------------------------------------------------------------------------------------------------


def test_notifications_of_apps_add_up(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "SET_APP_NOTIFICATIONS", package_name=NOTES, app_notifications_state="DISABLED")
    carry(api, device, "SET_APP_NOTIFICATIONS", package_name=SCANNER, app_notifications_state="ENABLED")

    told = effects(device).notification_settings
    assert {app: settings["NotificationsEnabled"] for app, settings in told.items()} == {NOTES: False, SCANNER: True}
    assert list(profiles(device)) == ["org.muster.commands.notifications"]


def test_notifications_of_an_app_can_be_allowed_again(api: ApiClient, device: SimulatedAppleDevice) -> None:
    for state in ("DISABLED", "ENABLED"):
        carry(api, device, "SET_APP_NOTIFICATIONS", package_name=NOTES, app_notifications_state=state)

    assert effects(device).notification_settings[NOTES]["NotificationsEnabled"] is True


# --- the only app -------------------------------------------------------------------------------------------------


def test_a_kiosk_app_locks_the_device_to_it_until_multi_app_mode(api: ApiClient, device: SimulatedAppleDevice) -> None:
    assert carry(api, device, "SET_KIOSK_APP", package_name=NOTES) == DONE
    assert effects(device).app_lock == NOTES
    assert DeviceProfile.objects.get().display_name == f"Single-app mode: {NOTES}"

    assert carry(api, device, "SET_MULTI_APP_MODE") == DONE

    assert effects(device).app_lock is None
    assert profiles(device) == {}


def test_a_second_kiosk_app_takes_the_place_of_the_first(api: ApiClient, device: SimulatedAppleDevice) -> None:
    for app in (NOTES, SCANNER):
        carry(api, device, "SET_KIOSK_APP", package_name=app)

    assert effects(device).app_lock == SCANNER
    assert len(device.state.profiles) == 1


def test_a_device_that_was_in_no_kiosk_mode_is_as_asked(api: ApiClient, device: SimulatedAppleDevice) -> None:
    state, reason = carry(api, device, "SET_MULTI_APP_MODE")

    assert (state, reason) == ("Success", "The device was not in the single-app mode of SET_KIOSK_APP.")


# --- whose, and where ---------------------------------------------------------------------------------------------


def test_the_lists_of_another_tenants_device_are_its_own(
    api: ApiClient, other_api: ApiClient, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    carry(other_api, other_device, "SET_APP_STATE", package_name=SCANNER, app_state="HIDE")

    carry(api, device, "SET_APP_STATE", package_name=NOTES, app_state="HIDE")

    assert effects(device).blocked_apps == {NOTES}
    assert effects(other_device).blocked_apps == {SCANNER}


@pytest.mark.parametrize(
    ("model", "os_version", "supervised", "reason"),
    [
        ("iPhone 15", "18.1", False, "The command needs a supervised device."),
        ("Mac mini", "15.3.1", True, "The command does not exist on macOS."),
    ],
    ids=["unsupervised", "mac"],
)
def test_a_device_that_cannot_is_told_apart_before_anything_is_sent(
    api: ApiClient, tenant: Tenant, model: str, os_version: str, supervised: bool, reason: str
) -> None:
    device = placed(tenant, 3, model=model, os_version=os_version, supervised=supervised)

    row = send(api, device, "SET_KIOSK_APP", package_name=NOTES)

    assert (row.state, row.reason) == ("Command Failure", reason)
    assert device.connect().executed == ()


def test_older_systems_take_the_same_command(api: ApiClient, tenant: Tenant) -> None:
    device = placed(tenant, 3, model="iPhone 7", os_version="13.7")

    assert carry(api, device, "SET_APP_STATE", package_name=NOTES, app_state="HIDE") == DONE

    assert effects(device).blocked_apps == {NOTES}
