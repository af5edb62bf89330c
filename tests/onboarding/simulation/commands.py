"""Sending a device one command and looking at its report."""

import plistlib
from typing import Any

from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer


def configuration(identifier: str = "test.wifi", **changes: Any) -> bytes:
    """A configuration profile; ``None`` as a change leaves a key out."""
    content = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": f"uuid of {identifier}",
        "PayloadDisplayName": "Wi-Fi",
        "PayloadContent": [
            {
                "PayloadType": "com.apple.wifi.managed",
                "PayloadVersion": 1,
                "PayloadIdentifier": f"{identifier}.1",
                "PayloadUUID": "wifi-payload",
                "Password": "hidden",
            }
        ],
        **changes,
    }
    return plistlib.dumps({key: value for key, value in content.items() if value is not None})


def profile(identifier: str, *payloads: dict[str, Any]) -> bytes:
    """A profile of these payloads; what every payload needs is added where it is missing."""
    content = [
        {
            "PayloadType": "test",
            "PayloadVersion": 1,
            "PayloadIdentifier": f"{identifier}.{number}",
            "PayloadUUID": f"payload {number} of {identifier}",
            **payload,
        }
        for number, payload in enumerate(payloads)
    ]
    return configuration(identifier, PayloadContent=content)


def install(device: SimulatedAppleDevice, server: TinyMdmServer, identifier: str, *payloads: dict[str, Any]) -> None:
    """The server installs a profile of these payloads."""
    assert run(device, server, "InstallProfile", Payload=profile(identifier, *payloads))["Status"] == "Acknowledged"


def information(device: SimulatedAppleDevice, server: TinyMdmServer, *queries: str) -> dict[str, Any]:
    """What the device answers to DeviceInformation."""
    answers: dict[str, Any] = run(device, server, "DeviceInformation", Queries=list(queries))["QueryResponses"]
    return answers


def run(device: SimulatedAppleDevice, server: TinyMdmServer, request_type: str, **arguments: Any) -> dict[str, Any]:
    """Queues a command, lets the device connect and gives its report."""
    command_uuid = server.enqueue(request_type, **arguments)
    device.connect()
    return server.last_report(command_uuid)


def first_error(report: dict[str, Any]) -> tuple[str, int]:
    """The domain and code of an Error report."""
    assert report["Status"] == "Error"
    error = report["ErrorChain"][0]
    assert error["LocalizedDescription"]
    assert error["USEnglishDescription"]
    return error["ErrorDomain"], error["ErrorCode"]
