"""What a device tells of itself: five questions, of which the first must be answered."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries as Queries

from commands.catalogue.information import QUESTIONS
from commands.models import AppleAppLists, CommandResult
from commands.models.status import State
from devices.models import Device, DeviceProfile, DeviceSettings, InstalledApp
from devices.services.apple_reports import record_profile_list
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_state import App
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.apple import check_in, handed, report
from tests.factories.carriage import carry, send
from tests.factories.commands import queued
from tests.factories.fleet import placed, row_of
from tests.factories.tenant_apps import TenantAppFactory

DONE = ("Success", "")
NOTES = "com.example.notes"


def app_names(device: SimulatedAppleDevice) -> set[str]:
    return set(InstalledApp.objects.filter(device=row_of(device)).values_list("identifier", flat=True))


def test_a_device_tells_its_apps_profiles_and_security(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "SET_KIOSK_APP", package_name=NOTES)

    assert carry(api, device, "DEVICE_INFORMATION") == DONE

    notes = InstalledApp.objects.get(device=row_of(device), identifier=NOTES)
    assert (notes.name, notes.short_version, notes.bundle_size) == ("Example Notes", "4.2.1", 48_234_496)
    assert row_of(device).security_info["PasscodePresent"] is True
    assert row_of(device).time_zone == device.state.time_zone
    profile = DeviceProfile.objects.get(device=row_of(device))
    assert (profile.identifier, profile.is_managed) == ("org.muster.commands.kiosk", True)


@pytest.mark.parametrize("count", [1, 20])
def test_a_list_of_profiles_costs_the_same_however_long_it_is(
    device: SimulatedAppleDevice, count: int, django_assert_num_queries: Queries
) -> None:
    """The device's connection waits for it, and holds its enrolment's lock."""
    profiles = [{"PayloadIdentifier": f"profile.{number}", "IsManaged": number % 2 == 0} for number in range(count)]

    device_id = row_of(device).pk

    with django_assert_num_queries(5):  # two of them the savepoint, one the date
        record_profile_list(device_id, profiles, managed_only=False)

    assert DeviceProfile.objects.filter(is_managed=True).count() == (count + 1) // 2


def test_all_answers_are_kept_together_for_support(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "DEVICE_INFORMATION")
    device.connect()

    kept = CommandResult.objects.get(status=row).payload
    assert set(kept) == {
        "QueryResponses",
        "InstalledApplicationList",
        "ManagedApplicationList",
        "ProfileList",
        "SecurityInfo",
    }


def test_apps_that_are_gone_are_forgotten_and_new_versions_noted(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "DEVICE_INFORMATION")
    device.state.apps = [App(NOTES, "Example Notes", "5.0", 1), App("com.example.new", "New", "1.0", 2)]

    carry(api, device, "DEVICE_INFORMATION")

    assert app_names(device) == {NOTES, "com.example.new"}
    assert InstalledApp.objects.get(identifier=NOTES).short_version == "5.0"


def test_it_is_told_which_apps_this_server_manages(api: ApiClient, device: SimulatedAppleDevice) -> None:
    device.state.apps = [App(NOTES, "Notes", "5.0", 1), App("com.example.forms", "Forms", "1.0", 2, is_managed=True)]
    carry(api, device, "DEVICE_INFORMATION")
    managed = InstalledApp.objects.filter(device=row_of(device), is_managed=True)
    assert [app.identifier for app in managed] == ["com.example.forms"]

    device.state.apps = [App(NOTES, "Notes", "5.0", 1, is_managed=True), App("com.example.forms", "Forms", "1.0", 2)]
    carry(api, device, "DEVICE_INFORMATION")

    assert [app.identifier for app in managed.all()] == [NOTES]


def test_thousands_of_apps_are_taken(api: ApiClient, device: SimulatedAppleDevice) -> None:
    device.state.apps = [App(f"com.example.app{number}", "App", "1.0", 1) for number in range(2500)]

    assert carry(api, device, "DEVICE_INFORMATION") == DONE

    assert len(app_names(device)) == 2500


@pytest.mark.parametrize("status", ["Error", "NotNow", "CommandFormatError"])
def test_what_it_does_not_answer_later_does_not_spoil_the_success(device: SimulatedAppleDevice, status: str) -> None:
    row = queued(row_of(device), "DEVICE_INFORMATION")
    answer = handed(report(device))
    assert answer == str(row.pk)
    answer = handed(report(device, "Acknowledged", answer, QueryResponses={"DeviceName": "Till"}))
    for step in range(1, len(QUESTIONS)):
        assert answer == f"{row.pk}.{step}"
        answer = handed(report(device, status, answer))

    row.refresh_from_db()
    assert (row.state, row_of(device).name) == (State.SUCCESS, "Till")


def test_without_the_first_answer_it_is_a_failure(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), "DEVICE_INFORMATION")
    handed(report(device))
    report(device, "Error", row.pk, ErrorChain=[])

    row.refresh_from_db()
    assert row.state == State.FAILURE


def test_keys_in_the_security_information_are_left_out(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), "DEVICE_INFORMATION", state=State.IN_PROGRESS, step=3)
    told: dict[str, Any] = {
        "FDE_Enabled": True,
        "FDE_PersonalRecoveryKeyCMS": b"sealed key",
        "FirewallSettings": {"FirewallEnabled": True, "Applications": [{"BundleID": "a"}]},
        "SecureBoot": {"ReducedSecurity": ["AllowsMDM"]},
        "HardwareEncryptionCaps": 3,
    }

    report(device, "Acknowledged", f"{row.pk}.3", SecurityInfo=told)

    assert row_of(device).security_info == {
        "FDE_Enabled": True,
        "FirewallSettings": {"FirewallEnabled": True},
        "SecureBoot": {"ReducedSecurity": ["AllowsMDM"]},
        "HardwareEncryptionCaps": 3,
    }


def test_another_tenants_device_keeps_its_apps(
    api: ApiClient, other_api: ApiClient, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    carry(other_api, other_device, "DEVICE_INFORMATION")
    before = app_names(other_device)
    device.state.apps = []

    carry(api, device, "DEVICE_INFORMATION")

    assert (app_names(device), app_names(other_device)) == (set(), before)
    assert before


@pytest.mark.parametrize(("model", "version"), [("Mac mini", "15.3.1"), ("Apple TV 4K", "18.3"), ("iPad", "17.7")])
def test_every_kind_of_device_tells_of_itself(api: ApiClient, tenant: Tenant, model: str, version: str) -> None:
    device = placed(tenant, 3, model=model, os_version=version)

    assert carry(api, device, "DEVICE_INFORMATION") == DONE

    assert row_of(device).security_info
    assert app_names(device)


# --- removing apps, and what is forgotten -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("UNINSTALL", {"package_name": "com.example.kiosk"}),
        ("APPLE_APP_UNINSTALL", {"app_id": "408709785", "bundle_identifier": "com.example.kiosk"}),
    ],
)
def test_a_managed_app_is_removed_and_forgotten(
    api: ApiClient, device: SimulatedAppleDevice, command: str, arguments: dict[str, str]
) -> None:
    carry(api, device, "DEVICE_INFORMATION")
    before = app_names(device)

    assert carry(api, device, command, **arguments) == DONE

    assert device.state.app("com.example.kiosk") is None
    assert before - app_names(device) == {"com.example.kiosk"}


def test_an_app_that_is_not_managed_stays_as_the_device_says(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "DEVICE_INFORMATION")

    state, reason = carry(api, device, "UNINSTALL", package_name=NOTES)

    assert (state, "does not manage it" in reason) == ("Failure", True)
    assert NOTES in app_names(device)


def fill(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "DEVICE_INFORMATION")
    carry(api, device, "SET_APP_STATE", package_name=NOTES, app_state="HIDE")
    DeviceSettings.objects.update_or_create(device=row_of(device), defaults={"lost_mode": False})


def known(device: SimulatedAppleDevice) -> list[bool]:
    row = row_of(device)
    kinds = (AppleAppLists, DeviceProfile, InstalledApp, DeviceSettings)
    return [*(kind.objects.filter(device=row).exists() for kind in kinds), bool(row.security_info)]


def test_a_wipe_forgets_what_was_on_the_device(
    api: ApiClient, other_api: ApiClient, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    for caller, each in ((api, device), (other_api, other_device)):
        fill(caller, each)

    assert carry(api, device, "WIPE") == DONE

    assert known(device) == [False] * 5
    assert known(other_device) == [True] * 5
    assert Device.objects.filter(pk=row_of(device).pk, time_zone="").exists()


def test_with_the_management_go_the_profiles_and_lists(
    api: ApiClient, device: SimulatedAppleDevice, other_api: ApiClient, other_device: SimulatedAppleDevice
) -> None:
    """The apps and the security are still what they were when it was last asked."""
    for caller, each in ((api, device), (other_api, other_device)):
        fill(caller, each)

    assert check_in(device, "CheckOut").status_code == 200

    assert known(device) == [False, False, True, True, True]
    assert DeviceSettings.objects.get(device=row_of(device)).lost_mode is None
    assert known(other_device) == [True] * 5


def test_apps_of_ours_that_the_device_lists_are_kept_as_such(
    api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant, other_tenant: Tenant
) -> None:
    app, _ = TenantAppFactory(tenant, package_name=NOTES), TenantAppFactory(other_tenant, package_name=NOTES)
    path = f"/api/v2/devices/{row_of(device).pk}/device-apps/"
    assert carry(api, device, "DEVICE_INFORMATION") == DONE
    assert api.get(path).json() == {"results": []}

    device.state.apps = [App(NOTES, "Notes", "5.0", 1, is_managed=True)]
    assert carry(api, device, "DEVICE_INFORMATION") == DONE
    [found] = api.get(path).json()["results"]
    assert (found["app_type"], found["app_id"]) == ("TENANT_IOS", str(app.pk))

    device.state.apps = []
    assert carry(api, device, "DEVICE_INFORMATION") == DONE
    assert api.get(path).json() == {"results": []}
