"""Taking apps off devices: with the app its licence goes back."""

from typing import Any

import pytest

from apps_domain.models import DeviceApp, StoreApp, VppAssignment
from apps_domain.services.device_apps import record_installed_app
from commands.models import CommandStatus
from commands.services.removal import remove_device
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.conftest import ApiClient
from tests.factories.apple import check_in, command, handed, report
from tests.factories.carriage import send
from tests.factories.fleet import row_of
from tests.factories.licences import AssignmentFactory, LicenceFactory, LocationFactory
from tests.factories.tenants import ACTOR

ADAM_ID, BUNDLE = "408709785", "com.example.till"
UNMANAGED = [{"ErrorDomain": "MCMDMErrorDomain", "ErrorCode": 12029, "USEnglishDescription": "It is not managed."}]
ARGUMENTS = {
    "UNINSTALL": {"package_name": BUNDLE},
    "APPLE_APP_UNINSTALL": {"app_id": ADAM_ID, "bundle_identifier": BUNDLE},
}
both = pytest.mark.parametrize("name", list(ARGUMENTS))


def with_app(device: SimulatedAppleDevice) -> VppAssignment:
    """A device with a licensed app."""
    row = row_of(device)
    licence = LicenceFactory(LocationFactory(row.tenant), ADAM_ID)
    app = StoreApp.objects.create(tenant=row.tenant, apple_app_id=ADAM_ID, country="us")
    told: dict[str, Any] = {"bundle_id": BUNDLE, "version": "4.1", "app_config": None}
    record_installed_app(device=row, app_type="VPP", app_id=app.pk, app_version_id=None, **told)
    return AssignmentFactory(licence, row.serial)


def end(row: CommandStatus) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state.removeprefix("Command "), row.reason


@both
def test_the_licence_is_given_back(
    api: ApiClient, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice, name: str
) -> None:
    assignment, others = with_app(device), with_app(other_device)
    row = send(api, device, name, **ARGUMENTS[name])

    report(device, "Acknowledged", handed(report(device)))

    assert end(row) == ("Success", "")
    assignment.refresh_from_db()
    assert assignment.state == VppAssignment.State.UNWANTED
    others.refresh_from_db()
    assert others.state == VppAssignment.State.ASSIGNED
    assert [app.device_id for app in DeviceApp.objects.all()] == [row_of(other_device).pk]


@both
def test_an_app_that_is_not_there_counts_as_removed(api: ApiClient, device: SimulatedAppleDevice, name: str) -> None:
    assignment = with_app(device)
    row = send(api, device, name, **ARGUMENTS[name])

    following = report(device, "Error", handed(report(device)), ErrorChain=UNMANAGED)
    assert command(following)["RequestType"] == "InstalledApplicationList"
    report(device, "Acknowledged", handed(following), InstalledApplicationList=[])

    assert end(row) == ("Success", "The app was not on the device.")
    assignment.refresh_from_db()
    assert assignment.state == VppAssignment.State.UNWANTED


@both
def test_an_app_of_the_user_s_own_is_not_removed(api: ApiClient, device: SimulatedAppleDevice, name: str) -> None:
    assignment = with_app(device)
    row = send(api, device, name, **ARGUMENTS[name])

    following = report(device, "Error", handed(report(device)), ErrorChain=UNMANAGED)
    listed = [{"Identifier": BUNDLE, "Name": "Till"}]
    report(device, "Acknowledged", handed(following), InstalledApplicationList=listed)

    assert end(row)[0] == "Failure"
    assert "does not manage it" in end(row)[1]
    assignment.refresh_from_db()
    assert assignment.state == VppAssignment.State.ASSIGNED


def test_another_error_is_the_failure(api: ApiClient, device: SimulatedAppleDevice) -> None:
    assignment = with_app(device)
    row = send(api, device, "UNINSTALL", **ARGUMENTS["UNINSTALL"])
    chain = [{"ErrorDomain": "MCMDMErrorDomain", "ErrorCode": 12030, "USEnglishDescription": "It would not go."}]

    report(device, "Error", handed(report(device)), ErrorChain=chain)

    assert end(row) == ("Failure", "It would not go. (MCMDMErrorDomain 12030)")
    assignment.refresh_from_db()
    assert assignment.state == VppAssignment.State.ASSIGNED


def test_a_removed_device_gives_its_licences_back(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    assignment, others = with_app(device), with_app(other_device)

    remove_device(device=row_of(device), actor=ACTOR)

    assignment.refresh_from_db()
    others.refresh_from_db()
    assert (assignment.state, others.state) == (VppAssignment.State.UNWANTED, VppAssignment.State.ASSIGNED)
    assert DeviceApp.objects.get().device_id == row_of(other_device).pk


def test_a_wiped_device_gives_its_licences_back(api: ApiClient, device: SimulatedAppleDevice) -> None:
    assignment = with_app(device)
    send(api, device, "WIPE")

    report(device, "Acknowledged", handed(report(device)))

    assignment.refresh_from_db()
    assert assignment.state == VppAssignment.State.UNWANTED


def test_a_device_that_leaves_gives_its_licences_back(device: SimulatedAppleDevice) -> None:
    assignment = with_app(device)

    check_in(device, "CheckOut")

    assignment.refresh_from_db()
    assert assignment.state == VppAssignment.State.UNWANTED
    assert not DeviceApp.objects.exists()
