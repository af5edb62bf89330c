"""Each command that Apple devices carry, from the REST API to the simulated device and back."""

import base64
import plistlib
import uuid
from typing import Any

import pytest

from commands.catalogue.information import QUESTIONS
from commands.models import AppleEnrolment, CommandRequest, CommandResult
from commands.models.status import State
from devices.models import Device, DeviceProfile, DeviceState
from onboarding.simulation.apple_channel import Conversation
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories import pki
from tests.factories.apple import handed, report
from tests.factories.carriage import send
from tests.factories.cms_messages import Form, signed_message
from tests.factories.commands import queued
from tests.factories.fleet import placed, row_of


def done(conversation: Conversation) -> list[tuple[str, str]]:
    return [(step.request_type, step.status) for step in conversation.executed]


def profile(identifier: str = "com.example.wifi") -> dict[str, Any]:
    payload = {"PayloadType": "com.apple.wifi.managed", "PayloadIdentifier": f"{identifier}.1", "PayloadVersion": 1}
    return {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": str(uuid.uuid5(uuid.NAMESPACE_DNS, identifier)),
        "PayloadDisplayName": "Wi-Fi",
        "PayloadContent": [{**payload, "PayloadUUID": str(uuid.UUID(int=1)), "Password": "hunter2"}],
    }


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


# --- information --------------------------------------------------------------------------------------------------


def test_device_information_fills_the_devices_columns(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "DEVICE_INFORMATION")

    assert done(device.connect()) == [(question["RequestType"], "Acknowledged") for question in QUESTIONS]
    row.refresh_from_db()
    known = row_of(device)
    assert row.state == State.SUCCESS
    assert (known.name, known.os_version) == (device.state.name, device.hardware.os.version)
    assert (known.is_supervised, known.battery_level) == (True, round(device.state.battery_level * 100))
    assert known.hardware_info["model"] == device.hardware.product.product
    assert CommandResult.objects.get(status=row).payload["QueryResponses"]["UDID"] == device.udid


def test_what_a_device_does_not_answer_stays_as_it_was(device: SimulatedAppleDevice) -> None:
    Device.objects.filter(pk=row_of(device).pk).update(name="Before", battery_level=5)
    row = queued(row_of(device), "DEVICE_INFORMATION", state=State.INITIATED)

    report(device, "Acknowledged", row.pk, QueryResponses={"OSVersion": "19.0"})

    known = row_of(device)
    assert (known.name, known.battery_level, known.os_version) == ("Before", 5, "19.0")


# --- lock, restart, ping ------------------------------------------------------------------------------------------


def test_lock_locks_the_screen(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "LOCK")

    assert done(device.connect()) == [("DeviceLock", "Acknowledged")]
    row.refresh_from_db()
    assert (row.state, device.state.locked) == (State.SUCCESS, True)


def test_reboot_restarts_a_supervised_device(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "REBOOT")

    assert done(device.connect()) == [("RestartDevice", "Acknowledged")]
    row.refresh_from_db()
    assert row.state == State.SUCCESS


def test_reboot_of_an_unsupervised_device_fails_before_delivery(api: ApiClient, tenant: Tenant) -> None:
    device = placed(tenant, supervised=False, is_supervised=False)

    row = send(api, device, "REBOOT")

    assert (row.state, row.sent_at) == (State.FAILURE, None)
    assert "supervised" in row.reason
    assert done(device.connect()) == []


def test_reboot_of_a_device_we_know_too_little_of_is_the_devices_to_refuse(api: ApiClient, tenant: Tenant) -> None:
    device = placed(tenant, supervised=False, is_supervised=None)
    row = send(api, device, "REBOOT")

    assert done(device.connect()) == [("RestartDevice", "Error")]
    row.refresh_from_db()
    assert "not a valid request type" in row.reason


def test_update_heartbeat_is_answered_by_the_contact_itself(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "UPDATE_HEARTBEAT")

    assert done(device.connect()) == []
    row.refresh_from_db()
    assert row.state == State.SUCCESS


def test_update_heartbeat_lets_the_next_command_follow_at_once(api: ApiClient, device: SimulatedAppleDevice) -> None:
    send(api, device, "UPDATE_HEARTBEAT")
    send(api, device, "LOCK")

    assert done(device.connect()) == [("DeviceLock", "Acknowledged")]


