"""Pushing to devices that are due, with the APNs stand-in: what Apple says, into the enrolment's columns."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from commands.apple import push
from commands.apple.push import find_lost_wakes, wake_due_devices
from commands.models import AppleEnrolment
from commands.services.fan_out import fan_out
from onboarding.simulation.apns import ApnsStandIn, Fault
from onboarding.simulation.certificates import PushCredentials
from tenants.models import ApnsCertificate, Tenant
from tests.factories.apns import TOPIC, deliveries, token
from tests.factories.commands import AppleEnrolmentFactory, CommandRequestFactory, queued
from tests.factories.devices import DeviceFactory

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _to_the_stand_in(apns: ApnsStandIn, settings: Settings) -> Iterator[None]:
    settings.APNS_HOST, settings.APNS_PORT = "127.0.0.1", apns.apns_port
    settings.APNS_CA_FILE = str(apns.root.certificate_path)
    yield
    while push._clients:
        push._clients.popitem()[1].close()


def certify(tenant: Tenant, credentials: PushCredentials, topic: str = TOPIC) -> ApnsCertificate:
    return ApnsCertificate.objects.create(
        tenant=tenant,
        state=ApnsCertificate.State.COMPLETED,
        private_key=credentials.private_key_pem,
        certificate=credentials.certificate_pem.decode(),
        topic=topic,
        cert_expiry_on=timezone.now() + 365 * 24 * HOUR,
    )


@pytest.fixture
def certificate(tenant: Tenant, push_credentials: PushCredentials) -> ApnsCertificate:
    return certify(tenant, push_credentials)


def due(tenant: Tenant, number: int = 1, **columns: object) -> AppleEnrolment:
    """An enrolment that is to be pushed now; its token tells its number."""
    made = {"topic": TOPIC, "push_token": token(number), "push_magic": b"magic", "wake_at": timezone.now() - MINUTE}
    return AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant), **{**made, **columns})


def wait_of(enrolment: AppleEnrolment) -> dt.timedelta:
    """Until its next push."""
    enrolment.refresh_from_db(fields=["wake_at", "pushed_at", "push_failures", "push_error"])
    assert enrolment.wake_at is not None
    return enrolment.wake_at - timezone.now()


# --- pushes -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("certificate")
def test_a_due_device_is_pushed_with_its_magic_alone(apns: ApnsStandIn, tenant: Tenant) -> None:
    enrolment = due(tenant)

    assert wake_due_devices() == 1

    notification = apns.notifications[0]
    assert (notification.token, notification.payload) == (token(1).hex(), {"mdm": "magic"})
    assert wait_of(enrolment) > 50 * MINUTE
    assert (enrolment.pushed_at is not None, enrolment.push_error) == (True, "")


@pytest.mark.usefixtures("certificate")
def test_nobody_is_pushed_before_the_time(apns: ApnsStandIn, tenant: Tenant) -> None:
    due(tenant, wake_at=timezone.now() + MINUTE)
    due(tenant, wake_at=None)

    assert wake_due_devices() == 0


@pytest.mark.usefixtures("certificate")
@pytest.mark.parametrize("columns", [{"enabled_at": None}, {"channel": "user"}])
def test_a_channel_that_is_not_to_be_woken_is_not_pushed(
    apns: ApnsStandIn, tenant: Tenant, columns: dict[str, Any]
) -> None:
    due(tenant, **columns)

    assert wake_due_devices() == 0


@pytest.mark.usefixtures("certificate")
def test_many_commands_are_one_push(apns: ApnsStandIn, tenant: Tenant) -> None:
    enrolment = due(tenant, wake_at=None)

    for _ in range(3):
        request = CommandRequestFactory(tenant=tenant, devices=[enrolment.device_id], fanned_out_at=None)
        fan_out(request.pk)
        wake_due_devices()

    assert deliveries(apns) == {token(1).hex(): 1}


@pytest.mark.usefixtures("certificate")
def test_a_claimed_device_is_not_pushed_by_another_worker(apns: ApnsStandIn, tenant: Tenant) -> None:
    due(tenant)
    claims = push._claim()

    assert len(claims) == 1
    assert wake_due_devices() == 0


@pytest.mark.usefixtures("certificate")
def test_the_claim_of_a_worker_that_died_comes_due_again(apns: ApnsStandIn, tenant: Tenant) -> None:
    enrolment = due(tenant)
    push._claim()

    assert wait_of(enrolment) <= push.LEASE
    AppleEnrolment.objects.update(wake_at=timezone.now())
    assert wake_due_devices() == 1


@pytest.mark.usefixtures("certificate")
def test_a_device_that_came_meanwhile_keeps_the_time_it_was_given(apns: ApnsStandIn, tenant: Tenant) -> None:
    enrolment = due(tenant)
    claims = push._claim()
    AppleEnrolment.objects.update(wake_at=None)  # the device came, and nothing waits

    push._push_topic((tenant.pk, TOPIC), claims)

    enrolment.refresh_from_db()
    assert (enrolment.wake_at, enrolment.pushed_at is not None) == (None, True)


@pytest.mark.usefixtures("certificate")
def test_devices_of_two_tenants_are_pushed_with_their_own_certificates(
    apns: ApnsStandIn, tenant: Tenant, other_tenant: Tenant
) -> None:
    other_topic = "com.apple.mgmt.External.theirs"
    certify(other_tenant, apns.root.new_push_credentials(topic=other_topic), other_topic)
    due(tenant, 1)
    due(other_tenant, 2, topic=other_topic)

    assert wake_due_devices() == 2
    assert {each.token: each.topic for each in apns.notifications} == {
        token(1).hex(): TOPIC,
        token(2).hex(): other_topic,
    }


@pytest.mark.usefixtures("certificate")
def test_equal_tokens_of_two_devices_are_two_pushes(apns: ApnsStandIn, tenant: Tenant) -> None:
    due(tenant, 1)
    due(tenant, 1)

    assert wake_due_devices() == 2


# --- verdicts -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("certificate")
@pytest.mark.parametrize("reason", ["Unregistered", "ExpiredToken", "BadDeviceToken", "DeviceTokenNotForTopic"])
def test_a_dead_token_is_left_in_peace_and_the_enrolment_kept(apns: ApnsStandIn, tenant: Tenant, reason: str) -> None:
    enrolment = due(tenant)
    queued(enrolment.device)
    apns.misbehave(Fault(reason=reason))

    wake_due_devices()

    enrolment.refresh_from_db()
    assert enrolment.push_token_dead_at is not None
    assert enrolment.is_enabled
    assert reason in enrolment.push_error
    apns.behave()
    assert (find_lost_wakes(), wake_due_devices()) == (0, 0)


@pytest.mark.usefixtures("certificate")
def test_a_dead_token_is_tried_again_a_day_later_as_a_restored_device_comes_back_on_it(
    apns: ApnsStandIn, tenant: Tenant
) -> None:
    enrolment = due(tenant)
    queued(enrolment.device)
    apns.misbehave(Fault(reason="Unregistered"))
    wake_due_devices()
    apns.behave()

    with time_machine.travel(timezone.now() + dt.timedelta(days=1, minutes=1), tick=False):
        assert wake_due_devices() == 1

    enrolment.refresh_from_db()
    assert (enrolment.push_token_dead_at, enrolment.push_error) == (None, "")


@pytest.mark.parametrize("reason", ["BadCertificate", "TopicDisallowed", "BadTopic"])
def test_a_refused_topic_is_stopped_and_told(
    apns: ApnsStandIn, tenant: Tenant, certificate: ApnsCertificate, reason: str
) -> None:
    enrolment = due(tenant)
    apns.misbehave(Fault(reason=reason))

    wake_due_devices()

    certificate.refresh_from_db()
    assert (certificate.topic_stopped_at is not None, certificate.topic_stopped_reason) == (True, reason)
    enrolment.refresh_from_db()
    assert enrolment.push_token_dead_at is None
    apns.behave()
    AppleEnrolment.objects.update(wake_at=timezone.now())
    assert wake_due_devices() == 0


@pytest.mark.usefixtures("certificate")
def test_trouble_at_apple_is_retried_with_growing_pauses(apns: ApnsStandIn, tenant: Tenant) -> None:
    enrolment = due(tenant)
    apns.misbehave(Fault(reason="InternalServerError"))
    waits = []
    for _ in range(4):
        AppleEnrolment.objects.update(wake_at=timezone.now())
        wake_due_devices()
        waits.append(wait_of(enrolment).total_seconds())

    assert waits == sorted(waits)
    assert 5 < waits[0] < 15
    assert 60 < waits[-1] < 120
    apns.behave()
    AppleEnrolment.objects.update(wake_at=timezone.now())
    assert wake_due_devices() == 1
    enrolment.refresh_from_db()
    assert (enrolment.push_failures, enrolment.push_error) == (0, "")


@pytest.mark.usefixtures("certificate")
def test_a_pause_that_apple_asks_for_is_kept(apns: ApnsStandIn, tenant: Tenant) -> None:
    enrolment = due(tenant)
    apns.misbehave(Fault(reason="TooManyRequests", retry_after=300))

    wake_due_devices()

    assert 4 * MINUTE < wait_of(enrolment) <= 5 * MINUTE


@pytest.mark.usefixtures("certificate")
def test_a_refused_push_is_not_repeated_at_once(apns: ApnsStandIn, tenant: Tenant) -> None:
    enrolment = due(tenant)
    apns.misbehave(Fault(reason="PayloadTooLarge"))

    wake_due_devices()

    assert wait_of(enrolment) > 50 * MINUTE
    assert "PayloadTooLarge" in enrolment.push_error


@pytest.mark.usefixtures("certificate")
def test_without_apns_the_push_is_tried_again(tenant: Tenant, settings: Settings) -> None:
    settings.APNS_PORT = 1
    enrolment = due(tenant)

    assert wake_due_devices() == 0
    assert wait_of(enrolment) < MINUTE
    assert enrolment.push_failures == 1


# --- certificates -------------------------------------------------------------------------------------------------


def test_without_a_certificate_the_push_is_put_off(apns: ApnsStandIn, tenant: Tenant, other_tenant: Tenant) -> None:
    certify(other_tenant, apns.root.new_push_credentials(topic=TOPIC))
    enrolment = due(tenant)

    assert wake_due_devices() == 0
    assert 10 * MINUTE < wait_of(enrolment) < 20 * MINUTE
    assert "No valid APNs certificate" in enrolment.push_error


@pytest.mark.usefixtures("certificate")
def test_an_expired_certificate_is_none(tenant: Tenant) -> None:
    ApnsCertificate.objects.update(cert_expiry_on=timezone.now())
    enrolment = due(tenant)

    assert wake_due_devices() == 0
    assert wait_of(enrolment) > 10 * MINUTE
    assert "No valid APNs certificate" in enrolment.push_error


def test_a_renewed_certificate_is_used_without_a_restart(
    apns: ApnsStandIn, tenant: Tenant, certificate: ApnsCertificate
) -> None:
    due(tenant)
    wake_due_devices()
    renewed = apns.root.new_push_credentials(topic=TOPIC)
    certificate.certificate, certificate.private_key = renewed.certificate_pem.decode(), renewed.private_key_pem
    certificate.save()
    connections = apns.counters["connections"]
    AppleEnrolment.objects.update(wake_at=timezone.now())

    assert wake_due_devices() == 1
    assert apns.counters["connections"] == connections + 1
    assert len(push._clients) == 1


def test_pushes_share_one_connection(apns: ApnsStandIn, tenant: Tenant, certificate: ApnsCertificate) -> None:
    for number in (1, 2, 3):
        due(tenant, number)
        wake_due_devices()

    assert apns.counters["connections"] == 1


BROKEN = {"certificate": "no certificate", "private_key": b"no key"}


@pytest.mark.parametrize("column", BROKEN)
def test_a_broken_certificate_row_puts_off_its_own_devices_only(
    apns: ApnsStandIn, tenant: Tenant, other_tenant: Tenant, push_credentials: PushCredentials, column: str
) -> None:
    broken = certify(tenant, push_credentials)
    setattr(broken, column, BROKEN[column])
    broken.save()
    certify(other_tenant, apns.root.new_push_credentials(topic=TOPIC))
    ours, _theirs = due(tenant, 1), due(other_tenant, 2)

    assert wake_due_devices() == 1
    assert wait_of(ours) > 10 * MINUTE
    assert "cannot be used" in ours.push_error


@pytest.mark.usefixtures("certificate")
def test_a_key_of_another_installation_holds_up_nobody_else(apns: ApnsStandIn, tenant: Tenant) -> None:
    unreadable, readable = due(tenant, 1), due(tenant, 2)
    AppleEnrolment.objects.filter(pk=unreadable.pk).update(push_token=b"\x01\x04lost" + b"x" * 40)

    assert wake_due_devices() == 1
    assert wait_of(unreadable) > 10 * MINUTE
    assert wait_of(readable) > 50 * MINUTE


@pytest.mark.usefixtures("certificate")
def test_an_enrolment_without_a_token_is_put_off(apns: ApnsStandIn, tenant: Tenant) -> None:
    enrolment = due(tenant, push_token=None)

    assert wake_due_devices() == 0
    assert wait_of(enrolment) > 10 * MINUTE


# --- secrets ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("certificate")
@pytest.mark.parametrize("reason", ["", "Unregistered", "InternalServerError", "PayloadTooLarge", "BadTopic"])
def test_neither_tokens_nor_magic_reach_the_log(
    apns: ApnsStandIn, tenant: Tenant, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], reason: str
) -> None:
    due(tenant, push_token=b"\xabtoken" * 5, push_magic=b"abracadabra")
    if reason:
        apns.misbehave(Fault(reason=reason))

    wake_due_devices()

    captured = capfd.readouterr()
    text = captured.out + captured.err + caplog.text
    assert not [secret for secret in ((b"\xabtoken" * 5).hex(), "token" * 2, "abracadabra") if secret in text]
