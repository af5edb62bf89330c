"""What somebody takes off a device is not the blueprint's any more when it comes back."""

from django.utils import timezone

from commands.models import Converge
from devices.models import AppliedSetting, Device, DeviceInventory, DeviceProfile, InstalledApp
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.conftest import ApiClient
from tests.factories.converges import with_blueprint
from tests.factories.converging import NO_CAMERA, carried_out, commands_of

APP, PROFILE = "app:com.example.till", "custom_profile:com.example.vpn"


def brought_earlier(device: Device) -> None:
    """By a blueprint that the device has no more."""
    for part, details in ((APP, {"bundle_id": "com.example.till"}), (PROFILE, {"identifier": "com.example.vpn"})):
        AppliedSetting.objects.create(device=device, part=part, fingerprint="1", details=details)


def put_there(device: Device) -> None:
    """By a person's commands."""
    InstalledApp.objects.create(
        device=device, identifier="com.example.till", is_managed=True, updated_at=timezone.now()
    )
    DeviceProfile.objects.create(device=device, identifier="com.example.vpn", uuid="A")


def remembered(device: Device) -> set[str]:
    return set(AppliedSetting.objects.filter(device=device, part__in=[APP, PROFILE]).values_list("part", flat=True))


def test_what_was_removed_by_hand_and_put_back_by_people_stays(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    with_blueprint(device, ios=NO_CAMERA)
    brought_earlier(device)
    carried_out(api, phone, device)
    put_there(device)

    row = carried_out(api, phone, device)

    assert (row.status, commands_of(row)) == (Converge.Status.SUCCESS, [])
    assert remembered(device) == set()


def test_what_is_still_there_goes(api: ApiClient, phone: SimulatedAppleDevice, device: Device) -> None:
    with_blueprint(device, ios=NO_CAMERA)
    brought_earlier(device)
    put_there(device)

    titles = {title for title, _ in commands_of(carried_out(api, phone, device))}

    assert titles == {"Restrictions", "Remove com.example.till", "Remove com.example.vpn"}


def test_a_device_that_never_told_its_apps_may_have_them_yet(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    with_blueprint(device, ios=NO_CAMERA)
    brought_earlier(device)
    DeviceInventory.objects.filter(device=device).update(apps_at=None)

    carried_out(api, phone, device)

    assert remembered(device) == {APP, PROFILE}
