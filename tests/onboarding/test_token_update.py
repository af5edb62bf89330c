"""TokenUpdate: enables, counts, keeps what is not repeated, and takes odd tokens."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from commands.models import AppleEnrolment, CommandRequest
from devices.models import DeviceState
from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import AuditEvent
from tests.factories.apple import CHECK_IN, CONNECT, check_in, issued, put, report, token_update
from tests.factories.fleet import TOPIC, row_of
from tests.factories.sealing import lose_key


def enrolment_of(device: SimulatedAppleDevice) -> AppleEnrolment:
    return AppleEnrolment.objects.get(device=row_of(device), channel="device")


def test_is_served_at_either_url(device: SimulatedAppleDevice) -> None:
    assert [token_update(device, path=path).status_code for path in (CHECK_IN, CONNECT)] == [200, 200]


def test_the_first_one_finishes_the_enrolment(device: SimulatedAppleDevice) -> None:
    row = row_of(device)

    assert (row.state, enrolment_of(device).token_updates) == (DeviceState.ACTIVE, 1)
    assert row.provisioned_on is not None
    assert AuditEvent.objects.filter(action="device.enrolled", object_id=str(row.pk)).count() == 1


def test_the_first_one_asks_the_device_about_itself_once(device: SimulatedAppleDevice) -> None:
    token_update(device)
    token_update(device)

    requests = CommandRequest.objects.filter(command="DEVICE_INFORMATION", devices=[row_of(device).pk])
    assert [request.is_internal for request in requests] == [True]
    assert enrolment_of(device).token_updates == 3


def test_without_authenticate_it_is_refused(link: EnrolmentProfile) -> None:
    assert token_update(issued(link), UDID="U-1").status_code == 403
    assert not AppleEnrolment.objects.exists()


def test_after_the_end_of_the_enrolment_it_is_refused(device: SimulatedAppleDevice) -> None:
    check_in(device, "CheckOut")

    assert token_update(device).status_code == 403
    assert not enrolment_of(device).is_enabled


def test_of_another_enrolment_is_refused(device: SimulatedAppleDevice, other_device: SimulatedAppleDevice) -> None:
    before = enrolment_of(device)

    response = token_update(other_device, UDID=device.udid)

    assert response.status_code == 403
    assert enrolment_of(device).push_token == before.push_token


def test_takes_a_token_of_any_length(device: SimulatedAppleDevice) -> None:
    for token, kept in ((b"\x01" * 10, b"\x01" * 10), (b"\x02" * 100, b"\x02" * 100), ("text", b"text")):
        assert token_update(device, Token=token).status_code == 200, token
        assert enrolment_of(device).push_token == kept


def test_two_devices_may_have_the_same_token(device: SimulatedAppleDevice, other_device: SimulatedAppleDevice) -> None:
    for each in (device, other_device):
        assert token_update(each, Token=b"\x05" * 32).status_code == 200
        assert enrolment_of(each).push_token == b"\x05" * 32


def test_without_token_or_magic_it_changes_nothing(device: SimulatedAppleDevice) -> None:
    before = enrolment_of(device)

    for name, value in (("Token", b""), ("Token", 7), ("PushMagic", ""), ("PushMagic", [])):
        assert token_update(device, **{name: value}).status_code == 400, (name, value)
        assert enrolment_of(device).token_updates == before.token_updates


def test_a_rotated_token_replaces_the_old_one_and_revives_a_dead_one(device: SimulatedAppleDevice) -> None:
    AppleEnrolment.objects.update(push_token_dead_at=timezone.now(), push_error="Unregistered (410)", push_failures=2)

    device.rotate_push_token()

    row = enrolment_of(device)
    assert bytes(row.push_token).hex() == device.push_token
    assert (row.push_token_dead_at, row.push_error, row.push_failures) == (None, "", 0)


def test_an_unlock_token_that_is_not_repeated_is_kept(device: SimulatedAppleDevice) -> None:
    before = enrolment_of(device).unlock_token

    token_update(device)

    assert before
    assert enrolment_of(device).unlock_token == before


def test_a_new_unlock_token_replaces_the_old_one(device: SimulatedAppleDevice) -> None:
    token_update(device, UnlockToken=b"new")

    assert enrolment_of(device).unlock_token == b"new"


def test_awaiting_configuration_that_is_not_repeated_is_kept(link: EnrolmentProfile) -> None:
    identity = issued(link)
    put(identity, {"MessageType": "Authenticate", "Topic": TOPIC, "UDID": "U-1", "AwaitingConfiguration": True})

    token_update(identity, UDID="U-1")
    assert AppleEnrolment.objects.get().awaiting_configuration is True
    token_update(identity, UDID="U-1", AwaitingConfiguration=False)
    assert AppleEnrolment.objects.get().awaiting_configuration is False


def test_a_users_channel_is_kept_beside_the_devices(device: SimulatedAppleDevice) -> None:
    user = {"UserID": "A-B", "UserShortName": "ann", "UserLongName": "Ann"}

    assert token_update(device, Token=b"user", **user).status_code == 200

    row = AppleEnrolment.objects.get(channel="user")
    assert (row.enrolment_id, row.user_name, row.push_token) == (f"{device.udid}:A-B", "ann", b"user")
    assert enrolment_of(device).push_token != b"user"


def test_one_user_of_two_devices_is_two_channels(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    for each in (device, other_device):
        token_update(each, UserID="A-B", UserShortName="ann")

    assert AppleEnrolment.objects.filter(channel="user", user_id="A-B").count() == 2


def test_users_of_a_shared_ipad_are_told_apart_by_name(device: SimulatedAppleDevice) -> None:
    shared = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"

    for name in ("ann", "bob"):
        assert token_update(device, UserID=shared, UserShortName=name).status_code == 200
    assert token_update(device, UserID=shared).status_code == 400

    assert set(AppleEnrolment.objects.filter(channel="user").values_list("user_id", flat=True)) == {"ann", "bob"}


def test_the_devices_end_ends_its_users_channels(device: SimulatedAppleDevice) -> None:
    token_update(device, UserID="A-B", UserShortName="ann")

    check_in(device, "CheckOut")

    assert not AppleEnrolment.objects.filter(enabled_at__isnull=False).exists()


def test_a_users_end_leaves_the_device_enrolled(device: SimulatedAppleDevice) -> None:
    token_update(device, UserID="A-B", UserShortName="ann")

    assert check_in(device, "CheckOut", UserID="A-B").status_code == 200

    assert AppleEnrolment.objects.get(channel="user").enabled_at is None
    assert report(device).status_code == 200


def test_the_tokens_are_sealed_in_the_database(device: SimulatedAppleDevice) -> None:
    token_update(device, Token=b"T" * 32, PushMagic="M" * 32, UnlockToken=b"U" * 32)

    for column, plain in {"push_token": b"T" * 32, "push_magic": b"M" * 32, "unlock_token": b"U" * 32}.items():
        stored = AppleEnrolment.objects.filter(device=row_of(device)).values_list(column, flat=True).get()
        assert plain not in bytes(stored)


def test_an_unlock_token_that_does_not_open_any_more_keeps_nobody_out(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice, settings: Settings
) -> None:
    before = enrolment_of(device).__dict__["unlock_token"]
    lose_key(settings)

    assert token_update(device, Token=b"\x09" * 32).status_code == 200
    assert token_update(other_device, UnlockToken=b"another").status_code == 200

    assert enrolment_of(device).push_token == b"\x09" * 32
    assert enrolment_of(device).__dict__["unlock_token"] == before
    assert enrolment_of(other_device).unlock_token == b"another"


def test_a_bootstrap_token_that_does_not_open_any_more_is_answered_as_none(
    device: SimulatedAppleDevice, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    device.set_bootstrap_token(b"secret")
    lose_key(settings)

    assert device.get_bootstrap_token() == b""
    assert "secret_not_opened" in caplog.text
