"""CheckOut, bootstrap tokens, and the check-in messages that we do not serve."""

import plistlib
from typing import Any

import pytest

from commands.models import AppleEnrolment
from commands.models.status import State
from commands.services.removal import remove_device
from devices.models import DeviceState
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import AuditEvent
from tests.factories.apple import CHECK_IN, CONNECT, check_in, report, token_update
from tests.factories.commands import queued
from tests.factories.fleet import row_of
from tests.factories.tenants import ACTOR


def enrolment_of(device: SimulatedAppleDevice) -> AppleEnrolment:
    return AppleEnrolment.objects.get(device=row_of(device), channel="device")


# --- CheckOut -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [CHECK_IN, CONNECT])
def test_a_check_out_ends_the_enrolment(device: SimulatedAppleDevice, path: str) -> None:
    row = queued(row_of(device))

    assert check_in(device, "CheckOut", path=path).status_code == 200

    row.refresh_from_db()
    assert (row_of(device).state, row.state) == (DeviceState.DISABLED, State.CANCELLED)
    assert AuditEvent.objects.filter(action="device.checked_out").count() == 1
    assert report(device).status_code == 403


def test_a_second_check_out_is_taken_calmly(device: SimulatedAppleDevice) -> None:
    assert [check_in(device, "CheckOut").status_code for _ in range(2)] == [200, 200]
    assert AuditEvent.objects.filter(action="device.checked_out").count() == 1


def test_another_tenants_device_cannot_check_it_out(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    assert check_in(other_device, "CheckOut", UDID=device.udid).status_code == 403
    assert row_of(device).state == DeviceState.ACTIVE


def test_a_device_that_we_removed_speaks_to_nobody(device: SimulatedAppleDevice) -> None:
    remove_device(device=row_of(device), actor=ACTOR)

    statuses = [
        report(device).status_code,
        token_update(device).status_code,
        check_in(device, "Authenticate").status_code,
        check_in(device, "GetBootstrapToken").status_code,
    ]

    assert statuses == [403] * 4
    assert not enrolment_of(device).is_enabled
    assert row_of(device).state == DeviceState.DISABLED


# --- bootstrap token ----------------------------------------------------------------------------------------------


def test_a_bootstrap_token_comes_back(device: SimulatedAppleDevice) -> None:
    device.set_bootstrap_token(b"secret")

    assert device.get_bootstrap_token() == b"secret"


def test_without_a_bootstrap_token_the_answer_is_empty_data(device: SimulatedAppleDevice) -> None:
    response = check_in(device, "GetBootstrapToken")

    assert response.status_code == 200
    assert plistlib.loads(response.content) == {"BootstrapToken": b""}


@pytest.mark.parametrize("message", [{"BootstrapToken": b""}, {}])
def test_an_empty_bootstrap_token_takes_it_back(device: SimulatedAppleDevice, message: dict[str, Any]) -> None:
    device.set_bootstrap_token(b"secret")

    assert check_in(device, "SetBootstrapToken", **message).status_code == 200
    assert device.get_bootstrap_token() == b""


def test_a_bootstrap_token_is_sealed_and_its_devices_alone(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    device.set_bootstrap_token(b"secret")

    assert check_in(other_device, "GetBootstrapToken", UDID=device.udid).status_code == 403
    stored = AppleEnrolment.objects.filter(device=row_of(device)).values_list("bootstrap_token", flat=True).get()
    assert b"secret" not in bytes(stored or b"")


def test_a_bootstrap_token_that_is_no_data_is_refused(device: SimulatedAppleDevice) -> None:
    assert check_in(device, "SetBootstrapToken", BootstrapToken=7).status_code == 400


# --- not served ---------------------------------------------------------------------------------------------------


def test_user_authenticate_is_gone(device: SimulatedAppleDevice) -> None:
    assert check_in(device, "UserAuthenticate", UserID="A-B").status_code == 410


def test_messages_that_we_do_not_serve_are_refused_in_words(device: SimulatedAppleDevice) -> None:
    for kind in ("GetToken", "Whatever", ""):
        response = check_in(device, kind)

        assert response.status_code == 400, kind
        assert response.content.strip(), kind
    assert report(device).status_code == 200
