"""Time-outs: a device that owes an answer, and, if so set, one that never comes."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from commands.apple.connect import handle_connect
from commands.catalogue import CATALOGUE
from commands.catalogue.verdicts import Status
from commands.models import AppleEnrolment, CommandStatus
from commands.models.status import State
from commands.services.time_outs import spoken, time_out_commands
from devices.models import DeviceState
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.commands import queued
from tests.factories.devices import DeviceFactory
from tests.factories.fleet import placed, row_of


def later(**time: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + dt.timedelta(**time), tick=False)


@pytest.fixture
def phone(tenant: Tenant, other_tenant: Tenant) -> SimulatedAppleDevice:
    """Enrolled, with nothing waiting for it."""
    return placed(tenant)


def test_an_answer_that_does_not_come_in_time_is_a_time_out(phone: SimulatedAppleDevice) -> None:
    row = queued(row_of(phone), "LOCK")
    phone.faults.lose_commands = 1
    phone.connect()

    with later(minutes=1, seconds=59):
        assert time_out_commands() == 0
    with later(minutes=2, seconds=1):
        assert time_out_commands() == 1

    row.refresh_from_db()
    assert (row.state, row.reason) == (State.TIMEOUT, "The device has not answered within 2 minutes.")


def test_what_was_never_delivered_waits_for_ever(phone: SimulatedAppleDevice) -> None:
    row = queued(row_of(phone), "LOCK")

    with later(days=365):
        assert time_out_commands() == 0

    row.refresh_from_db()
    assert row.state == State.QUEUED


def test_with_a_life_for_the_queue_what_nobody_came_for_times_out(tenant: Tenant, settings: Settings) -> None:
    settings.COMMAND_QUEUE_TTL = 7 * 86_400
    row = queued(DeviceFactory(tenant=tenant), "LOCK")

    with later(days=6):
        assert time_out_commands() == 0
    with later(days=8):
        assert time_out_commands() == 1

    row.refresh_from_db()
    assert row.reason == "The device has not come for the command within 7 days."


def test_not_now_stops_the_clock_until_the_next_delivery(phone: SimulatedAppleDevice) -> None:
    row = queued(row_of(phone), "LIST_INSTALLED_PROFILES")
    CommandStatus.objects.filter(pk=row.pk).update(state=State.INITIATED, expires_at=timezone.now())
    body = {"UDID": phone.udid, "Status": Status.NOT_NOW.value, "CommandUUID": str(row.pk)}
    report(phone, body)

    with later(days=1):
        assert time_out_commands() == 0

    row.refresh_from_db()
    assert (row.state, row.expires_at) == (State.INITIATED, None)


def report(phone: SimulatedAppleDevice, body: dict[str, str]) -> None:
    """The device says this on a connection of its own."""
    pin = AppleEnrolment.objects.get(enrolment_id=phone.udid).certificate_sha256
    handle_connect(certificate_sha256=pin, report=body)


def test_a_late_answer_is_still_taken(phone: SimulatedAppleDevice) -> None:
    row = queued(row_of(phone), "LOCK", State.TIMEOUT, attempts=1)

    report(phone, {"UDID": phone.udid, "Status": "Acknowledged", "CommandUUID": str(row.pk)})

    row.refresh_from_db()
    assert row.state == State.SUCCESS


def test_what_timed_out_is_not_offered_again(phone: SimulatedAppleDevice) -> None:
    queued(row_of(phone), "LOCK", State.TIMEOUT)

    assert phone.connect().executed == ()


def test_a_wipe_that_times_out_leaves_the_device_active(phone: SimulatedAppleDevice) -> None:
    device = row_of(phone)
    row = queued(device, "WIPE", State.INITIATED, expires_at=timezone.now())
    type(device).objects.filter(pk=device.pk).update(state=DeviceState.WIPE_IN_PROGRESS)

    with later(seconds=1):
        assert time_out_commands() == 1

    device.refresh_from_db()
    row.refresh_from_db()
    assert (device.state, row.reason) == (DeviceState.ACTIVE, "The device has not answered within 30 minutes.")


def test_sweeps_more_than_a_slice(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.services.time_outs.SLICE", 2)
    device = DeviceFactory(tenant=tenant)
    for _ in range(5):
        queued(device, "LOCK", State.INITIATED, expires_at=timezone.now())

    with later(seconds=1):
        assert time_out_commands() == 5


def test_stats_show_the_time_out(api: ApiClient, phone: SimulatedAppleDevice) -> None:
    row = queued(row_of(phone), "LOCK", State.INITIATED, expires_at=timezone.now())
    with later(seconds=1):
        time_out_commands()

    stats = api.get(f"/api/commands/v0/commands/{row.request_id}/stats/").json()["content"]["status"]

    assert stats == [{"state": "Command TimeOut", "total": 1}]


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_time_out_is_between_two_minutes_and_three_days(name: str) -> None:
    assert dt.timedelta(minutes=2) <= CATALOGUE[name].time_out <= dt.timedelta(days=3)


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (dt.timedelta(minutes=2), "2 minutes"),
        (dt.timedelta(hours=1), "1 hour"),
        (dt.timedelta(hours=24), "24 hours"),
        (dt.timedelta(days=3), "3 days"),
        (dt.timedelta(seconds=90), "90 seconds"),
    ],
)
def test_times_are_spoken_as_people_do(time: dt.timedelta, words: str) -> None:
    assert spoken(time) == words
