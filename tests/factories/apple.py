"""Single messages of Apple devices, as a test wants them: signed by a real identity, with any content."""

import plistlib
from typing import Any, cast

from django.http import HttpResponse
from django.test import Client

from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_profile import read_enrolment
from onboarding.simulation.identity import Identity, SignatureStyle
from onboarding.simulation.scep_client import PKCS_REQ, RENEWAL_REQ, ScepClient
from tests.factories.fleet import TOPIC, InProcess, download, key_number

CONNECT, CHECK_IN = "/mdm/connect", "/mdm/checkin"


def identity_of(device: SimulatedAppleDevice) -> Identity:
    assert device.state.management is not None
    return device.state.management.identity


def issued(link: EnrolmentProfile, number: int = 900) -> Identity:
    """An identity fetched by SCEP with this link's profile; nothing has been said with it yet."""
    scep = read_enrolment(download(link)).scep
    key = key_number(number)
    signer = Identity.self_signed(key, scep.x509_subject())
    return Identity(key, ScepClient(InProcess(), scep).request_certificate(key, signer, message_type=PKCS_REQ))


def renewed(device: SimulatedAppleDevice, number: int = 950) -> Identity:
    """An identity fetched by a SCEP renewal; the device does not know of it yet."""
    assert device.state.management is not None
    key, client = key_number(number), ScepClient(InProcess(), device.state.management.scep)
    return Identity(key, client.request_certificate(key, identity_of(device), message_type=RENEWAL_REQ))


def put(
    identity: Identity | None,
    message: dict[str, Any] | bytes,
    *,
    path: str = CONNECT,
    signature: str | None = None,
    style: SignatureStyle = "der",
    method: str = "PUT",
    **extra: Any,
) -> HttpResponse:
    """One message to a device endpoint. `signature` replaces the right one."""
    body = message if isinstance(message, bytes) else plistlib.dumps(message)
    if signature is None and identity is not None:
        signature = identity.mdm_signature(body, style)
    headers = {} if signature is None else {"Mdm-Signature": signature}
    return cast(HttpResponse, Client().generic(method, path, body, headers=headers, **extra))


def report(
    device: SimulatedAppleDevice, status: str = "Idle", command: object = None, *, path: str = CONNECT, **more: Any
) -> HttpResponse:
    """A connection's message: what the device says about a command (its row's id, or any text)."""
    told = {} if command is None else {"CommandUUID": str(command)}
    return put(identity_of(device), {"UDID": device.udid, "Status": status, **told, **more}, path=path)


def check_in(who: SimulatedAppleDevice | Identity, kind: str, *, path: str = CHECK_IN, **fields: Any) -> HttpResponse:
    """A check-in message; of a simulated device its UDID stands in it."""
    told: dict[str, Any] = {"MessageType": kind, "Topic": TOPIC}
    if isinstance(who, SimulatedAppleDevice):
        return put(identity_of(who), {**told, "UDID": who.udid, **fields}, path=path)
    return put(who, {**told, **fields}, path=path)


def token_update(who: SimulatedAppleDevice | Identity, **fields: Any) -> HttpResponse:
    return check_in(who, "TokenUpdate", **{"Token": b"\x07" * 32, "PushMagic": "magic", **fields})


def handed(response: HttpResponse) -> str | None:
    """The CommandUUID handed over, None when the server had nothing."""
    assert response.status_code == 200, response.content
    return str(plistlib.loads(response.content)["CommandUUID"]) if response.content else None


def command(response: HttpResponse) -> dict[str, Any]:
    """The command dictionary handed over."""
    assert response.status_code == 200, response.content
    return dict(plistlib.loads(response.content)["Command"])
