"""What fails is told by name, the rest is applied, and nothing is ever stuck."""

from django.utils import timezone

from commands.models import AppleDeclarations, AppleEnrolment, CommandStatus, Converge
from commands.models.status import OPEN, State
from commands.services.converges import comparing
from commands.services.converges.results import Result, Results
from commands.services.converges.sweeps import sweep_converges
from devices.models import AppliedSetting, BlueprintVersion, Device, DeviceInventory
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.conftest import ApiClient
from tests.factories.apple import handed, report
from tests.factories.blueprints import add_version
from tests.factories.converges import with_blueprint
from tests.factories.converging import (
    ALWAYS,
    NO_CAMERA,
    WEB_CLIP,
    WIFI,
    asked,
    brought_to_its_end,
    carried_out,
    commands_of,
)

Status = Converge.Status
CHAIN = [{"ErrorCode": 4001, "ErrorDomain": "MCInstallationErrorDomain", "LocalizedDescription": "No"}]
UPDATE = {"os_update_settings": {**ALWAYS, "target_os_version": "18.9", "target_local_datetime": "2030-01-01T20:00:00"}}
TIME_ZONE = {"timezone_settings": {**ALWAYS, "timezone": "Asia/Tokyo"}}


def refusing_first(phone: SimulatedAppleDevice) -> None:
    """The device refuses the first command it is given, and then goes away."""
    command = handed(report(phone))
    assert command is not None
    report(phone, "Error", command, ErrorChain=CHAIN)


def ended(converge: Converge) -> Converge:
    sweep_converges()
    converge.refresh_from_db()
    assert converge.ended_at is not None, (converge.status, converge.reason)
    return converge


