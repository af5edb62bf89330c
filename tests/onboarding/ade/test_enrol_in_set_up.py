"""The enrolment that follows: by the one device that the profile was handed out to."""

import pytest

from commands.models import AppleEnrolment, CommandStatus
from commands.models.status import State
from commands.services.fan_out import fan_out
from commands.services.set_up.releasing import release_waiting
from devices.models import Device, DeviceState
from onboarding.models import DepDevice, DepProfile, EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_profile import read_enrolment
from onboarding.simulation.identity import Identity
from onboarding.simulation.scep_client import PKCS_REQ, ScepClient
from tenants.models import Tenant
from tests.factories.ade import DepDeviceFactory, DepProfileFactory, ask, machine_info
from tests.factories.apple import check_in, put, report, token_update
from tests.factories.devices import DeviceGroupFactory
from tests.factories.fleet import InProcess, download, enrol, key_number, ready_to_enrol, row_of, simulated


def handed_out(profile: DepProfile, serial: str) -> bytes:
    answer = ask(profile, machine_info(serial))
    assert answer.status_code == 200, answer.content
    return bytes(answer.content)


def identity_by(content: bytes, number: int = 970) -> Identity:
    """By SCEP with the challenge of this profile; nothing has been said with it yet."""
    scep, key = read_enrolment(content).scep, key_number(number)
    signer = Identity.self_signed(key, scep.x509_subject())
    return Identity(key, ScepClient(InProcess(), scep).request_certificate(key, signer, message_type=PKCS_REQ))


def authenticate(identity: Identity, serial: str | None, udid: str = "UDID-1", **more: object) -> int:
    told = {} if serial is None else {"SerialNumber": serial}
    message = {"MessageType": "Authenticate", "Topic": "t", "UDID": udid, **told, **more}
    return put(identity, message).status_code


@pytest.fixture
def new(tenant: Tenant) -> SimulatedAppleDevice:
    """In Apple's list, not switched on yet."""
    device = simulated()
    DepDeviceFactory(tenant, device.serial)
    return device


def test_the_registered_device_becomes_active(profile: DepProfile, new: SimulatedAppleDevice) -> None:
    before = row_of(new)

    new.enrol(handed_out(profile, new.serial))

    device = Device.objects.get()
    assert (device.pk, device.state, device.udid) == (before.pk, DeviceState.ACTIVE, new.udid)
    assert device.device_source == Device.Source.ABM


def test_lands_in_the_group_of_the_profile(profile: DepProfile, new: SimulatedAppleDevice, tenant: Tenant) -> None:
    profile.group = DeviceGroupFactory(tenant=tenant)
    profile.save()

    new.enrol(handed_out(profile, new.serial))

    assert row_of(new).group == profile.group


def test_stays_in_the_group_that_it_has(profile: DepProfile, new: SimulatedAppleDevice, tenant: Tenant) -> None:
    group, profile.group = DeviceGroupFactory(tenant=tenant), DeviceGroupFactory(tenant=tenant)
    profile.save()
    Device.objects.update(group=group)

    new.enrol(handed_out(profile, new.serial))

    assert row_of(new).group == group


@pytest.mark.parametrize("serial", ["C02ABC999", "", None])
def test_another_device_cannot_use_the_profile(profile: DepProfile, listed: DepDevice, serial: str | None) -> None:
    identity = identity_by(handed_out(profile, "C02ABC123"))

    assert authenticate(identity, serial) == 403

    assert not AppleEnrolment.objects.exists()
    assert list(Device.objects.values_list("serial", "state")) == [("C02ABC123", DeviceState.REGISTERED)]


def test_a_known_device_cannot_be_taken_over_with_anothers_profile(
    profile: DepProfile, listed: DepDevice, tenant: Tenant
) -> None:
    victim = enrol(EnrolmentProfile.objects.get(tenant=tenant))
    identity = identity_by(handed_out(profile, "C02ABC123"))

    assert authenticate(identity, victim.serial, victim.udid) == 403

    assert row_of(victim).state == DeviceState.ACTIVE
    assert AppleEnrolment.objects.get(device=row_of(victim)).is_enabled


def test_one_more_try_with_the_right_serial_is_welcome(profile: DepProfile, listed: DepDevice) -> None:
    identity = identity_by(handed_out(profile, "C02ABC123"))
    assert authenticate(identity, "C02ABC999") == 403
    assert authenticate(identity, "C02ABC123") == 200


