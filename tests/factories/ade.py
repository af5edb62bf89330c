"""Devices in Apple's list, and what they say in their set-up assistant: signed by a chain that stands for Apple's."""

import plistlib
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, cast

from django.http import HttpResponse
from django.test import Client

from devices.models import Device, DeviceState
from onboarding.models import DepDevice, DepProfile, DepServer
from tenants.models import Tenant
from tests.factories.cms_messages import Form, signed_message
from tests.factories.devices import DeviceFactory
from tests.factories.pki import Identity, ec_key, identity, pem

_numbers = count(1)


@cache
def root() -> Identity:
    return identity("Root CA", ca=True, key=ec_key("Root CA"))


@cache
def device_ca() -> Identity:
    """The one that is pinned."""
    return identity("Set-up Device CA", issuer=root(), ca=True)


@cache
def set_up_device() -> Identity:
    return identity("A device in set-up", issuer=device_ca())


def trust(folder: Path, *authorities: str) -> str:
    """A file for ADE_DEVICE_CA_FILE; without any text the device CA."""
    path = folder / "device-authorities.pem"
    path.write_text("".join(authorities) or pem(device_ca().certificate))
    return str(path)


def DepProfileFactory(tenant: Tenant, **fields: Any) -> DepProfile:
    return DepProfile.objects.create(**{"tenant": tenant, "name": f"Profile {next(_numbers)}", **fields})


def DepDeviceFactory(tenant: Tenant, serial: str = "", **fields: Any) -> DepDevice:
    """In Apple's list, registered here, never enrolled."""
    number = next(_numbers)
    serial = serial or f"DEP{number:07}"
    server, _ = DepServer.objects.get_or_create(tenant=tenant, server_key="0" * 64)
    if "device" not in fields:
        fields["device"] = DeviceFactory(
            tenant=tenant,
            serial=serial,
            udid="",
            state=DeviceState.REGISTERED,
            device_source=Device.Source.ABM,
            os_version="",
        )
    return DepDevice.objects.create(**{"tenant": tenant, "server": server, "serial": serial, **fields})


def machine_info(serial: str, **fields: Any) -> dict[str, Any]:
    """A new iPhone's."""
    told = {
        "SERIAL": serial,
        "UDID": f"UDID-{serial}",
        "PRODUCT": "iPhone16,1",
        "VERSION": "22A3354",
        "OS_VERSION": "18.0",
        "LANGUAGE": "en",
        "MDM_CAN_REQUEST_SOFTWARE_UPDATE": True,
        **fields,
    }
    return {key: value for key, value in told.items() if value is not None}


def signed(content: dict[str, Any] | bytes, *, signer: Identity | None = None, **form: Any) -> bytes:
    """As a device posts it: embedded content, the chain carried along. `form`: see cms_messages.Form."""
    body = content if isinstance(content, bytes) else plistlib.dumps(content)
    signer = signer or set_up_device()
    made = {"embed": body, "certificates": (signer.der, device_ca().der, root().der), **form}
    return signed_message(signer, body, Form(**made))


def ask(
    profile: DepProfile | str, message: bytes | dict[str, Any], *, method: str = "POST", **extra: Any
) -> HttpResponse:
    """A device asks for its enrolment profile; a dictionary is signed as a device would."""
    token = profile if isinstance(profile, str) else profile.token
    body = message if isinstance(message, bytes) else signed(message)
    answer = Client().generic(method, f"/mdm/ade/{token}", body, "application/pkcs7-signature", **extra)
    return cast(HttpResponse, answer)
