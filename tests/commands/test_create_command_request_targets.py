"""POST /api/commands/v0/commands/: which devices get a row, and which rows are refused from the start."""

import datetime as dt
from typing import Any

import pytest

from commands.catalogue import CATALOGUE, NAMES
from commands.models import CommandRequest, CommandStatus
from devices.models import DeviceState
from tenants.models import Tenant
from tests.commands.profiles import profile
from tests.conftest import ApiClient
from tests.factories.arguments import SAMPLES
from tests.factories.builds import AppVersionFactory
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory, seen

REQUESTS = "/api/commands/v0/commands/"
NOT_ON_APPLE = {
    "CLEAR_APP_DATA",
    "SET_APP_PERMISSION",
    "SET_WIFI_STATE",
    "SET_BRIGHTNESS_SCALE",
    "SET_GPS_STATE",
    "SET_ROTATION_STATE",
    "SET_SCREEN_OFF_TIMEOUT",
    "SET_STREAM_VOLUME",
    "SET_DEVICE_LANGUAGE",
    "RESET_LOCKSCREEN_PASSWORD",
    "SET_ETHERNET_SETTINGS",
    "SET_STATIC_IP",
    "UPDATE_LATEST_DPC",
    "NOTIFY_DEVICE",
}
FETCHED_FIRST = {"SET_NEW_POLICY", "VPP_APP_INSTALL"}  # a policy, a licence
WITH_A_BLUEPRINT = {"CONVERGE", "UPDATE_BLUEPRINT"}  # which these devices have not
SENT_AT_ONCE = set(NAMES) - FETCHED_FIRST - WITH_A_BLUEPRINT
ARGUMENTS: dict[str, dict[str, Any]] = {**SAMPLES, "INSTALL_PROFILE": {"profile": profile()}}


@pytest.fixture(autouse=True)
def uploaded(tenant: Tenant) -> None:
    """What INSTALL is to install."""
    AppVersionFactory(tenant, id=ARGUMENTS["INSTALL"]["app_version"])


def send(api: ApiClient, command: str = "LOCK", **fields: Any) -> CommandRequest:
    body = {"command_type": "DEVICE", "command": command, "command_args": ARGUMENTS[command], **fields}
    response = api.post(REQUESTS, body)
    assert response.status_code == 201, response.json()
    return CommandRequest.objects.get(pk=response.json()["content"]["id"])


def states(request: CommandRequest) -> dict[str, str]:
    """The state of each device's row, by the device's name."""
    rows = CommandStatus.objects.filter(request=request).select_related("device")
    return {row.device.name: row.state.removeprefix("Command ") for row in rows}


def test_a_carried_command_waits_for_an_apple_device(api: ApiClient, tenant: Tenant) -> None:
    wrong = {}
    for command in sorted(SENT_AT_ONCE - NOT_ON_APPLE):
        device = DeviceFactory(tenant=tenant, name="apple")

        request = send(api, command, devices=[str(device.pk)])

        told = (states(request), CommandStatus.objects.get(request=request).reason, request.reason)
        if told != ({"apple": "Queued"}, "", ""):
            wrong[command] = told
    assert wrong == {}


def test_a_command_that_a_platform_cannot_carry_fails_there_with_a_reason(api: ApiClient, tenant: Tenant) -> None:
    """No channel to Android devices exists yet, so every command fails there."""
    wrong = {}
    for command in sorted(SENT_AT_ONCE):
        devices = [DeviceFactory(tenant=tenant, name="APPLE"), AndroidFactory(tenant=tenant, name="ANDROID")]

        request = send(api, command, devices=[str(device.pk) for device in devices])

        why = {"ANDROID": ""} | ({"APPLE": f". {CATALOGUE[command].why_not_apple}"} if command in NOT_ON_APPLE else {})
        failed = CommandStatus.objects.filter(request=request, state="Command Failure").select_related("device")
        told = {row.device.name: row.reason for row in failed}
        meant = {name: f"command not supported on {name}: {command}{more}" for name, more in why.items()}
        said = f"{len(why)} of 2 devices cannot be given the command: "
        if told != meant or not request.reason.startswith(said):
            wrong[command] = (told, request.reason)
    assert wrong == {}


