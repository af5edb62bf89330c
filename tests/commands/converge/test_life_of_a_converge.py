"""One converge on its whole way: from the API to a simulated device and back."""

from commands.models import CommandRequest, Converge
from devices.models import AppliedSetting, Device, DeviceInventory
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.conftest import ApiClient
from tests.factories.blueprints import add_version
from tests.factories.converges import with_blueprint
from tests.factories.converging import CONVERGES, NO_CAMERA, WEB_CLIP, WIFI, asked, carried_out, commands_of

Status = Converge.Status


def current(device: Device) -> tuple[object, object, str]:
    device.refresh_from_db()
    return device.current_blueprint_id, device.current_blueprint_version_id, device.converge_status


def test_a_device_becomes_what_its_blueprint_says(api: ApiClient, phone: SimulatedAppleDevice, device: Device) -> None:
    blueprint = with_blueprint(device, ios={**NO_CAMERA, **WIFI})

    row = carried_out(api, phone, device)

    assert (row.status, row.reason) == (Status.SUCCESS, "2 commands succeeded.")
    assert current(device) == (blueprint.pk, blueprint.published_version_id, "")
    assert {state for _, state in commands_of(row)} == {"Success"}
    assert "Restrictions" in dict(commands_of(row))
    assert [each["setting"] for each in row.differences if "camera" in each["setting"]] == [
        "camera_settings.allow_camera_access"
    ]


def test_a_second_one_sends_nothing(api: ApiClient, phone: SimulatedAppleDevice, device: Device) -> None:
    with_blueprint(device, ios={**NO_CAMERA, **WIFI, **WEB_CLIP})
    carried_out(api, phone, device)
    sent = CommandRequest.objects.count()

    row = asked(api, device)

    assert (row.status, row.reason) == (Status.SUCCESS, "Nothing differed.")
    assert (commands_of(row), CommandRequest.objects.count()) == ([], sent)


def test_what_is_wanted_no_more_is_removed_last(api: ApiClient, phone: SimulatedAppleDevice, device: Device) -> None:
    blueprint = with_blueprint(device, ios={**NO_CAMERA, **WIFI})
    carried_out(api, phone, device)
    add_version(blueprint, ios=WEB_CLIP)

    row = carried_out(api, phone, device)

    assert row.status == Status.SUCCESS
    titles = [title for title, _ in commands_of(row)]
    assert titles[0] == "Web clips"
    assert "Office" in titles[-1]
    assert [step.stage for step in row.steps.all()] == sorted(step.stage for step in row.steps.all())
    assert current(device)[1] == blueprint.published_version_id


def test_a_device_that_never_told_what_it_has_is_asked_first(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    DeviceInventory.objects.all().delete()
    with_blueprint(device, ios=NO_CAMERA)

    row = carried_out(api, phone, device)

    assert commands_of(row) == [("What the device has", "Success"), ("Restrictions", "Success")]
    assert row.reason == "1 command succeeded."


def test_an_empty_blueprint_is_a_success_at_once(api: ApiClient, device: Device) -> None:
    blueprint = with_blueprint(device)

    row = asked(api, device)

    assert (row.status, row.reason, row.ended_at is None) == (Status.SUCCESS, "Nothing differed.", False)
    assert current(device) == (blueprint.pk, blueprint.published_version_id, "")


def test_its_commands_are_internal_ones_of_who_asked(api: ApiClient, device: Device) -> None:
    with_blueprint(device, ios=NO_CAMERA)

    row = asked(api, device)

    request = CommandRequest.objects.get()
    assert (request.is_internal, request.created_by, request.command_type) == (True, "caller-1", "DEVICE")
    assert (request.devices, request.tenant_id) == ([device.pk], device.tenant_id)
    assert (row.status, row.reason) == (Status.IN_PROGRESS, "Waits for the device: Restrictions.")
    assert current(device)[2] == Device.ConvergeStatus.OPEN
    listed = api.get(f"{CONVERGES}/{row.pk}/commands").json()["content"]["results"]
    assert [(each["command_request_id"], each["command_state"]) for each in listed] == [
        (str(request.pk), "Command Queued")
    ]


def test_no_secret_of_a_network_is_in_what_is_shown(
    api: ApiClient, phone: SimulatedAppleDevice, device: Device
) -> None:
    networks = [{**WIFI["wifi_networks"][0], "password": "planted-secret", "security": "WPA2"}]
    with_blueprint(device, ios={"wifi_networks": networks})

    row = carried_out(api, phone, device)

    told = [api.get(f"{CONVERGES}/{row.pk}{more}").content for more in ("", "/commands")]
    stored = [row.differences, *CommandRequest.objects.values(), *AppliedSetting.objects.values(), *row.steps.values()]
    assert row.status == Status.SUCCESS
    assert "planted-secret" not in repr([told, stored])
