"""Secrets that do not open never keep a device, or another device's commands, from going on."""

import datetime as dt

import orjson
import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from commands.apple.push import wake_due_devices
from commands.models import AppleEnrolment, CommandRequest, CommandStatus
from commands.models.status import State
from commands.services.fan_out import fan_out
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.commands.profiles import profile
from tests.factories.apple import command, handed, report
from tests.factories.commands import CommandRequestFactory, queued
from tests.factories.console import apns_certificate
from tests.factories.fleet import TOPIC, row_of
from tests.factories.sealing import lose_key

TOLD = "A stored secret of the command cannot be opened: the key 'dev' is not in ENCRYPTION_KEYS."


def with_secrets(device: SimulatedAppleDevice, name: str = "INSTALL_PROFILE") -> CommandStatus:
    row = row_of(device)
    secret = orjson.dumps({"profile": profile()})
    request = CommandRequestFactory(tenant=row.tenant, command=name, secret_args=secret, devices=[row.pk])
    return queued(row, request=request, not_before=timezone.now() - dt.timedelta(hours=1))


def test_the_device_is_given_its_other_commands(device: SimulatedAppleDevice, settings: Settings) -> None:
    broken, good = with_secrets(device), queued(row_of(device))
    lose_key(settings)

    answer = report(device)

    assert command(answer)["RequestType"] == "DeviceLock"
    assert handed(answer) == str(good.pk)
    broken.refresh_from_db()
    assert (broken.state, broken.reason) == (State.QUEUED, f"{TOLD} Trying again (1 of 3).")


def test_the_command_fails_with_the_reason_in_the_end(device: SimulatedAppleDevice, settings: Settings) -> None:
    row = with_secrets(device)
    lose_key(settings)

    for day in range(4):
        with time_machine.travel(timezone.now() + dt.timedelta(days=day)):
            assert handed(report(device)) is None

    row.refresh_from_db()
    assert (row.state, row.reason) == (State.FAILURE, TOLD)


def test_a_key_that_is_back_in_time_costs_nothing(device: SimulatedAppleDevice, settings: Settings) -> None:
    row, keys = with_secrets(device), settings.ENCRYPTION_KEYS
    lose_key(settings)
    assert handed(report(device)) is None
    settings.ENCRYPTION_KEYS = keys

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=2)):
        assert handed(report(device)) == str(row.pk)


def test_an_unlock_token_that_does_not_open_fails_only_its_command(
    device: SimulatedAppleDevice, settings: Settings
) -> None:
    AppleEnrolment.objects.filter(device=row_of(device)).update(unlock_token=b"\x01\x03devdamaged and long enough")
    first = queued(row_of(device), "CLEAR_PASSCODE", not_before=timezone.now() - dt.timedelta(hours=1))
    second = queued(row_of(device))

    assert handed(report(device)) == str(second.pk)
    first.refresh_from_db()
    assert first.reason.startswith(
        "A stored secret of the command cannot be opened: the sealed value belongs elsewhere"
    )


def test_a_report_counts_although_its_arguments_do_not_open(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice, settings: Settings
) -> None:
    row = with_secrets(device)
    CommandStatus.objects.filter(pk=row.pk).update(state=State.INITIATED, sent_at=timezone.now())
    lose_key(settings)

    assert handed(report(device, "Acknowledged", row.pk)) is None
    assert handed(report(other_device)) is None

    row.refresh_from_db()
    assert row.state == State.SUCCESS


def test_a_command_to_prepare_is_tried_again_and_then_refused(
    tenant: Tenant, device: SimulatedAppleDevice, settings: Settings
) -> None:
    """A policy's address is a secret."""
    request = CommandRequestFactory(
        tenant=tenant,
        command="SET_NEW_POLICY",
        secret_args=b'{"policy_url": "https://example.org/policy"}',
        devices=[row_of(device).pk],
        fanned_out_at=None,
    )
    lose_key(settings)

    reasons = []
    for hours in range(6):
        with time_machine.travel(timezone.now() + dt.timedelta(hours=hours)):
            fan_out(request.pk)
        reasons.append(CommandRequest.objects.get(pk=request.pk).reason)

    assert reasons[0] == f"{TOLD} It is tried again."
    assert CommandRequest.objects.get(pk=request.pk).refusal == TOLD
    row = CommandStatus.objects.get(request=request)
    assert (row.state, row.reason) == (State.FAILURE, TOLD)


def test_pushes_wait_for_the_key_and_do_not_go_round(
    tenant: Tenant, device: SimulatedAppleDevice, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    apns_certificate(tenant, topic=TOPIC)
    AppleEnrolment.objects.update(wake_at=timezone.now())
    lose_key(settings)

    assert wake_due_devices() == 0
    assert wake_due_devices() == 0

    enrolment = AppleEnrolment.objects.get(device=row_of(device))
    assert enrolment.push_error == "The device has no readable push token."
    assert enrolment.wake_at is not None
    assert enrolment.wake_at > timezone.now() + dt.timedelta(minutes=10)
    assert caplog.text.count("push_token_unreadable") == 1


def test_a_certificate_whose_key_does_not_open_is_named(
    tenant: Tenant, device: SimulatedAppleDevice, settings: Settings
) -> None:
    apns_certificate(tenant, topic=TOPIC)
    lose_key(settings)
    enrolment = AppleEnrolment.objects.get(device=row_of(device))
    enrolment.push_token, enrolment.push_magic, enrolment.wake_at = b"\x01" * 32, b"magic", timezone.now()
    enrolment.save()

    assert wake_due_devices() == 0

    enrolment.refresh_from_db(fields=["push_error"])
    assert enrolment.push_error == "The APNs certificate cannot be used: the key 'dev' is not in ENCRYPTION_KEYS"
