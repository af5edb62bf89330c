"""The provisioning profile of an app: who signed it, for which devices, and until when.

It is a CMS message around a property list. Its keys are told in Apple's TN3125, "Inside Code Signing: Provisioning
Profiles".
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

from apps_domain.reading.errors import UnreadableAppError
from config import plist
from tenants.crypto.cms import CmsError, verify_signed

MAX_BYTES = 8 * 1024 * 1024
MAX_DEVICES = 5000
Kind = Literal["enterprise", "ad hoc", "development", "app store"]
DAMAGED = "The app's provisioning profile is damaged. Export the app again, and upload that file."


@dataclass(frozen=True)
class Signing:
    name: str
    team: str
    team_id: str
    kind: Kind
    udids: tuple[str, ...]  # of the devices that the profile names; an enterprise profile names none
    expires_at: dt.datetime

    @property
    def devices(self) -> int:
        return len(self.udids)


def read_profile(data: bytes) -> Signing:
    """UnreadableAppError if it is none. That its signature holds says it is whole, not that Apple made it: that is
    for the device to find out."""
    try:
        fields = plist.loads(verify_signed(data).content, max_bytes=MAX_BYTES)
    except (CmsError, plist.PlistError):
        raise UnreadableAppError(DAMAGED) from None
    expires_at = fields.get("ExpirationDate")
    if not isinstance(expires_at, dt.datetime):
        raise UnreadableAppError(DAMAGED)
    teams = fields.get("TeamIdentifier")
    return Signing(
        name=_text(fields.get("Name")),
        team=_text(fields.get("TeamName")),
        team_id=_text(teams[0] if isinstance(teams, list) and teams else ""),
        kind=_kind(fields),
        udids=_udids(fields.get("ProvisionedDevices")),
        expires_at=expires_at,
    )


def _kind(fields: dict[str, Any]) -> Kind:
    if fields.get("ProvisionsAllDevices") is True:
        return "enterprise"
    if "ProvisionedDevices" not in fields:
        return "app store"
    entitlements = fields.get("Entitlements")
    debuggable = isinstance(entitlements, dict) and entitlements.get("get-task-allow") is True
    return "development" if debuggable else "ad hoc"


def _udids(devices: Any) -> tuple[str, ...]:
    """UnreadableAppError for more than Apple allows: an account registers some hundreds."""
    named = devices if isinstance(devices, list) else []
    if len(named) > MAX_DEVICES:
        raise UnreadableAppError(DAMAGED)
    return tuple(filter(None, map(_text, named)))


def _text(value: Any) -> str:
    return "".join(filter(str.isprintable, value))[:255] if isinstance(value, str) else ""