def test_a_serial_in_small_letters_is_the_same_device(profile: DepProfile, listed: DepDevice) -> None:
    identity = identity_by(handed_out(profile, "C02ABC123"))

    assert authenticate(identity, "c02abc123") == 200

    assert list(Device.objects.values_list("pk", "serial")) == [(listed.device_id, "C02ABC123")]


def test_the_binding_outlives_the_profile(profile: DepProfile, listed: DepDevice) -> None:
    identity = identity_by(handed_out(profile, "C02ABC123"))
    profile.delete()
    assert authenticate(identity, "C02ABC999") == 403
    assert authenticate(identity, "C02ABC123") == 200


def test_a_profile_of_one_tenant_enrols_nobody_with_another(
    profile: DepProfile, listed: DepDevice, other_tenant: Tenant
) -> None:
    ready_to_enrol(other_tenant)
    theirs = DepDeviceFactory(other_tenant, "C02ABC123")
    content = handed_out(DepProfileFactory(other_tenant), "C02ABC123")

    assert authenticate(identity_by(content), "C02ABC123") == 200

    assert AppleEnrolment.objects.get().device_id == theirs.device_id
    assert Device.objects.get(pk=listed.device_id).state == DeviceState.REGISTERED


def test_an_erased_device_comes_back_as_itself(profile: DepProfile, new: SimulatedAppleDevice) -> None:
    new.enrol(handed_out(profile, new.serial))
    before = row_of(new).pk

    new.enrol(handed_out(profile, new.serial))

    assert (Device.objects.get().pk, AppleEnrolment.objects.count()) == (before, 1)


def test_one_that_enrolled_by_a_link_before_keeps_its_row(
    profile: DepProfile, new: SimulatedAppleDevice, tenant: Tenant
) -> None:
    new.enrol(download(EnrolmentProfile.objects.get(tenant=tenant)))

    new.enrol(handed_out(profile, new.serial))

    assert Device.objects.get().device_source == Device.Source.ABM


class TestAwaitingConfiguration:
    def enrolment(self) -> AppleEnrolment:
        return AppleEnrolment.objects.get()

    def test_a_device_waits_if_the_profile_says_so(self, profile: DepProfile, listed: DepDevice) -> None:
        identity = identity_by(handed_out(profile, "C02ABC123"))
        authenticate(identity, "C02ABC123")
        assert self.enrolment().awaiting_configuration is True
        token_update(identity, UDID="UDID-1")
        assert self.enrolment().awaiting_configuration is True

    def test_it_knows_best_itself(self, profile: DepProfile, listed: DepDevice) -> None:
        identity = identity_by(handed_out(profile, "C02ABC123"))
        authenticate(identity, "C02ABC123")
        token_update(identity, UDID="UDID-1", AwaitingConfiguration=False)
        assert self.enrolment().awaiting_configuration is False

    def test_it_does_not_if_the_profile_does_not(self, profile: DepProfile, listed: DepDevice) -> None:
        profile.await_device_configured = False
        profile.save()
        identity = identity_by(handed_out(profile, "C02ABC123"))
        authenticate(identity, "C02ABC123")
        assert self.enrolment().awaiting_configuration is None
        token_update(identity, UDID="UDID-1", AwaitingConfiguration=True)
        assert self.enrolment().awaiting_configuration is True

    def test_one_that_came_by_a_link_does_not(self, link: EnrolmentProfile) -> None:
        assert check_in(enrol(link), "Authenticate").status_code == 200
        assert self.enrolment().awaiting_configuration is None


def test_a_release_of_the_enrolment_before_does_not_count(profile: DepProfile, new: SimulatedAppleDevice) -> None:
    new.enrol(handed_out(profile, new.serial))
    token_update(new, AwaitingConfiguration=True)
    (request_id,) = release_waiting()
    fan_out(request_id)
    row = CommandStatus.objects.get(request=request_id)
    CommandStatus.objects.filter(pk=row.pk).update(state=State.TIMEOUT)

    new.enrol(handed_out(profile, new.serial))
    token_update(new, AwaitingConfiguration=True)
    assert AppleEnrolment.objects.get().release_sent_at is None
    report(new, "Acknowledged", row.pk)

    assert AppleEnrolment.objects.get().awaiting_configuration is True
    assert len(release_waiting()) == 1
