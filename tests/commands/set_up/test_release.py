"""Devices that wait in their set-up assistant are told to go on, once, when there is nothing to wait for any more."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings
from structlog.testing import capture_logs

from commands.models import AppleEnrolment, CommandRequest, CommandStatus, Converge
from commands.models.status import State
from commands.services.enrolments import block_enrolment
from commands.services.fan_out import fan_out
from commands.services.removal import remove_device
from commands.services.set_up.releasing import release_waiting
from commands.services.sweeps import SWEEPS
from commands.services.time_outs import time_out_commands
from devices.models import Device, DeviceState
from devices.models.device import APPLE_STATES
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import AuditEvent, Tenant
from tests.factories.apple import command, handed, report, token_update
from tests.factories.commands import AppleEnrolmentFactory
from tests.factories.converges import ConvergeFactory
from tests.factories.devices import DeviceFactory
from tests.factories.fleet import row_of
from tests.factories.tenants import ACTOR
from tests.factories.threads import all_at_once

NOW = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)


def enrolment_of(phone: SimulatedAppleDevice) -> AppleEnrolment:
    return AppleEnrolment.objects.get(device=row_of(phone), channel="device")


def waits(phone: SimulatedAppleDevice) -> bool:
    return enrolment_of(phone).awaiting_configuration is True


def released() -> list[CommandStatus]:
    """The rows by which the sweep tells devices, handed out."""
    for request_id in release_waiting():
        fan_out(request_id)
    rows = CommandStatus.objects.filter(request__command_args={"device_configured": True})
    return list(rows.order_by("request__created_at"))


def enabled(phone: SimulatedAppleDevice, ago: dt.timedelta) -> None:
    AppleEnrolment.objects.filter(device=row_of(phone)).update(enabled_at=timezone.now() - ago)


def test_a_device_without_a_blueprint_is_told_at_once(phone: SimulatedAppleDevice) -> None:
    (row,) = released()

    assert command(report(phone)) == {"RequestType": "DeviceConfigured"}
    assert row.request.is_internal
    assert row.request.created_by == "set-up assistant"


def test_it_is_at_its_home_screen_when_it_has_taken_the_command(phone: SimulatedAppleDevice) -> None:
    (row,) = released()
    handed(report(phone))
    assert waits(phone)

    with capture_logs() as logs:
        report(phone, "Acknowledged", row.pk)

    row.refresh_from_db()
    assert (row.state, waits(phone)) == (State.SUCCESS, False)
    assert [each["event"] for each in logs] == ["device_set_up"]
    assert AuditEvent.objects.get(action="device.set_up").object_id == str(row_of(phone).pk)
    assert released() == [row]


@pytest.mark.parametrize("status", [Converge.Status.QUEUED, Converge.Status.PROCESSING, Converge.Status.IN_PROGRESS])
def test_it_waits_while_a_converge_is_open(phone: SimulatedAppleDevice, status: str) -> None:
    ConvergeFactory(row_of(phone), status=status)
    assert released() == []


@pytest.mark.parametrize("status", [Converge.Status.SUCCESS, Converge.Status.FAILURE])
def test_it_goes_on_however_the_converge_ended(phone: SimulatedAppleDevice, status: str) -> None:
    ConvergeFactory(row_of(phone), status=status, ended_at=timezone.now())
    assert len(released()) == 1


def test_it_waits_for_the_last_of_its_converges(phone: SimulatedAppleDevice) -> None:
    ConvergeFactory(row_of(phone), status=Converge.Status.FAILURE, ended_at=timezone.now())
    ConvergeFactory(row_of(phone), status=Converge.Status.QUEUED)
    assert released() == []


def test_it_does_not_wait_for_the_window_of_next_week(phone: SimulatedAppleDevice) -> None:
    ConvergeFactory(row_of(phone), not_before=timezone.now() + dt.timedelta(days=7))
    assert len(released()) == 1


def test_the_converge_of_another_device_is_none_of_its_business(
    phone: SimulatedAppleDevice, other_phone: SimulatedAppleDevice
) -> None:
    ConvergeFactory(row_of(phone), status=Converge.Status.IN_PROGRESS)
    assert [row.device for row in released()] == [row_of(other_phone)]


def test_a_converge_that_hangs_keeps_it_for_a_quarter_of_an_hour(
    phone: SimulatedAppleDevice, settings: Settings
) -> None:
    assert settings.ADE_RELEASE_SECONDS == 900
    ConvergeFactory(row_of(phone), status=Converge.Status.IN_PROGRESS)
    enabled(phone, dt.timedelta(minutes=14))
    assert released() == []
    enabled(phone, dt.timedelta(minutes=15))
    assert len(released()) == 1


@pytest.mark.parametrize("waiting", [None, False])
def test_a_device_that_does_not_wait_is_told_nothing(phone: SimulatedAppleDevice, waiting: bool | None) -> None:
    AppleEnrolment.objects.update(awaiting_configuration=waiting)
    assert released() == []


@pytest.mark.parametrize("change", [{"enabled_at": None}, {"blocked_at": NOW}, {"channel": "user"}])
def test_who_cannot_be_told_is_not(phone: SimulatedAppleDevice, change: dict[str, Any]) -> None:
    AppleEnrolment.objects.update(**change)
    assert released() == []


@pytest.mark.parametrize("state", [state for state in APPLE_STATES if state != DeviceState.ACTIVE])
def test_only_active_devices_are_told(phone: SimulatedAppleDevice, state: int) -> None:
    Device.objects.update(state=state)
    assert released() == []


def test_devices_of_two_tenants_are_told_by_requests_of_their_own(
    phone: SimulatedAppleDevice, other_phone: SimulatedAppleDevice, tenant: Tenant, other_tenant: Tenant
) -> None:
    rows = released()
    assert {(row.tenant, row.request.tenant, row.device) for row in rows} == {
        (tenant, tenant, row_of(phone)),
        (other_tenant, other_tenant, row_of(other_phone)),
    }


def test_many_of_one_tenant_are_told_by_one_request(phone: SimulatedAppleDevice, tenant: Tenant) -> None:
    for _ in range(3):
        AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant))
    AppleEnrolment.objects.update(awaiting_configuration=True)
    assert len(released()) == 4
    assert CommandRequest.objects.count() == 1


class TestAgain:
    """`at`: minutes after it was enabled."""

    @pytest.fixture(autouse=True)
    def _clock(self, phone: SimulatedAppleDevice) -> None:
        AppleEnrolment.objects.update(enabled_at=NOW)

    def at(self, minutes: float) -> int:
        """How often it was told by then; what it is told fails at once."""
        with time_machine.travel(NOW + dt.timedelta(minutes=minutes), tick=False):
            return len(released())

    def fail(self) -> None:
        CommandStatus.objects.update(state=State.FAILURE)

    def test_what_failed_is_told_again_each_time_later(self) -> None:
        assert self.at(0.2) == 1
        self.fail()
        assert self.at(1.1) == 1
        assert self.at(1.3) == 2
        self.fail()
        assert self.at(2.5) == 2
        assert self.at(2.7) == 3
        self.fail()
        assert (self.at(5.3), self.at(5.5)) == (3, 4)

    def test_for_days_at_most_every_six_hours(self) -> None:
        assert self.at(60 * 24) == 1
        self.fail()
        assert (self.at(60 * 30 - 1), self.at(60 * 30 + 1)) == (1, 2)

    def test_not_while_it_is_still_told(self) -> None:
        assert self.at(0) == 1
        assert self.at(60 * 24) == 1

    def test_a_lost_answer_is_told_again_after_its_time(self, phone: SimulatedAppleDevice) -> None:
        assert self.at(0) == 1
        with time_machine.travel(NOW, tick=False):
            handed(report(phone))
        with time_machine.travel(NOW + dt.timedelta(minutes=11), tick=False):
            time_out_commands()
        assert self.at(11) == 2

    def test_not_now_is_no_answer(self, phone: SimulatedAppleDevice) -> None:
        assert self.at(0) == 1
        row = CommandStatus.objects.get()
        handed(report(phone))
        report(phone, "NotNow", row.pk)
        assert waits(phone)
        assert self.at(60 * 5) == 1
        assert handed(report(phone)) == str(row.pk)
        report(phone, "Acknowledged", row.pk)
        assert not waits(phone)

    def test_a_late_answer_counts(self, phone: SimulatedAppleDevice) -> None:
        assert self.at(0) == 1
        row = CommandStatus.objects.get()
        handed(report(phone))
        CommandStatus.objects.update(state=State.TIMEOUT)
        report(phone, "Acknowledged", row.pk)
        assert not waits(phone)

    def test_one_that_has_gone_on_by_itself_is_not_sent_the_command(self, phone: SimulatedAppleDevice) -> None:
        assert self.at(0) == 1
        token_update(phone, AwaitingConfiguration=False)
        assert handed(report(phone)) is None
        assert CommandStatus.objects.get().state == State.SUCCESS


def test_an_error_is_kept_for_people(phone: SimulatedAppleDevice) -> None:
    (row,) = released()
    handed(report(phone))
    chain = [{"ErrorDomain": "MCMDMErrorDomain", "ErrorCode": 12021, "USEnglishDescription": "Cannot be done"}]
    report(phone, "Error", row.pk, ErrorChain=chain)

    row.refresh_from_db()
    assert (row.state, waits(phone)) == (State.FAILURE, True)
    assert "Cannot be done" in row.reason


class TestMeanwhile:
    """What happens to the device while it is told."""

    def test_it_is_blocked(self, phone: SimulatedAppleDevice) -> None:
        released()
        block_enrolment(device=row_of(phone), actor=ACTOR)
        AppleEnrolment.objects.update(release_sent_at=None)
        assert [row.state for row in released()] == [State.CANCELLED]

    def test_it_is_removed(self, phone: SimulatedAppleDevice) -> None:
        released()
        remove_device(device=row_of(phone), actor=ACTOR)
        AppleEnrolment.objects.update(release_sent_at=None)
        assert [row.state for row in released()] == [State.CANCELLED]
        assert report(phone).status_code == 403


def test_a_device_in_contact_just_now_is_told_by_the_next_sweep(
    phone: SimulatedAppleDevice, transactional_db: None
) -> None:
    told: list[int] = []
    with transaction.atomic():
        list(AppleEnrolment.objects.select_for_update(no_key=True))
        all_at_once(lambda: told.append(len(release_waiting())))
    assert (told, len(release_waiting())) == ([0], 1)


def test_of_two_sweeps_at_once_one_tells_it(phone: SimulatedAppleDevice, transactional_db: None) -> None:
    all_at_once(*[release_waiting] * 4)
    assert CommandRequest.objects.count() == 1


def test_a_sweep_reads_no_secret_and_asks_little(
    phone: SimulatedAppleDevice, django_assert_num_queries: Any, tenant: Tenant
) -> None:
    AppleEnrolment.objects.update(awaiting_configuration=False)
    with django_assert_num_queries(3):  # the question between a savepoint and its release
        assert release_waiting() == []


def test_is_one_of_the_sweeps(phone: SimulatedAppleDevice) -> None:
    assert SWEEPS["devices let go on in their set-up assistant"]() == 1
