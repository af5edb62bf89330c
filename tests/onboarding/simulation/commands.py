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
