"""A simulated device that is switched on, against the real server: Apple's stand-in tells it where to go."""

import plistlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from commands.models import AppleEnrolment
from devices.models import Device, DeviceState
from onboarding.models import DepProfile
from onboarding.simulation.apple_channel import EnrolmentFailed
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.dep import DepStandIn, MdmServer
from onboarding.simulation.dep.authority import Kind
from tenants.models import Tenant
from tests.factories.ade import DepDeviceFactory, DepProfileFactory, ask, machine_info, trust
from tests.factories.dep import activation_of, assigned, dep_service, factory
from tests.factories.fleet import key_number, ready_to_enrol, simulated


@pytest.fixture
def dep(settings: Settings) -> Iterator[DepStandIn]:
    with dep_service(settings, authority=factory()) as stand_in:
        yield stand_in


@pytest.fixture
def new(dep: DepStandIn, mdm_server: MdmServer, settings: Settings, tmp_path: Path) -> Iterator[SimulatedAppleDevice]:
    """Nobody has been told of it yet; the settings trust its factory."""
    settings.ADE_DEVICE_CA_FILE = trust(tmp_path, dep.authority.trusted_pem)
    with activation_of(dep) as activation:
        yield simulated(3, supervised=None, model="iPhone 15", os_version="17.6.1", activation=activation)


def is_for(new: SimulatedAppleDevice, profile: DepProfile, mdm_server: MdmServer) -> None:
    """Bought, listed, and assigned the profile."""
    DepDeviceFactory(profile.tenant, new.serial)
    assigned(mdm_server, new, f"http://testserver/mdm/ade/{profile.token}", await_device_configured=True)


def test_enrols_as_the_device_that_is_registered(
    profile: DepProfile, new: SimulatedAppleDevice, mdm_server: MdmServer
) -> None:
    is_for(new, profile, mdm_server)

    new.set_up()

    device = Device.objects.get(serial=new.serial)
    assert (device.state, device.udid, device.dep_profile_status) == (DeviceState.ACTIVE, new.udid, "pushed")
    assert AppleEnrolment.objects.get().awaiting_configuration
    assert new.connect().ending == "finished"


def test_updates_first_where_the_profile_wants_a_newer_system(
    profile: DepProfile, new: SimulatedAppleDevice, mdm_server: MdmServer
) -> None:
    profile.minimum_os_version = "18.1"
    profile.save()
    is_for(new, profile, mdm_server)

    new.set_up()

    assert (new.hardware.os.version, new.state.setup_updates, new.is_enrolled) == ("18.1", 1, True)
    assert Device.objects.get(serial=new.serial).os_version == "18.1"


def test_another_tenants_address_does_not_enrol_it(
    profile: DepProfile, other_tenant: Tenant, new: SimulatedAppleDevice, mdm_server: MdmServer
) -> None:
    ready_to_enrol(other_tenant)
    theirs = DepProfileFactory(other_tenant, is_default=True)
    DepDeviceFactory(profile.tenant, new.serial)
    assigned(mdm_server, new, f"http://testserver/mdm/ade/{theirs.token}")

    with pytest.raises(EnrolmentFailed, match="HTTP 403"):
        new.set_up()
    assert Device.objects.get().state == DeviceState.REGISTERED


@pytest.mark.parametrize("kind", ["plain", "sha1", "expired", "intermediate", "ecdsa"])
def test_takes_the_word_of_a_factory_that_is_trusted(
    profile: DepProfile, settings: Settings, tmp_path: Path, kind: Kind
) -> None:
    authority = factory(kind)
    DepDeviceFactory(profile.tenant, "FROMTHERE1")
    identity = authority.identity("FROMTHERE1", key=None if kind == "ecdsa" else key_number(2))
    message = identity.sign(plistlib.dumps(machine_info("FROMTHERE1")))
    assert ask(profile, message).status_code == 403

    settings.ADE_DEVICE_CA_FILE = trust(tmp_path, authority.trusted_pem)

    assert ask(profile, message).status_code == 200
