"""Configuration profiles to send."""

import base64
import plistlib
from typing import Any

SECRET = "the-wifi-password"


def profile(**changes: Any) -> str:
    """The base64 of a profile that holds a password; a change to None leaves the key out."""
    content = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": "example.wifi",
        "PayloadUUID": "0B2D2C0A-1111-4222-8333-444455556666",
        "PayloadDisplayName": "Wi-Fi",
        "PayloadContent": [{"PayloadType": "com.apple.wifi.managed", "Password": SECRET}],
        **changes,
    }
    kept = {key: value for key, value in content.items() if value is not None}
    return base64.b64encode(plistlib.dumps(kept)).decode()
