"""Simulated Apple devices that speak to the server in this process: real protocol, no socket."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.test import Client
from django.utils import timezone

from devices.models import Device, Heartbeat
from onboarding.models import EnrolmentProfile
from onboarding.services.enrolment_profiles import create_enrolment_profile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_profile import ScepPayload
from onboarding.simulation.apple_setup import Activation
from onboarding.simulation.apple_state import Management
from onboarding.simulation.identity import Identity, generate_key
from tenants.models import ApnsCertificate, Tenant
from tests.factories.commands import AppleEnrolmentFactory
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import ACTOR, with_authority

TOPIC = "com.apple.mgmt.External.test"


@dataclass(frozen=True)
class Answer:
    status_code: int
    content: bytes
    headers: Mapping[str, str]


class InProcess:
    """The HTTP client of a simulated device, on Django's test client."""

    def __init__(self) -> None:
        self.client = Client()

    def request(
        self, method: str, url: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        parts = urlsplit(url)
        told = dict(headers or {})
        response = self.client.generic(
            method,
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            content or b"",
            content_type=told.pop("Content-Type", told.pop("content-type", "application/octet-stream")),
            headers=told,
        )
        content = response.getvalue() if response.streaming else response.content
        return Answer(response.status_code, content, dict(response.items()))


@cache
def _key(number: int, bits: int) -> rsa.RSAPrivateKey:
    """RSA keys are slow to make: the n-th device of any test has the n-th key of the process."""
    return generate_key(bits)


def key_number(number: int) -> rsa.RSAPrivateKey:
    """The same key for the same number."""
    return _key(number, 2048)


def ready_to_enrol(tenant: Tenant) -> EnrolmentProfile:
    """Gives the tenant what enrolment needs: an authority, an APNs topic, a link."""
    with_authority(tenant)
    ApnsCertificate.objects.create(
        tenant=tenant,
        state=ApnsCertificate.State.COMPLETED,
        private_key=b"unused",
        certificate="unused",
        topic=TOPIC,
        cert_created_at="2026-01-01T00:00:00Z",
        cert_expiry_on="2099-01-01T00:00:00Z",
    )
    return create_enrolment_profile(tenant=tenant, name="Tests", actor=ACTOR)


def simulated(
    index: int = 1,
    *,
    supervised: bool | None = True,
    model: str = "",
    os_version: str = "",
    activation: Activation | None = None,
) -> SimulatedAppleDevice:
    """A device that is not enrolled yet; the same index is the same device. With `activation` new in its box."""
    counter = iter(range(1000))
    return SimulatedAppleDevice(
        InProcess(),
        seed="tests",
        index=index,
        supervised=supervised,
        model=model,
        os_version=os_version,
        activation=activation,
        key_factory=lambda bits: _key(index * 1000 + next(counter), bits),
    )


def enrol(
    profile: EnrolmentProfile,
    index: int = 1,
    *,
    supervised: bool | None = True,
    model: str = "",
    os_version: str = "",
) -> SimulatedAppleDevice:
    """A simulated device, enrolled by this link. Its first DEVICE_INFORMATION waits for it."""
    device = simulated(index, supervised=supervised, model=model, os_version=os_version)
    device.enrol(download(profile))
    return device


@cache
def _made_up_identity(number: int) -> Identity:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Device {number}")])
    return Identity.self_signed(key_number(number), subject)


def placed(
    tenant: Tenant,
    index: int = 1,
    *,
    supervised: bool | None = True,
    topic: str = TOPIC,
    model: str = "",
    os_version: str = "",
    **columns: Any,
) -> SimulatedAppleDevice:
    """An enrolled device without the conversation of an enrolment: its rows are made, its pin is a made-up identity.

    The server knows its system and whether it is supervised if a `model` or an `os_version` is named.
    """
    device = simulated(index, supervised=supervised, model=model, os_version=os_version)
    if os_version:
        columns["os_version"] = os_version
    if model or os_version:
        known = {"os": device.hardware.os_family, "os_version": device.hardware.os.version}
        columns = {**known, "is_supervised": device.state.is_supervised, **columns}
    identity = _made_up_identity(index)
    management = Management(
        profile_identifier="tests.enrolment",
        scep=ScepPayload("http://testserver/none", "", "", [], 2048, 5, ""),
        server_url="http://testserver/mdm/connect",
        check_in_url="http://testserver/mdm/checkin",
        topic=topic,
        sign_message=True,
        check_out_when_removed=True,
        identity=identity,
        push_token=bytes([index]) * 32,
        push_magic=f"magic {index}",
        unlock_token=b"unlock",
    )
    device.state.management = management
    row = DeviceFactory(tenant=tenant, serial=device.serial, udid=device.udid, **columns)
    Heartbeat.objects.create(tenant=tenant, device=row, last_seen=timezone.now() - dt.timedelta(hours=1))
    AppleEnrolmentFactory(
        device=row,
        enrolment_id=device.udid,
        topic=topic,
        certificate_sha256=identity.certificate.fingerprint(hashes.SHA256()).hex(),
        push_token=management.push_token,
        push_magic=management.push_magic,
        unlock_token=management.unlock_token,
        token_updates=1,
    )
    return device


def download(profile: EnrolmentProfile) -> bytes:
    response = Client().get(f"/mdm/enrol/{profile.token}/profile.mobileconfig")
    assert response.status_code == 200, response.content
    return bytes(response.content)


def row_of(device: SimulatedAppleDevice) -> Device:
    """The server's device behind a simulated one."""
    return Device.objects.get(serial=device.serial)