# --- wipe ---------------------------------------------------------------------------------------------------------


def test_a_requested_wipe_is_in_progress_at_once(api: ApiClient, device: SimulatedAppleDevice) -> None:
    send(api, device, "WIPE")

    assert row_of(device).state == DeviceState.WIPE_IN_PROGRESS


def test_a_wiped_device_is_disabled_and_enrolled_no_more(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "WIPE")

    conversation = device.connect()

    row.refresh_from_db()
    assert (done(conversation), conversation.ending) == ([("EraseDevice", "Acknowledged")], "erased")
    assert (row.state, row_of(device).state) == (State.SUCCESS, DeviceState.DISABLED)
    assert not AppleEnrolment.objects.get(device=row_of(device)).is_enabled


def test_what_waited_behind_a_wipe_is_cancelled(api: ApiClient, device: SimulatedAppleDevice) -> None:
    send(api, device, "WIPE")
    behind = [send(api, device, name) for name in ("LOCK", "WIPE")]

    device.connect()

    for row in behind:
        row.refresh_from_db()
        assert (row.state, row.reason) == (State.CANCELLED, "The device was erased.")
    assert row_of(device).state == DeviceState.DISABLED


def test_a_device_that_refuses_its_wipe_is_active_again(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "WIPE")
    handed(report(device))

    report(device, "Error", row.pk, ErrorChain=[{"USEnglishDescription": "No."}])

    assert row_of(device).state == DeviceState.ACTIVE


def test_a_cancelled_wipe_makes_the_device_active_again(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "WIPE")

    cancelled = api.put(f"/api/commands/v0/status/{row.pk}/", {"state": "Command Cancelled"})

    assert cancelled.status_code == 200
    assert row_of(device).state == DeviceState.ACTIVE
    assert done(device.connect()) == []


def test_one_of_two_wipes_cancelled_leaves_the_other_in_progress(api: ApiClient, device: SimulatedAppleDevice) -> None:
    first, _second = send(api, device, "WIPE"), send(api, device, "WIPE")

    api.put(f"/api/commands/v0/status/{first.pk}/", {"state": "Command Cancelled"})

    assert row_of(device).state == DeviceState.WIPE_IN_PROGRESS


def test_another_tenant_can_wipe_nothing_here(other_api: ApiClient, device: SimulatedAppleDevice) -> None:
    body = {"command_type": "DEVICE", "devices": [str(row_of(device).pk)], "command": "WIPE", "schedule": "IMMEDIATE"}

    assert other_api.post("/api/commands/v0/commands/", body).status_code == 400
    assert row_of(device).state == DeviceState.ACTIVE
    assert not CommandRequest.objects.exists()


# --- passcode -----------------------------------------------------------------------------------------------------


def test_clear_passcode_uses_the_unlock_token(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "CLEAR_PASSCODE")

    assert done(device.connect()) == [("ClearPasscode", "Acknowledged")]
    row.refresh_from_db()
    assert (row.state, device.state.passcode_set) == (State.SUCCESS, False)


def test_clear_passcode_without_an_unlock_token_fails_undelivered(api: ApiClient, device: SimulatedAppleDevice) -> None:
    AppleEnrolment.objects.filter(device=row_of(device)).update(unlock_token=None)
    row = send(api, device, "CLEAR_PASSCODE")

    assert done(device.connect()) == []
    row.refresh_from_db()
    assert row.state == State.FAILURE
    assert "no unlock token" in row.reason


# --- profiles -----------------------------------------------------------------------------------------------------


def test_an_installed_profile_is_known_without_its_contents(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "INSTALL_PROFILE", profile=encoded(plistlib.dumps(profile())))

    assert done(device.connect()) == [("InstallProfile", "Acknowledged")]
    row.refresh_from_db()
    known = DeviceProfile.objects.get(device=row_of(device))
    assert (row.state, known.identifier, known.is_managed) == (State.SUCCESS, "com.example.wifi", True)
    assert "hunter2" not in str(known.payloads)


