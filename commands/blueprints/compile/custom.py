"""A profile that came from outside: sent as it is, under its own identifier.

Its UUID is what its maker gave it, who may change the content and leave that. So the ledger's fingerprint of the whole
content counts too, if the profile came by a blueprint.
"""

import base64
import hashlib

from commands.apple.profile_files import read_encoded_profile
from commands.blueprints.compile.parts import (
    PROVISION_ONLY,
    BuiltProfile,
    Field,
    ProfilePart,
    Settings,
    digest,
    policy_of,
)
from tenants.sealing import MASK

GROUP = "custom_device_level_profile_settings"
PREFIX = "custom_profile:"
PATH = f"{GROUP}.custom_profile"


def custom_profile(ios: Settings) -> list[ProfilePart]:
    group = ios.get(GROUP)
    encoded = (group or {}).get("custom_profile")
    if not encoded:
        return []
    fields = (Field(PATH, MASK, secret=digest("custom_profile", encoded)),)
    is_for_provisioning = policy_of(group) == PROVISION_ONLY
    try:
        content, document = read_encoded_profile(encoded)
    except ValueError as error:
        return [
            ProfilePart(
                key=f"{PREFIX}unreadable",
                title="Custom profile",
                fields=fields,
                is_for_provisioning=is_for_provisioning,
                impossible=f"The custom profile {error}",
                profile=None,
            )
        ]
    identifier = document["PayloadIdentifier"][:255]
    name = str(document.get("PayloadDisplayName") or identifier)
    return [
        ProfilePart(
            key=key_of_custom(identifier),
            title=f"Custom profile: {name}"[:255],
            fields=fields,
            is_for_provisioning=is_for_provisioning,
            profile=BuiltProfile(identifier, document["PayloadUUID"], content, document),
        )
    ]


def key_of_custom(identifier: str) -> str:
    fits = len(identifier) <= 200
    return f"{PREFIX}{identifier if fits else hashlib.sha256(identifier.encode()).hexdigest()}"


def fingerprint_of(profile: BuiltProfile) -> str:
    return digest("custom_profile", base64.b64encode(profile.content).decode())
