"""Finishing enrolment brings a device to its blueprint, with what is for provisioning only."""

import pytest

from commands.models import CommandRequest, Converge
from commands.services.converges.sweeps import sweep_converges
from devices.models import AppliedSetting, Blueprint
from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import token_update
from tests.factories.blueprints import BlueprintFactory
from tests.factories.converging import brought_to_its_end, commands_of
from tests.factories.devices import DeviceGroupFactory
from tests.factories.fleet import enrol, row_of

PROVISION_ONLY = {"camera_settings": {"apply_policy": "PROVISION ONLY", "allow_camera_access": False}}


@pytest.fixture
def blueprint(link: EnrolmentProfile) -> Blueprint:
    """Of the group that devices join by the link."""
    blueprint = BlueprintFactory(link.tenant, ios=PROVISION_ONLY)
    link.group = DeviceGroupFactory(tenant=link.tenant, blueprint=blueprint, effective_blueprint=blueprint)
    link.save(update_fields=["group"])
    return blueprint


def test_a_device_whose_group_has_a_blueprint_is_brought_to_it(link: EnrolmentProfile, blueprint: Blueprint) -> None:
    phone = enrol(link)

    row = Converge.objects.get()
    told = (row.device_id, row.cause, row.converge_with_provision_option, row.created_by)
    assert told == (row_of(phone).pk, "enrolment", True, "muster")
    sweep_converges()
    row = brought_to_its_end(phone, row)
    assert commands_of(row) == [("What the device has", "Success"), ("Restrictions of provisioning", "Success")]
    assert row_of(phone).current_blueprint_id == blueprint.pk


def test_it_is_asked_about_itself_once(link: EnrolmentProfile, blueprint: Blueprint) -> None:
    enrol(link)
    sweep_converges()

    assert [request.command for request in CommandRequest.objects.all()] == ["DEVICE_INFORMATION"]


def test_without_a_published_version_it_is_only_asked(link: EnrolmentProfile, blueprint: Blueprint) -> None:
    Blueprint.objects.update(published_version=None)

    enrol(link)

    assert not Converge.objects.exists()
    assert CommandRequest.objects.get().command == "DEVICE_INFORMATION"


def test_a_renewed_identity_and_further_tokens_start_nothing(link: EnrolmentProfile, blueprint: Blueprint) -> None:
    phone = enrol(link)
    sweep_converges()
    brought_to_its_end(phone, Converge.objects.get())

    phone.renew_identity()
    token_update(phone)
    phone.connect()

    assert Converge.objects.count() == 1


def test_enrolling_anew_applies_it_anew(link: EnrolmentProfile, blueprint: Blueprint) -> None:
    """What was on the device before is gone, and so is what was known of it."""
    phone: SimulatedAppleDevice = enrol(link)
    sweep_converges()
    brought_to_its_end(phone, Converge.objects.get())
    assert AppliedSetting.objects.exists()

    phone = enrol(link)
    sweep_converges()
    row = brought_to_its_end(phone, Converge.objects.order_by("-created_at")[0])

    assert Converge.objects.count() == 2
    assert [title for title, _ in commands_of(row)] == ["What the device has", "Restrictions of provisioning"]