def test_a_signed_profile_is_installed_as_it_is(api: ApiClient, device: SimulatedAppleDevice) -> None:
    content = plistlib.dumps(profile())
    signed = signed_message(pki.device(), content, Form(embed=content))

    send(api, device, "INSTALL_PROFILE", profile=encoded(signed))
    device.connect()

    assert [installed.data for installed in device.state.profiles] == [signed]
    assert DeviceProfile.objects.get().identifier == "com.example.wifi"


def test_a_profile_waits_while_the_device_is_locked(api: ApiClient, device: SimulatedAppleDevice) -> None:
    row = send(api, device, "INSTALL_PROFILE", profile=encoded(plistlib.dumps(profile())))
    device.lock()
    assert done(device.connect()) == [("InstallProfile", "NotNow")]

    device.unlock()

    row.refresh_from_db()
    assert row.state == State.SUCCESS


def test_an_installed_profile_replaces_the_one_of_the_same_name(api: ApiClient, device: SimulatedAppleDevice) -> None:
    for version in (1, 2):
        send(api, device, "INSTALL_PROFILE", profile=encoded(plistlib.dumps({**profile(), "PayloadVersion": version})))
        device.connect()

    assert DeviceProfile.objects.get().version == 2


def test_a_profile_list_replaces_what_was_known(api: ApiClient, device: SimulatedAppleDevice) -> None:
    DeviceProfile.objects.create(device=row_of(device), identifier="gone")
    device.install_profile_by_hand(plistlib.dumps(profile("by.hand")))

    send(api, device, "LIST_INSTALLED_PROFILES")
    device.connect()

    assert list(DeviceProfile.objects.values_list("identifier", flat=True)) == ["by.hand"]


def test_a_managed_only_list_leaves_the_others_alone(api: ApiClient, device: SimulatedAppleDevice) -> None:
    DeviceProfile.objects.create(device=row_of(device), identifier="by.hand")
    DeviceProfile.objects.create(device=row_of(device), identifier="gone", is_managed=True)
    send(api, device, "INSTALL_PROFILE", profile=encoded(plistlib.dumps(profile("managed"))))
    send(api, device, "LIST_INSTALLED_PROFILES", managed_only=True)

    device.connect()

    assert set(DeviceProfile.objects.values_list("identifier", "is_managed")) == {("by.hand", False), ("managed", True)}


def test_a_removed_profile_is_forgotten(api: ApiClient, device: SimulatedAppleDevice) -> None:
    send(api, device, "INSTALL_PROFILE", profile=encoded(plistlib.dumps(profile())))
    send(api, device, "REMOVE_PROFILE", profile_identifier="com.example.wifi")

    assert done(device.connect()) == [("InstallProfile", "Acknowledged"), ("RemoveProfile", "Acknowledged")]
    assert not DeviceProfile.objects.exists()


def test_removing_an_unknown_profile_is_a_failure_with_the_devices_words(
    api: ApiClient, device: SimulatedAppleDevice
) -> None:
    row = send(api, device, "REMOVE_PROFILE", profile_identifier="not.there")

    assert done(device.connect()) == [("RemoveProfile", "Error")]
    row.refresh_from_db()
    assert row.state == State.FAILURE
    assert "not installed" in row.reason


NAMELESS = encoded(plistlib.dumps({"PayloadType": "Configuration"}))


@pytest.mark.parametrize("wrong", ["", "!!!", encoded(b"text"), NAMELESS])
def test_a_profile_that_is_none_is_refused_at_the_api(api: ApiClient, device: SimulatedAppleDevice, wrong: str) -> None:
    body = {
        "command_type": "DEVICE",
        "devices": [str(row_of(device).pk)],
        "command": "INSTALL_PROFILE",
        "command_args": {"profile": wrong},
        "schedule": "IMMEDIATE",
    }

    assert api.post("/api/commands/v0/commands/", body).status_code == 400
    assert not CommandRequest.objects.exists()


def test_a_profiles_contents_are_sealed_in_the_database(api: ApiClient, device: SimulatedAppleDevice) -> None:
    text = encoded(plistlib.dumps(profile()))

    request = send(api, device, "INSTALL_PROFILE", profile=text).request

    stored = CommandRequest.objects.filter(pk=request.pk).values("command_args", "secret_args").get()
    assert text not in str(stored["command_args"])
    assert text.encode() not in bytes(stored["secret_args"])
