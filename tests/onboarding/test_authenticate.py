"""Authenticate: who may enrol, what of it is kept, and how often it may come."""

import pytest

from commands.models import AppleEnrolment
from devices.models import Device, DeviceGroup, DeviceState
from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.factories.apple import CHECK_IN, CONNECT, check_in, issued, put, report, token_update
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory
from tests.factories.fleet import TOPIC, enrol, row_of

FIRST = {"MessageType": "Authenticate", "Topic": TOPIC, "UDID": "U-1", "SerialNumber": "S-1", "DeviceName": "Phone"}


@pytest.mark.parametrize("path", [CHECK_IN, CONNECT])
def test_is_served_at_either_url(link: EnrolmentProfile, path: str) -> None:
    assert put(issued(link), FIRST, path=path).status_code == 200


def test_needs_no_more_than_udid_topic_name_and_serial(link: EnrolmentProfile) -> None:
    put(issued(link), FIRST)

    device = Device.objects.get(tenant=link.tenant)
    assert (device.udid, device.serial, device.name) == ("U-1", "S-1", "Phone")
    assert device.state == DeviceState.ONBOARDING_IN_PROGRESS


def test_a_device_without_a_name_gets_one(link: EnrolmentProfile) -> None:
    put(issued(link), {"MessageType": "Authenticate", "Topic": TOPIC, "UDID": "U-1"})

    assert Device.objects.get().name


def test_a_user_enrolment_is_known_by_its_enrolment_id(link: EnrolmentProfile) -> None:
    identity = issued(link)
    put(identity, {"MessageType": "Authenticate", "Topic": TOPIC, "EnrollmentID": "E-1"})
    token_update(identity, EnrollmentID="E-1")

    device = Device.objects.get()
    assert (device.udid, device.enrolment_id, device.state) == ("", "E-1", DeviceState.ACTIVE)
    assert put(identity, {"EnrollmentID": "E-1", "Status": "Idle"}).status_code == 200


@pytest.mark.parametrize("ids", [{}, {"UDID": ""}, {"UDID": b"bytes"}, {"UDID": "a:b"}, {"UDID": []}])
def test_refuses_a_message_without_a_usable_id(link: EnrolmentProfile, ids: dict[str, object]) -> None:
    assert put(issued(link), {"MessageType": "Authenticate", "Topic": TOPIC, **ids}).status_code == 400
    assert not Device.objects.exists()


def test_comes_twice_and_makes_one_device(link: EnrolmentProfile) -> None:
    identity = issued(link)

    assert [put(identity, FIRST).status_code for _ in range(2)] == [200, 200]
    assert Device.objects.count() == AppleEnrolment.objects.count() == 1


def test_does_not_enable_the_device(link: EnrolmentProfile) -> None:
    identity = issued(link)
    put(identity, FIRST)

    assert put(identity, {"UDID": "U-1", "Status": "Idle"}).status_code == 403
    assert not AppleEnrolment.objects.get().is_enabled


def test_puts_the_device_into_the_links_group(link: EnrolmentProfile) -> None:
    group: DeviceGroup = DeviceGroupFactory(tenant=link.tenant)
    EnrolmentProfile.objects.filter(pk=link.pk).update(group=group)

    put(issued(link), FIRST)

    assert Device.objects.get().group == group


def test_finds_the_device_that_was_registered_by_its_serial(link: EnrolmentProfile) -> None:
    known = DeviceFactory(tenant=link.tenant, serial="S-1", udid="", state=DeviceState.REGISTERED, alias="Reception")

    put(issued(link), FIRST)

    device = Device.objects.get()
    assert (device.pk, device.udid, device.alias) == (known.pk, "U-1", "Reception")


def test_finds_the_device_by_its_udid_in_any_case(link: EnrolmentProfile) -> None:
    known = DeviceFactory(tenant=link.tenant, serial="", udid="u-1")

    put(issued(link), FIRST)

    assert Device.objects.get().pk == known.pk


def test_the_same_serial_in_two_tenants_is_two_devices(link: EnrolmentProfile, other_tenant: Tenant) -> None:
    theirs = DeviceFactory(tenant=other_tenant, serial="S-1", udid="U-1")

    put(issued(link), FIRST)

    ours = Device.objects.get(tenant=link.tenant)
    theirs.refresh_from_db()
    assert (ours.serial, ours.udid) == (theirs.serial, theirs.udid)


def test_a_serial_of_another_platform_is_refused_for_good(link: EnrolmentProfile) -> None:
    AndroidFactory(tenant=link.tenant, serial="S-1")

    assert put(issued(link), FIRST).status_code == 400


def test_a_certificate_of_one_enrolment_cannot_begin_another(
    link: EnrolmentProfile, device: SimulatedAppleDevice
) -> None:
    before = row_of(device).updated_at

    response = check_in(device, "Authenticate", UDID="another")

    assert response.status_code == 403
    assert Device.objects.count() == 1
    assert row_of(device).updated_at == before


def test_a_certificate_cannot_take_over_another_enrolment(link: EnrolmentProfile, device: SimulatedAppleDevice) -> None:
    other = enrol(link, 2)

    assert check_in(device, "Authenticate", UDID=other.udid).status_code == 403
    assert report(other).status_code == 200


def test_a_replaced_certificate_cannot_come_back(link: EnrolmentProfile) -> None:
    first, second = issued(link, 901), issued(link, 902)
    for identity in (first, second):
        put(identity, FIRST)
        token_update(identity, UDID="U-1")

    assert put(first, FIRST).status_code == 403
    assert token_update(first, UDID="U-1").status_code == 403
    assert put(second, {"UDID": "U-1", "Status": "Idle"}).status_code == 200


def test_another_tenants_device_is_never_found(link: EnrolmentProfile, other_device: SimulatedAppleDevice) -> None:
    put(issued(link), {**FIRST, "UDID": other_device.udid, "SerialNumber": other_device.serial})

    assert Device.objects.filter(serial=other_device.serial).count() == 2
    assert report(other_device).status_code == 200
