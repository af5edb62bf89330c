"""Simulated devices are switched on: from their box to their home screen, with authorities of every kind."""

from pathlib import Path
from typing import Any, get_args

import pytest
from pytest_django import Settings

from commands.models import AppleEnrolment, CommandStatus, Converge
from commands.models.status import State
from commands.services.converges.sweeps import sweep_converges
from commands.services.fan_out import fan_out
from commands.services.set_up.releasing import release_waiting
from devices.models import Device, DeviceState
from onboarding.models import DepProfile
from onboarding.simulation.apple_channel import EnrolmentFailed
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.dep.authority import DeviceAuthority, Kind
from tests.factories.ade import DepDeviceFactory, trust
from tests.factories.blueprints import BlueprintFactory
from tests.factories.converging import brought_to_its_end
from tests.factories.devices import DeviceGroupFactory
from tests.factories.fleet import row_of, simulated
from tests.factories.pki import key_pem, rsa_key


class Apple:
    """What devices ask Apple, without Apple: this profile, and certificates of this authority."""

    def __init__(self, profile: DepProfile, authority: DeviceAuthority) -> None:
        self.profile, self.authority = profile, authority

    def record(self, serial: str) -> dict[str, Any]:
        url = f"http://testserver/mdm/ade/{self.profile.token}"
        return {"url": url, "await_device_configured": self.profile.await_device_configured}

    def certificates(self, serial: str, public_key: str) -> list[str]:
        return self.authority.certify_pem(public_key, serial)["certificates"]


def authority_of(kind: Kind) -> DeviceAuthority:
    return DeviceAuthority(kind, key=b"" if kind == "ecdsa" else key_pem(rsa_key("simulated device CA")).encode())


@pytest.fixture
def apple(profile: DepProfile, settings: Settings, tmp_path: Path) -> Apple:
    authority = authority_of("plain")
    settings.ADE_DEVICE_CA_FILE = trust(tmp_path, authority.trusted_pem)
    return Apple(profile, authority)


@pytest.fixture
def boxed(apple: Apple) -> SimulatedAppleDevice:
    """In the list, and in its box."""
    phone = simulated(model="iPhone 15", os_version="18.1", activation=apple)
    DepDeviceFactory(apple.profile.tenant, phone.serial)
    return phone


def release() -> int:
    requests = release_waiting()
    for request_id in requests:
        fan_out(request_id)
    return len(requests)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_enrols_with_a_certificate_of_each_kind(
    apple: Apple, boxed: SimulatedAppleDevice, settings: Settings, tmp_path: Path, kind: Kind
) -> None:
    apple.authority = authority_of(kind)
    settings.ADE_DEVICE_CA_FILE = trust(tmp_path, apple.authority.trusted_pem)

    boxed.set_up()

    assert row_of(boxed).state == DeviceState.ACTIVE


def test_nobody_trusts_its_factory(boxed: SimulatedAppleDevice, settings: Settings) -> None:
    settings.ADE_DEVICE_CA_FILE = ""
    with pytest.raises(EnrolmentFailed, match="No issuer of Apple devices"):
        boxed.set_up()
    assert row_of(boxed).state == DeviceState.REGISTERED


def test_updates_enrols_converges_and_is_at_its_home_screen(apple: Apple, boxed: SimulatedAppleDevice) -> None:
    tenant = apple.profile.tenant
    settings = {"camera_settings": {"apply_policy": "PROVISION ONLY", "allow_camera_access": False}}
    blueprint = BlueprintFactory(tenant, ios=settings)
    apple.profile.group = DeviceGroupFactory(tenant=tenant, blueprint=blueprint)
    apple.profile.minimum_os_version = "18.2"
    apple.profile.save()

    boxed.set_up()

    assert row_of(boxed).os_version == "18.2"
    assert (boxed.state.in_setup, release()) == (True, 0)
    sweep_converges()
    converge = brought_to_its_end(boxed, Converge.objects.get())
    assert converge.status == Converge.Status.SUCCESS
    assert (boxed.state.in_setup, release()) == (True, 1)
    boxed.connect()
    assert (boxed.state.in_setup, AppleEnrolment.objects.get().awaiting_configuration) == (False, False)
    assert row_of(boxed).current_blueprint == blueprint
    assert release() == 0


def test_a_device_without_a_blueprint_is_asked_about_itself_and_goes_on(boxed: SimulatedAppleDevice) -> None:
    boxed.set_up()
    assert release() == 1
    boxed.connect()
    assert not boxed.state.in_setup
    assert set(CommandStatus.objects.values_list("state", flat=True)) <= {State.SUCCESS, State.QUEUED}


@pytest.mark.parametrize("fault", ["lose_replies", "lose_requests", "lose_commands", "repeat_replies", "put_off"])
def test_whatever_gets_lost_on_the_way_it_goes_on_once(boxed: SimulatedAppleDevice, fault: str) -> None:
    boxed.set_up()
    release()
    setattr(boxed.faults, fault, 3)

    for _ in range(12):
        boxed.connect()

    assert (boxed.state.in_setup, AppleEnrolment.objects.get().awaiting_configuration) == (False, False)
    assert CommandStatus.objects.filter(request__command="UPDATE_DEVICE_CONFIG").count() == 1


def test_the_device_of_another_list_is_refused(apple: Apple) -> None:
    stranger = simulated(7, activation=apple)
    with pytest.raises(EnrolmentFailed, match="403"):
        stranger.set_up()
    assert not Device.objects.filter(serial=stranger.serial).exists()
