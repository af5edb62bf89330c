"""Check-in messages as data: ids in all their forms, values as they come.

https://developer.apple.com/documentation/devicemanagement/check-in
"""

from dataclasses import dataclass
from typing import Any

from devices.services.apple_reports import text

SHARED_IPAD_USER = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"  # all users' UserID on a Shared iPad


class MalformedMessageError(ValueError):
    """The message lacks what it must have; the text says what."""


@dataclass(frozen=True)
class EnrolmentIds:
    """Which channel of which enrolment speaks. A user's id is only unique on its device."""

    device: str  # the UDID, or the EnrollmentID of a user enrolment
    user: str = ""
    user_name: str = ""
    is_udid: bool = True

    @property
    def channel_id(self) -> str:
        return f"{self.device}:{self.user}" if self.user else self.device


def read_ids(message: dict[str, Any]) -> EnrolmentIds:
    udid, enrolment_id = text(message.get("UDID"), 128), text(message.get("EnrollmentID"), 128)
    device = udid or enrolment_id
    if not device:
        raise MalformedMessageError("the message carries neither UDID nor EnrollmentID")
    if ":" in device:
        raise MalformedMessageError("the UDID or EnrollmentID has a colon in it")
    user = text(message.get("UserID"), 120) or text(message.get("EnrollmentUserID"), 120)
    name = text(message.get("UserShortName"))
    if user.upper() == SHARED_IPAD_USER:
        user = name[:120]
        if not user:
            raise MalformedMessageError("the Shared iPad's message carries no UserShortName")
    return EnrolmentIds(device=device, user=user, user_name=name, is_udid=bool(udid))


def data(message: dict[str, Any], key: str) -> bytes | None:
    """Binary data, or None when the key is absent; text is taken for what it is."""
    value = message.get(key)
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, bytes):
        raise MalformedMessageError(f"{key} is not data")
    return value
