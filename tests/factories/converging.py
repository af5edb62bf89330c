"""Converges on their whole way: from the API to a simulated device and back. What beat does, the test does."""

from typing import Any

from commands.models import CommandStatus, Converge
from commands.services.converges.sweeps import sweep_converges
from devices.models import Device
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.conftest import ApiClient

CONVERGES = "/api/v2/converge"
ALWAYS = {"apply_policy": "ALWAYS APPLY"}
NO_CAMERA = {"camera_settings": {**ALWAYS, "allow_camera_access": False}}
WIFI = {"wifi_networks": [{"wifi_network_id": "7b0c9d0e-5b1f-4c8e-9d52-3f1f0a4f7c11", "ssid": "Office"}]}
WEB_CLIP = {"web_clips": [{"label": "Till", "url": "https://till.example.org"}]}
PASSCODE = {"passcode_settings": {**ALWAYS, "require_passcode": True}}


def asked(api: ApiClient, device: Device, *, provision: bool = False, **told: Any) -> Converge:
    """Asked for by a caller; a worker begins with it."""
    body = {"device_id": str(device.pk), "converge_with_provision_option": provision, **told}
    answer = api.post(CONVERGES, body)
    assert answer.status_code == 201, answer.content
    return Converge.objects.get(pk=answer.json()["content"]["id"])


def carried_out(api: ApiClient, phone: SimulatedAppleDevice, device: Device, **told: Any) -> Converge:
    """And the device comes as often as it needs to."""
    return brought_to_its_end(phone, asked(api, device, **told))


def brought_to_its_end(phone: SimulatedAppleDevice, converge: Converge) -> Converge:
    for _ in range(10):
        phone.connect()
        sweep_converges()
        converge.refresh_from_db()
        if converge.ended_at is not None:
            return converge
    raise AssertionError(f"It does not end: {converge.status}, {converge.reason}, {commands_of(converge)}")


def commands_of(converge: Converge) -> list[tuple[str, str]]:
    """The title and the state of each, in order."""
    rows = CommandStatus.objects.filter(request__step__converge=converge).order_by("request__step__number")
    return [
        (title, state.removeprefix("Command ")) for title, state in rows.values_list("request__step__title", "state")
    ]
