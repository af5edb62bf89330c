"""One signed message of a device to its server, and what may come of it."""

import json
import plistlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_http import HttpClient, Reply, header_of, send
from onboarding.simulation.apple_profile import read_plist
from onboarding.simulation.apple_state import DeviceState, Management
from onboarding.simulation.identity import SignatureStyle

CHECK_IN_TYPE = "application/x-apple-aspen-mdm-checkin"
CONNECT_TYPE = "application/x-apple-aspen-mdm"
_UNRECOGNISED = "com.apple.unrecognized.device"

Ending = Literal[
    "finished",  # the server had nothing more
    "refused",  # the server answered with an error; the device tries again at its next push
    "unreachable",
    "reply lost",
    "request lost",
    "command lost",
    "dead",
    "unenrolled",
    "erased",
    "powered off",
    "not enrolled",
    "endless",
]


@dataclass(frozen=True)
class Executed:
    """One command as the device answered it."""

    command_uuid: str
    request_type: str
    status: str


@dataclass(frozen=True)
class Conversation:
    """One connection: what was carried out, how it ended, and the HTTP status of a refusal (else 200)."""

    executed: tuple[Executed, ...]
    ending: Ending
    http_status: int = 200


class DeviceError(Exception):
    """The device could not do what it was told; the message says why in one sentence."""


class NotEnrolled(DeviceError):
    """The device has no server."""


class Refused(DeviceError):
    """The server answered a message with an HTTP error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Unwanted(Refused):
    """The server's answer means that the device is to remove its management."""


class EnrolmentFailed(DeviceError):
    """The device is not enrolled. ``retryable``: the server may be able to do it later."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class Interrupted(Exception):
    """The connection breaks here, as the device was told: seen inside the device only."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending: Ending = ending


def put_message(
    http: HttpClient, url: str, message: Mapping[str, Any], *, management: Management, style: SignatureStyle
) -> bytes:
    """PUTs a message, signed if the profile asked for it, and gives the body of the answer.

    Raises Unwanted, Refused and ServerUnreachable.
    """
    body = plistlib.dumps(dict(message))
    what = str(message.get("MessageType") or message.get("Status"))
    headers = {
        "Content-Type": CHECK_IN_TYPE if "MessageType" in message else CONNECT_TYPE,
        "User-Agent": "MDM/1.0",
    }
    if management.sign_message:
        headers["Mdm-Signature"] = management.identity.mdm_signature(body, style)
    reply = send(http, "PUT", url, content=body, headers=headers)
    if reply.status_code == 200:
        return reply.content
    refusal = Unwanted if _says_go_away(reply) else Refused
    raise refusal(reply.status_code, f"The server answered {what} with HTTP {reply.status_code}.")


def _says_go_away(reply: Reply) -> bool:
    """401, or since iOS 17 a 403 whose body says that the server does not know the device."""
    if reply.status_code != 403:
        return reply.status_code == 401
    if "json" in header_of(reply, "Content-Type"):
        try:
            body = json.loads(reply.content)
        except ValueError:
            return False
    else:
        body = read_plist(reply.content)
    return isinstance(body, dict) and body.get("code") == _UNRECOGNISED


def authenticate_fields(hardware: Hardware, state: DeviceState) -> dict[str, Any]:
    """What Authenticate says beside the keys of every check-in message."""
    fields = {
        "DeviceName": state.name,
        "Model": hardware.product.model,
        "ModelName": hardware.product.family,
        "ProductName": hardware.product.product,
        "OSVersion": hardware.os.version,
        "BuildVersion": hardware.os.build,
        "SerialNumber": hardware.serial,
    }
    return {**fields, "IMEI": hardware.imei} if hardware.imei else fields


def token_update_fields(management: Management, *, awaiting: bool) -> dict[str, Any]:
    """What TokenUpdate says beside the keys of every check-in message."""
    fields = {
        "Token": management.push_token,
        "PushMagic": management.push_magic,
        "AwaitingConfiguration": awaiting,
    }
    return {**fields, "UnlockToken": management.unlock_token} if management.unlock_token else fields


def report_on(done: Executed, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A report; it names the command as the server named it, if the server did."""
    report = {"Status": done.status, **fields}
    return {"CommandUUID": done.command_uuid, **report} if done.command_uuid else report