def test_what_a_device_refuses_is_named_and_the_rest_is_applied(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    with_blueprint(device, ios={**NO_CAMERA, **WIFI, **WEB_CLIP})
    row = asked(api, device)
    refusing_first(phone)

    row = brought_to_its_end(phone, row)

    assert sorted(state for _, state in commands_of(row)) == ["Failure", "Success", "Success"]
    (refused,) = [title for title, state in commands_of(row) if state == "Failure"]
    assert row.status == Status.FAILURE
    assert row.reason.startswith(f"1 of 3 commands failed: {refused} (")
    device.refresh_from_db()
    assert (device.current_blueprint, device.converge_status) == (None, Device.ConvergeStatus.FAILED)


def test_the_next_one_sends_only_what_failed(api: ApiClient, phone: SimulatedAppleDevice, device: Device) -> None:
    blueprint = with_blueprint(device, ios={**NO_CAMERA, **WIFI})
    first = asked(api, device)
    refusing_first(phone)
    first = brought_to_its_end(phone, first)

    row = carried_out(api, phone, device)

    assert [title for title, _ in commands_of(row)] == [
        title for title, state in commands_of(first) if state == "Failure"
    ]
    assert row.status == Status.SUCCESS
    device.refresh_from_db()
    assert (device.current_blueprint_id, device.converge_status) == (blueprint.pk, "")


def test_a_failure_leaves_the_current_version_as_it_was(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    blueprint = with_blueprint(device, ios=WIFI)
    carried_out(api, phone, device)
    before = blueprint.published_version_id
    add_version(blueprint, ios={**WIFI, **NO_CAMERA})
    row = asked(api, device)
    refusing_first(phone)

    assert brought_to_its_end(phone, row).status == Status.FAILURE
    device.refresh_from_db()
    assert (device.current_blueprint_version_id, device.converge_status) == (before, "FAILED")


def test_a_device_that_will_not_say_what_it_has_ends_it(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    DeviceInventory.objects.all().delete()
    with_blueprint(device, ios=NO_CAMERA)
    row = asked(api, device)
    refusing_first(phone)

    row = ended(row)

    assert row.reason.startswith("The device did not say what it has. 1 of 1 command failed: What the device has (")


def test_removing_the_device_ends_it(api: ApiClient, device: Device) -> None:
    with_blueprint(device, ios=NO_CAMERA)
    row = asked(api, device)
    behind = asked(api, device)

    api.delete(f"/api/device/v0/devices/{device.pk}/")

    row = ended(row)
    assert row.status == Status.FAILURE
    assert "state 20 (Disabled)" in row.reason
    assert "The device was removed" in row.reason
    assert ended(behind).reason == "The device is not provisioned: it is in the state 20 (Disabled)."


def test_enrolling_anew_ends_it(api: ApiClient, phone: SimulatedAppleDevice, device: Device) -> None:
    with_blueprint(device, ios=NO_CAMERA)
    row = asked(api, device)
    AppleEnrolment.objects.filter(device=device).update(authenticated_at=timezone.now())
    CommandStatus.objects.update(state=State.CANCELLED, reason="The device was enrolled anew.")

    assert ended(row).reason.startswith("The device was enrolled anew. 1 of 1 command failed: Restrictions (")


def test_what_a_device_had_before_it_enrolled_anew_is_not_remembered(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    """The rest of the stage was still open when that began."""
    with_blueprint(device, ios={**NO_CAMERA, **WIFI})
    row = asked(api, device)
    report(phone, "Acknowledged", handed(report(phone)))
    AppleEnrolment.objects.filter(device=device).update(authenticated_at=timezone.now())
    CommandStatus.objects.filter(state__in=OPEN).update(state=State.FAILURE, reason="The device was enrolled anew.")

    assert sorted(state for _, state in commands_of(ended(row))) == ["Failure", "Success"]
    assert not AppliedSetting.objects.filter(device=device).exists()


def test_deleting_the_version_ends_what_has_not_begun(api: ApiClient, device: Device) -> None:
    blueprint = with_blueprint(device, ios=NO_CAMERA)
    row = asked(api, device)
    Device.objects.filter(pk=device.pk).update(assigned_blueprint=None)
    CommandStatus.objects.update(state=State.SUCCESS)
    BlueprintVersion.objects.filter(blueprint=blueprint).delete()

    assert ended(row).reason == "The version of the blueprint was deleted."


def test_a_blueprint_that_is_changed_meanwhile_is_for_the_next_one(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    blueprint = with_blueprint(device, ios=NO_CAMERA)
    row = asked(api, device)
    before = blueprint.published_version_id
    add_version(blueprint, ios=WEB_CLIP)

    brought_to_its_end(phone, row)

    assert (row.status, row.blueprint_version_id) == (Status.SUCCESS, before)
    assert [title for title, _ in commands_of(row)] == ["Restrictions"]
    device.refresh_from_db()
    assert device.current_blueprint_version_id == before


def test_what_is_refused_before_it_is_sent_ends_it_at_once(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    """The row is refused as the fan-out refuses it; nobody waits for the device."""
    Device.objects.filter(pk=device.pk).update(os_version="13.0")
    with_blueprint(device, ios=TIME_ZONE)

    row = asked(api, device)

    assert row.status == Status.FAILURE
    assert "The command needs iOS" in row.reason
    assert [state for _, state in commands_of(row)] == ["Failure"]


def test_what_was_applied_is_remembered_until_it_is_removed(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    blueprint = with_blueprint(device, ios=NO_CAMERA)
    row = carried_out(api, phone, device)
    (step,) = row.steps.all()
    assert AppliedSetting.objects.get(device=device, part=step.part).fingerprint == step.fingerprint

    add_version(blueprint, ios={})
    carried_out(api, phone, device)

    assert not AppliedSetting.objects.filter(device=device, part=step.part).exists()


def test_a_device_that_cannot_be_compared_is_no_harm_to_the_others(api: ApiClient, device: Device) -> None:
    """A broken version: nothing can be made of its settings."""
    blueprint = with_blueprint(device, ios=NO_CAMERA)
    BlueprintVersion.objects.filter(blueprint=blueprint).update(settings={"ios": {"wifi_networks": 7}})

    row = asked(api, device)

    assert row.status == Status.FAILURE
    assert row.reason == comparing.BROKEN.problem


def test_reasons_name_five_failures_and_count_the_others() -> None:
    def failure(number: int) -> Result:
        return Result(number, 1, "p", f"Part {number}", "", False, {}, State.TIMEOUT, "Late.", timezone.now())

    told = Results([failure(number) for number in range(1, 8)]).failures

    assert told.startswith("7 of 7 commands failed: Part 1 (Late); Part 2 (Late); ")
    assert told.endswith("Part 5 (Late); 2 more.")


def test_an_update_that_the_device_does_not_follow_is_a_failure_with_its_reason(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    with_blueprint(device, ios=UPDATE)
    carried_out(api, phone, device)
    row = AppleDeclarations.objects.get(device=device)
    (refused,) = (each for each in row.declarations if each["Identifier"].endswith("os-update"))
    told = {"identifier": refused["Identifier"], "server-token": refused["ServerToken"], "active": False}
    told |= {"valid": "invalid", "reasons": ["No (E.No)"]}
    AppleDeclarations.objects.update(status={"management.declarations": {"configurations": [told]}})

    again = carried_out(api, phone, device)

    assert commands_of(again) == []
    assert again.status == Status.FAILURE
    assert again.reason == "os_update_settings: The declaration was refused by the device: No (E.No)."
