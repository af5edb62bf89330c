"""What a device in its set-up assistant says about itself when it asks for its enrolment profile.

https://developer.apple.com/documentation/devicemanagement/machineinfo and …/errorcodesoftwareupdaterequired
"""

from dataclasses import dataclass
from typing import Any

from commands.apple import plist
from devices.services.apple_reports import flag, os_of_product, text
from onboarding.apple.device_authorities import is_of_a_device
from onboarding.apple.messages import MalformedMessageError
from tenants.crypto.cms import Signed, verify_signed

MAX_MACHINE_INFO = 64 * 1024  # as signed; real ones have some 6 KB, most of it certificates


class StrangerError(Exception):
    """The message is signed, but not by a device of Apple's."""


@dataclass(frozen=True)
class MachineInfo:
    serial: str
    udid: str
    product: str
    os: str  # of Device.Os; blank for a kind of device that we do not know
    os_version: str  # blank before iOS 17 and macOS 14, which tell their build alone
    build: str
    can_update: bool  # told to update, it does so before it goes on


def read_machine_info(message: bytes) -> MachineInfo:
    """CmsError if the signature does not hold, StrangerError if it is no device's, else what it says."""
    signed = verify_signed(message)
    if not is_of_a_device(signed):
        raise StrangerError(f"no issuer of Apple devices vouches for the certificate of {_signer(signed)}")
    return _told(plist.loads(signed.content, max_bytes=MAX_MACHINE_INFO))


def _signer(signed: Signed) -> str:
    try:
        return signed.certificate.subject.rfc4514_string()[:200]
    except ValueError:  # also CmsError
        return "a signer whose name cannot be read"


def _told(info: dict[str, Any]) -> MachineInfo:
    serial, product = text(info.get("SERIAL"), 128).strip(), text(info.get("PRODUCT"))
    if not serial:
        raise MalformedMessageError("the MachineInfo carries no SERIAL")
    return MachineInfo(
        serial=serial,
        udid=text(info.get("UDID"), 128),
        product=product,
        os=os_of_product(product),
        os_version=text(info.get("OS_VERSION"), 64),
        build=text(info.get("VERSION"), 64),
        can_update=flag(info.get("MDM_CAN_REQUEST_SOFTWARE_UPDATE")) is True,
    )


def update_required(version: str) -> dict[str, Any]:
    """The document that makes a device update in its set-up assistant and ask again afterwards."""
    return {
        "code": "com.apple.softwareupdate.required",
        "description": f"This organisation enrols devices from version {version} on.",
        "message": f"This device needs version {version} before it can be set up.",
        "details": {"OSVersion": version},
    }
