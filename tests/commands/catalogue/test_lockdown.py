"""Lost mode and its sound."""

import pytest

from devices.models import DeviceSettings
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.apple import handed, report
from tests.factories.carriage import carry, send
from tests.factories.fleet import placed, row_of

LOCK = {"state": "LOCKED", "message": "Please return me to the office."}
UNLOCK = {"state": "UNLOCKED", "message": ""}
DONE = ("Success", "")
HINT = "The device sounds in lost mode only, and is not in it: send SET_DEVICE_LOCKDOWN_STATE (LOCKED) first."


def lost_mode(device: SimulatedAppleDevice) -> bool | None:
    row = DeviceSettings.objects.filter(device=row_of(device)).first()
    return row.lost_mode if row else None


def test_a_device_is_locked_down_with_its_message_and_released(api: ApiClient, device: SimulatedAppleDevice) -> None:
    assert carry(api, device, "SET_DEVICE_LOCKDOWN_STATE", **LOCK) == DONE
    assert device.state.lost_mode is not None
    assert device.state.lost_mode.message == LOCK["message"]
    assert lost_mode(device) is True

    assert carry(api, device, "SET_DEVICE_LOCKDOWN_STATE", **UNLOCK) == DONE

    assert device.state.lost_mode is None
    assert lost_mode(device) is False


def test_locking_down_twice_shows_the_second_message(api: ApiClient, device: SimulatedAppleDevice) -> None:
    for message in ("One", "Two"):
        carry(api, device, "SET_DEVICE_LOCKDOWN_STATE", state="LOCKED", message=message)

    assert device.state.lost_mode is not None
    assert device.state.lost_mode.message == "Two"


def test_a_lockdown_needs_a_message(api: ApiClient, device: SimulatedAppleDevice) -> None:
    state, reason = carry(api, device, "SET_DEVICE_LOCKDOWN_STATE", state="LOCKED", message="")

    assert (state, reason) == ("Failure", "An Apple device locks itself down only with a message to show: give one.")
    assert (device.state.lost_mode, lost_mode(device)) == (None, None)


def test_releasing_what_was_not_locked_is_a_success(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "SET_DEVICE_LOCKDOWN_STATE", **UNLOCK)
    handed(report(device))
    report(device, "Error", row.pk, ErrorChain=[{"ErrorDomain": "MCMDMErrorDomain", "ErrorCode": 12067}])

    row.refresh_from_db()
    assert (row.state, row.reason) == ("Command Success", "The device was not locked down.")
    assert lost_mode(device) is False


def test_a_lost_device_sounds(api: ApiClient, device: SimulatedAppleDevice) -> None:
    carry(api, device, "SET_DEVICE_LOCKDOWN_STATE", **LOCK)

    assert carry(api, device, "BEEP_DEVICE", duration=10) == DONE

    assert device.state.lost_mode_sounds == 1


def test_a_device_that_is_known_not_to_be_lost_is_not_even_asked(api: ApiClient, device: SimulatedAppleDevice) -> None:
    DeviceSettings.objects.create(device=row_of(device), lost_mode=False)
    row = send(api, device, "BEEP_DEVICE", duration=10)

    assert device.connect().executed == ()

    row.refresh_from_db()
    assert (row.state, row.reason) == ("Command Failure", HINT)


def test_a_device_that_says_it_is_not_lost_fails_with_what_to_do(api: ApiClient, device: SimulatedAppleDevice) -> None:
    assert carry(api, device, "BEEP_DEVICE", duration=10) == ("Failure", HINT)

    assert lost_mode(device) is False


def test_lost_mode_of_another_tenants_device_stays(
    api: ApiClient, other_api: ApiClient, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    carry(other_api, other_device, "SET_DEVICE_LOCKDOWN_STATE", **LOCK)

    carry(api, device, "SET_DEVICE_LOCKDOWN_STATE", **UNLOCK)

    assert (lost_mode(device), lost_mode(other_device)) == (False, True)


def test_what_the_device_tells_of_itself_counts(api: ApiClient, device: SimulatedAppleDevice) -> None:
    DeviceSettings.objects.create(device=row_of(device), lost_mode=True)

    carry(api, device, "DEVICE_INFORMATION")

    assert lost_mode(device) is False


@pytest.mark.parametrize(("model", "os_version"), [("Apple TV 4K", "18.3"), ("Mac mini", "15.3.1")])
def test_only_iphones_and_ipads_have_a_lost_mode(api: ApiClient, tenant: Tenant, model: str, os_version: str) -> None:
    device = placed(tenant, 3, model=model, os_version=os_version)

    row = send(api, device, "SET_DEVICE_LOCKDOWN_STATE", **LOCK)

    assert row.state == "Command Failure"
    assert row.reason.startswith("The command does not exist on ")
