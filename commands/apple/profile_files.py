"""Configuration profiles from outside: a caller's, or one that was fetched."""

import base64
import binascii
from typing import Any

from commands.apple import plist
from tenants.crypto.cms import CmsError, verify_signed

MAX_PROFILE_BYTES = 1024 * 1024


def read_encoded_profile(encoded: str) -> tuple[bytes, dict[str, Any]]:
    """The bytes that are given in base64, and their dictionary. ValueError as of `read_profile`."""
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be the base64 of a configuration profile.") from None
    return data, read_profile(data)


def read_profile(data: bytes) -> dict[str, Any]:
    """The dictionary of a profile, signed or not. ValueError says what is wrong with it."""
    if len(data) > MAX_PROFILE_BYTES:
        raise ValueError(f"is larger than {MAX_PROFILE_BYTES} bytes.")
    try:
        content = verify_signed(data).content if data[:1] == b"\x30" else data
        profile = plist.loads(content, max_bytes=MAX_PROFILE_BYTES)
    except (CmsError, plist.PlistError) as error:
        raise ValueError(f"is not a configuration profile: {error}.") from None
    for key in ("PayloadIdentifier", "PayloadUUID"):
        if not isinstance(profile.get(key), str) or not profile[key]:
            raise ValueError(f"is not a configuration profile: it has no {key}.")
    if profile.get("PayloadType") != "Configuration":
        raise ValueError("is not a configuration profile: its PayloadType is not Configuration.")
    return profile
