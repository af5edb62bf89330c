"""Configuration profiles that commands and blueprints make for a device.

https://developer.apple.com/documentation/devicemanagement/toplevel and, for each payload, the page named beside it.

A profile's identifier says what it is for, so a later command of the same purpose replaces it, or removes it. Its UUIDs
come from its content, so that installing it twice is the same profile; they are keyed, as a Wi-Fi password could be
guessed from a plain digest of the content, and devices tell UUIDs to anybody who may list their profiles.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.crypto import salted_hmac

from commands.apple import plist

PREFIX = "org.muster.commands."
BLUEPRINT_PREFIX = "org.muster.blueprint."
RESTRICTIONS = "com.apple.applicationaccess"
Payload = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class MadeProfile:
    """What a device is to have under an identifier; without payloads: nothing."""

    purpose: str  # the identifier's last part
    name: str  # as people see it on the device and in the console
    payloads: tuple[Payload, ...] = ()  # type and settings of each
    prefix: str = PREFIX  # of its identifier
    description: str = "Made by Muster for a command."

    @property
    def identifier(self) -> str:
        return f"{self.prefix}{self.purpose}"

    @property
    def is_removal(self) -> bool:
        return not self.payloads

    def command(self, organization: str) -> dict[str, Any]:
        """Apple's command that brings a device there."""
        if self.is_removal:
            return {"RequestType": "RemoveProfile", "Identifier": self.identifier}
        return {"RequestType": "InstallProfile", "Payload": plist.dumps(self.document(organization))}

    def document(self, organization: str) -> dict[str, Any]:
        content = [self._payload(number, *payload) for number, payload in enumerate(self.payloads, start=1)]
        return {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": self.identifier,
            "PayloadUUID": _uuid_of(self.identifier, organization, *(payload["PayloadUUID"] for payload in content)),
            "PayloadDisplayName": self.name,
            "PayloadDescription": self.description,
            "PayloadOrganization": organization,
            "PayloadContent": content,
        }

    def _payload(self, number: int, kind: str, settings: dict[str, Any]) -> dict[str, Any]:
        identifier = f"{self.identifier}.{number}"
        return {
            "PayloadType": kind,
            "PayloadVersion": 1,
            "PayloadIdentifier": identifier,
            "PayloadUUID": _uuid_of(identifier, kind, plist.dumps(settings).decode()),
            "PayloadDisplayName": self.name,
            **settings,
        }


def _uuid_of(*words: str) -> str:
    digest = salted_hmac("commands.apple.profiles", "\0".join(words), algorithm="sha256").digest()
    return str(uuid.UUID(bytes=digest[:16], version=5)).upper()
