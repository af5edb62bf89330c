"""Blocking: the one action that makes a device endpoint answer 401."""

import pytest

from commands.models import AppleEnrolment
from commands.models.status import State
from commands.services.enrolments import block_enrolment
from devices.models import DeviceState
from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import check_in, report, token_update
from tests.factories.commands import queued
from tests.factories.devices import DeviceFactory
from tests.factories.fleet import download, row_of
from tests.factories.tenants import ACTOR


@pytest.fixture
def blocked(device: SimulatedAppleDevice) -> SimulatedAppleDevice:
    assert block_enrolment(device=row_of(device), actor=ACTOR)
    return device


def test_a_blocked_device_is_told_so_whatever_it_says(blocked: SimulatedAppleDevice) -> None:
    answers = [
        report(blocked),
        report(blocked, UserID="U-1"),
        token_update(blocked),
        check_in(blocked, "Authenticate"),
        check_in(blocked, "SetBootstrapToken", BootstrapToken=b"x"),
        check_in(blocked, "GetBootstrapToken"),
    ]

    assert [answer.status_code for answer in answers] == [401] * 6


def test_a_blocked_device_gets_no_command(blocked: SimulatedAppleDevice) -> None:
    row = queued(row_of(blocked))

    report(blocked)

    row.refresh_from_db()
    assert row.state == State.QUEUED


def test_a_blocked_devices_last_report_is_kept(blocked: SimulatedAppleDevice) -> None:
    row = queued(row_of(blocked), state=State.INITIATED)

    assert report(blocked, "Acknowledged", row.pk).status_code == 401
    row.refresh_from_db()
    assert row.state == State.SUCCESS


def test_the_simulated_device_leaves_when_it_is_blocked(blocked: SimulatedAppleDevice) -> None:
    assert blocked.connect().ending == "unenrolled"
    assert not blocked.is_enrolled


def test_a_blocked_device_may_still_check_out(blocked: SimulatedAppleDevice) -> None:
    assert check_in(blocked, "CheckOut").status_code == 200
    assert row_of(blocked).state == DeviceState.DISABLED


def test_a_blocked_device_is_woken_to_hear_it(blocked: SimulatedAppleDevice) -> None:
    assert AppleEnrolment.objects.get(device=row_of(blocked)).wake_at is not None


def test_a_new_enrolment_takes_the_block_off(blocked: SimulatedAppleDevice, link: EnrolmentProfile) -> None:
    blocked.enrol(download(link))

    assert report(blocked).status_code == 200


def test_a_device_without_an_enrolment_cannot_be_blocked(device: SimulatedAppleDevice) -> None:
    assert not block_enrolment(device=DeviceFactory(tenant=row_of(device).tenant), actor=ACTOR)


def test_another_tenants_device_is_not_blocked_along(
    blocked: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    assert report(other_device).status_code == 200
