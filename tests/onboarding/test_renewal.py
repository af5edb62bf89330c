"""A renewed identity keeps the enrolment's place: queue, tokens and state survive."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from commands.models import AppleEnrolment, CommandRequest, CommandStatus
from commands.models.status import State
from devices.models import Device
from onboarding.models import EnrolmentChallenge, EnrolmentProfile, IdentityCertificate
from onboarding.services.enrolment_profiles import issue_renewal_profile
from onboarding.services.renewals import prune_challenges, renew_identities
from onboarding.simulation.apple_channel import Refused
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import check_in, handed, identity_of, put, renewed, report
from tests.factories.commands import queued
from tests.factories.fleet import enrol, row_of

NEAR_THE_END = dt.timedelta(days=2 * 365 - 30)


def enrolment_of(device: SimulatedAppleDevice) -> AppleEnrolment:
    return AppleEnrolment.objects.get(device=row_of(device), channel="device")


@pytest.mark.parametrize("by_profile", [False, True], ids=["RenewalReq 17", "PKCSReq 19 with a new challenge"])
def test_keeps_queue_tokens_and_state(device: SimulatedAppleDevice, by_profile: bool) -> None:
    device.set_bootstrap_token(b"bootstrap")
    row, before = queued(row_of(device)), enrolment_of(device)
    profile = issue_renewal_profile(enrolment=before) if by_profile else None

    device.renew_identity(profile)

    after = enrolment_of(device)
    assert after.certificate_sha256 != before.certificate_sha256
    assert (after.bootstrap_token, after.unlock_token) == (b"bootstrap", before.unlock_token)
    assert (after.enabled_at, after.authenticated_at) == (before.enabled_at, before.authenticated_at)
    assert handed(report(device)) == str(row.pk)
    assert CommandRequest.objects.filter(command="DEVICE_INFORMATION").count() == 1


def test_the_old_identity_is_good_until_the_new_one_is_used(device: SimulatedAppleDevice) -> None:
    old = identity_of(device)
    new = renewed(device)

    assert put(old, {"UDID": device.udid, "Status": "Idle"}).status_code == 200
    assert check_in(new, "Authenticate", UDID=device.udid).status_code == 200
    assert put(old, {"UDID": device.udid, "Status": "Idle"}).status_code == 200
    assert put(new, {"UDID": device.udid, "Status": "Idle"}).status_code == 200
    assert put(old, {"UDID": device.udid, "Status": "Idle"}).status_code == 403


def test_an_authenticate_that_comes_twice_keeps_the_queue(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))
    device.renew_identity()

    assert check_in(device, "Authenticate").status_code == 200

    row.refresh_from_db()
    assert row.state == State.QUEUED
    assert report(device).status_code == 200


def test_a_renewed_identity_is_no_way_for_another_device(device: SimulatedAppleDevice) -> None:
    new = renewed(device)

    assert check_in(new, "Authenticate", UDID="another").status_code == 403
    assert Device.objects.count() == 1


def test_a_renewal_of_an_ended_enrolment_is_refused(device: SimulatedAppleDevice) -> None:
    profile = issue_renewal_profile(enrolment=enrolment_of(device))
    check_in(device, "CheckOut")

    with pytest.raises(Refused):
        device.renew_identity(profile)


def test_an_identity_that_was_renewed_away_does_not_come_back(device: SimulatedAppleDevice) -> None:
    old = identity_of(device)
    device.renew_identity()

    assert check_in(old, "Authenticate", UDID=device.udid).status_code == 403
    assert check_in(old, "TokenUpdate", UDID=device.udid, Token=b"x", PushMagic="y").status_code == 403


# --- by itself ----------------------------------------------------------------------------------------------------


def test_an_expiring_identity_is_renewed_by_itself(
    link: EnrolmentProfile,
    device: SimulatedAppleDevice,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    before = enrolment_of(device)
    with time_machine.travel(timezone.now() + NEAR_THE_END, tick=False):
        with django_capture_on_commit_callbacks(execute=True):
            assert renew_identities() == 1
        waiting = queued(row_of(device), not_before=timezone.now() + dt.timedelta(minutes=1))

        executed = device.connect().executed

        assert [(step.request_type, step.status) for step in executed] == [("InstallProfile", "Acknowledged")]
        assert IdentityCertificate.objects.get(enrolment=before, renews=before).not_after > timezone.now()
        waiting.refresh_from_db()
        assert waiting.state == State.QUEUED
    assert enrolment_of(device).unlock_token == before.unlock_token


def test_an_identity_with_time_left_is_let_alone(device: SimulatedAppleDevice) -> None:
    assert renew_identities() == 0


def test_a_renewal_is_asked_for_once(link: EnrolmentProfile, device: SimulatedAppleDevice) -> None:
    with time_machine.travel(timezone.now() + NEAR_THE_END, tick=False):
        assert [renew_identities(), renew_identities()] == [1, 0]

    request = CommandRequest.objects.get(command="INSTALL_PROFILE")
    assert (request.is_internal, request.created_by) == (True, "identity renewal")


def test_a_renewal_that_still_waits_is_not_repeated_after_a_week(
    device: SimulatedAppleDevice, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with (
        time_machine.travel(timezone.now() + NEAR_THE_END, tick=False),
        django_capture_on_commit_callbacks(execute=True),
    ):
        renew_identities()
    with time_machine.travel(timezone.now() + NEAR_THE_END + dt.timedelta(days=8), tick=False):
        assert renew_identities() == 0


def test_a_renewal_that_failed_is_tried_again_after_a_week(
    device: SimulatedAppleDevice, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with (
        time_machine.travel(timezone.now() + NEAR_THE_END, tick=False),
        django_capture_on_commit_callbacks(execute=True),
    ):
        renew_identities()
    CommandStatus.objects.update(state=State.FAILURE)

    with time_machine.travel(timezone.now() + NEAR_THE_END + dt.timedelta(days=6), tick=False):
        assert renew_identities() == 0
    with time_machine.travel(timezone.now() + NEAR_THE_END + dt.timedelta(days=8), tick=False):
        assert renew_identities() == 1


def test_a_device_that_left_is_not_renewed(device: SimulatedAppleDevice) -> None:
    check_in(device, "CheckOut")

    with time_machine.travel(timezone.now() + NEAR_THE_END, tick=False):
        assert renew_identities() == 0


def test_every_device_gets_a_challenge_of_its_own(link: EnrolmentProfile, device: SimulatedAppleDevice) -> None:
    other = enrol(link, 3)

    with time_machine.travel(timezone.now() + NEAR_THE_END, tick=False):
        assert renew_identities() == 2

    renewed = set(EnrolmentChallenge.objects.filter(renews__isnull=False).values_list("renews", flat=True))
    assert renewed == {enrolment_of(device).pk, enrolment_of(other).pk}


def test_a_tenant_without_its_authority_holds_up_no_other(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    row_of(other_device).tenant.device_authority.delete()

    with time_machine.travel(timezone.now() + NEAR_THE_END, tick=False):
        assert renew_identities() == 1


def test_challenges_that_nobody_used_go_a_day_after_their_end(
    link: EnrolmentProfile, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    """Those that a device used are kept; so is a renewal's until the device may be sent another."""
    used = set(EnrolmentChallenge.objects.values_list("pk", flat=True))
    now = timezone.now()
    for hours in (-25, -23, 1):
        EnrolmentChallenge.objects.create(
            tenant=link.tenant, profile=link, digest=str(hours), expires_at=now + dt.timedelta(hours=hours)
        )
    EnrolmentChallenge.objects.update(created_at=now - dt.timedelta(days=8))
    for days in (-6, -8):
        EnrolmentChallenge.objects.create(
            tenant=link.tenant,
            renews=enrolment_of(device),
            digest=str(days),
            created_at=now + dt.timedelta(days=days),
            expires_at=now - dt.timedelta(days=2),
        )
    EnrolmentChallenge.objects.filter(pk__in=used).update(expires_at=now - dt.timedelta(days=2))

    assert prune_challenges() == 2

    left = EnrolmentChallenge.objects.exclude(pk__in=used)
    assert set(left.values_list("digest", flat=True)) == {"-23", "1", "-6"}
    assert EnrolmentChallenge.objects.filter(pk__in=used).count() == len(used) == 2
