"""A new enrolment of a known device begins from nothing; its board or serial may have moved."""

import pytest

from apps_domain.models import DeviceApp
from commands.models import AppleAppLists, AppleEnrolment
from commands.models.status import State
from devices.models import Device, DeviceProfile, DeviceState
from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.factories.apple import check_in, handed, issued, put, report, token_update
from tests.factories.apps import StoreAppFactory, licensed, on_a_device
from tests.factories.commands import queued
from tests.factories.fleet import TOPIC, download, row_of
from tests.factories.licences import AssignmentFactory


def enrolment_of(device: SimulatedAppleDevice) -> AppleEnrolment:
    return AppleEnrolment.objects.get(device=row_of(device), channel="device")


def again(device: SimulatedAppleDevice, link: EnrolmentProfile) -> None:
    device.enrol(download(link))


def test_keeps_the_device_and_its_one_enrolment(link: EnrolmentProfile, device: SimulatedAppleDevice) -> None:
    before = row_of(device).pk

    again(device, link)

    assert row_of(device).pk == before
    assert AppleEnrolment.objects.count() == 1


def test_cancels_what_was_never_delivered(link: EnrolmentProfile, device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))

    again(device, link)

    row.refresh_from_db()
    assert (row.state, row.reason) == (State.CANCELLED, "The device was enrolled anew.")


@pytest.mark.parametrize("answer", [None, "NotNow"])
def test_fails_what_was_delivered(link: EnrolmentProfile, device: SimulatedAppleDevice, answer: str | None) -> None:
    row = queued(row_of(device))
    handed(report(device))
    if answer:
        report(device, answer, row.pk)

    again(device, link)

    row.refresh_from_db()
    assert (row.state, row.reason) == (State.FAILURE, "The device was enrolled anew.")
    assert handed(report(device)) is None


def test_our_apps_are_gone_and_their_licences_given_back(
    link: EnrolmentProfile, device: SimulatedAppleDevice, tenant: Tenant, other_tenant: Tenant
) -> None:
    row = row_of(device)
    app, foreign = StoreAppFactory(tenant), StoreAppFactory(other_tenant)
    on_a_device(app, device=row)
    on_a_device(foreign)
    assignment = AssignmentFactory(licensed(app), row.serial)
    theirs = AssignmentFactory(licensed(foreign), row.serial)

    again(device, link)

    assert [each.tenant for each in DeviceApp.objects.all()] == [other_tenant]
    assignment.refresh_from_db()
    theirs.refresh_from_db()
    assert (assignment.state, theirs.state) == ("unwanted", "assigned")


def test_leaves_final_rows_as_they_are(link: EnrolmentProfile, device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), state=State.SUCCESS, reason="before")

    again(device, link)

    row.refresh_from_db()
    assert (row.state, row.reason) == (State.SUCCESS, "before")


def test_clears_the_tokens_and_the_state_of_pushing(link: EnrolmentProfile, device: SimulatedAppleDevice) -> None:
    row = enrolment_of(device)
    row.bootstrap_token, row.push_error, row.push_failures = b"bootstrap", "Unregistered (410)", 3
    row.push_token_dead_at = row.pushed_at = row.wake_at = row.created_at
    row.save()
    device.state.management = None
    identity = issued(link)

    put(identity, {"MessageType": "Authenticate", "UDID": device.udid, "SerialNumber": device.serial, "Topic": TOPIC})

    row.refresh_from_db()
    assert [row.push_token, row.push_magic, row.unlock_token, row.bootstrap_token] == [None] * 4
    assert [row.push_token_dead_at, row.pushed_at, row.wake_at, row.enabled_at] == [None] * 4
    assert (row.push_failures, row.push_error, row.token_updates) == (0, "", 0)


def test_the_same_identity_may_begin_anew_while_it_is_enrolled(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))

    assert check_in(device, "Authenticate").status_code == 200
    assert report(device).status_code == 403
    assert token_update(device).status_code == 200

    row.refresh_from_db()
    assert row.state == State.CANCELLED
    assert report(device).status_code == 200


def test_a_removed_device_comes_back_with_a_new_profile(link: EnrolmentProfile, device: SimulatedAppleDevice) -> None:
    device.check_out()
    assert row_of(device).state == DeviceState.DISABLED

    again(device, link)

    assert row_of(device).state == DeviceState.ACTIVE
    assert report(device).status_code == 200


def introduce(link: EnrolmentProfile, number: int, udid: str, serial: str) -> None:
    identity = issued(link, number)
    ids = {"UDID": udid, "SerialNumber": serial}
    assert put(identity, {"MessageType": "Authenticate", "Topic": TOPIC, **ids}).status_code == 200
    assert token_update(identity, UDID=udid).status_code == 200


def test_a_serial_with_a_new_udid_is_the_same_device(link: EnrolmentProfile) -> None:
    introduce(link, 901, "U-1", "S-1")
    introduce(link, 902, "U-2", "S-1")

    device = Device.objects.get()
    assert (device.udid, AppleEnrolment.objects.get().enrolment_id) == ("U-2", "U-2")


def test_a_udid_with_a_new_serial_is_the_same_device(link: EnrolmentProfile) -> None:
    introduce(link, 901, "U-1", "S-1")
    introduce(link, 902, "U-1", "S-2")

    assert Device.objects.get().serial == "S-2"


def test_a_udid_that_moved_into_another_enrolled_device_ends_the_old_ones_enrolment(link: EnrolmentProfile) -> None:
    introduce(link, 901, "U-1", "S-1")
    introduce(link, 902, "U-2", "S-2")
    waiting = queued(Device.objects.get(serial="S-1"))

    introduce(link, 903, "U-1", "S-2")

    old, new = Device.objects.get(serial="S-1"), Device.objects.get(serial="S-2")
    waiting.refresh_from_db()
    assert (old.udid, old.state, new.udid, new.state) == ("", DeviceState.DISABLED, "U-1", DeviceState.ACTIVE)
    assert waiting.state == State.CANCELLED
    assert list(AppleEnrolment.objects.values_list("device", "enrolment_id")) == [(new.pk, "U-1")]


def test_a_udid_that_moved_into_a_registered_device_takes_no_queue_along(link: EnrolmentProfile) -> None:
    introduce(link, 901, "U-1", "S-1")
    waiting = queued(Device.objects.get(serial="S-1"))
    registered = Device.objects.create(tenant=link.tenant, platform="APPLE", serial="S-2", state=200)

    introduce(link, 902, "U-1", "S-2")

    waiting.refresh_from_db()
    assert waiting.state == State.CANCELLED
    assert AppleEnrolment.objects.get().device_id == registered.pk


def test_touches_nothing_of_another_tenant(
    link: EnrolmentProfile, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    theirs = queued(row_of(other_device))

    again(device, link)

    theirs.refresh_from_db()
    assert theirs.state == State.QUEUED
    assert handed(report(other_device)) == str(theirs.pk)


def test_forgets_the_profiles_and_app_lists_of_the_former_management(
    link: EnrolmentProfile, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    for each in (device, other_device):
        AppleAppLists.objects.create(device=row_of(each), blocked=["com.example.notes"])
        DeviceProfile.objects.create(device=row_of(each), identifier="org.muster.commands.apps", is_managed=True)
        DeviceProfile.objects.create(device=row_of(each), identifier="somebody.elses")

    again(device, link)

    assert AppleAppLists.objects.get().device == row_of(other_device)
    assert [row.identifier for row in DeviceProfile.objects.filter(device=row_of(device))] == ["somebody.elses"]
    assert DeviceProfile.objects.filter(device=row_of(other_device)).count() == 2