def test_a_disabled_device_fails_with_a_reason(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, name="gone", state=DeviceState.DISABLED)

    request = send(api, devices=[str(device.pk)])

    assert states(request) == {"gone": "Failure"}
    assert CommandStatus.objects.get().reason == "The device is disabled: it was reset or removed."


def test_a_disabled_device_of_a_group_is_left_out(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    DeviceFactory(tenant=tenant, group=group, state=DeviceState.DISABLED)
    DeviceFactory(tenant=tenant, group=group, name="here")

    request = send(api, command_type="GROUP", groups=[str(group.pk)])

    assert states(request) == {"here": "Queued"}


@pytest.mark.parametrize(
    ("supervised", "state"), [(True, "Queued"), (None, "Queued"), (False, "Failure")], ids=["yes", "unknown", "no"]
)
def test_a_restart_needs_a_supervised_device(
    api: ApiClient, tenant: Tenant, supervised: bool | None, state: str
) -> None:
    device = DeviceFactory(tenant=tenant, name="one", is_supervised=supervised)

    request = send(api, "REBOOT", devices=[str(device.pk)])

    assert states(request) == {"one": state}
    if state == "Failure":
        assert CommandStatus.objects.get().reason == "The command needs a supervised device."


def test_a_group_stands_for_its_devices_and_its_subgroups(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    top = DeviceGroupFactory(tenant=tenant)
    below = DeviceGroupFactory(tenant=tenant, parent=top)
    DeviceFactory(tenant=tenant, group=top, name="top")
    DeviceFactory(tenant=tenant, group=below, name="below")
    DeviceFactory(tenant=tenant, name="elsewhere")
    DeviceFactory(tenant=other_tenant, group=DeviceGroupFactory(tenant=other_tenant), name="theirs")

    request = send(api, command_type="GROUP", groups=[str(top.pk)])

    assert states(request) == {"top": "Queued", "below": "Queued"}


def test_an_empty_group_is_taken_and_the_reason_says_so(api: ApiClient, tenant: Tenant) -> None:
    request = send(api, command_type="GROUP", groups=[str(DeviceGroupFactory(tenant=tenant).pk)])

    request.refresh_from_db()
    assert states(request) == {}
    assert request.reason == "No device matches."


@pytest.fixture
def presence(tenant: Tenant) -> list[str]:
    """Devices just inside and just outside of what counts as online on their platform."""
    cases: list[tuple[Any, str, dt.timedelta | None, int]] = [
        (DeviceFactory, "apple on", dt.timedelta(hours=23, minutes=59), 1),
        (DeviceFactory, "apple off", dt.timedelta(hours=24, minutes=1), 1),
        (DeviceFactory, "apple never", None, 1),
        (AndroidFactory, "android on", dt.timedelta(minutes=14), 1),
        (AndroidFactory, "android off", dt.timedelta(minutes=16), 1),
        (AndroidFactory, "android inactive", dt.timedelta(), 60),
        (AndroidFactory, "android never", None, 1),
    ]
    ids = []
    for factory, name, ago, state in cases:
        device = factory(tenant=tenant, name=name, state=state)
        if ago is not None:
            seen(device, ago)
        ids.append(str(device.pk))
    return ids


ON = {"apple on", "android on"}
OFF = {"apple off", "apple never", "android off", "android inactive", "android never"}


@pytest.mark.parametrize(("device_type", "names"), [("active", ON), ("inactive", OFF), ("all", ON | OFF)])
def test_the_device_type_chooses_by_presence(
    api: ApiClient, presence: list[str], device_type: str, names: set[str]
) -> None:
    request = send(api, devices=presence, device_type=device_type)

    assert set(states(request)) == names
    assert request.device_type == device_type


def test_no_device_type_means_all(api: ApiClient, presence: list[str]) -> None:
    assert set(states(send(api, devices=presence))) == ON | OFF


def test_a_wipe_is_under_way_as_soon_as_it_waits(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)

    send(api, "WIPE", devices=[str(device.pk)])

    assert api.get(f"/api/device/v0/devices/{device.pk}/").json()["content"]["state"] == 70
