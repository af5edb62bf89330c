"""The set-up assistant: what a device does when it is switched on for the first time, or after it was erased.

Sources: Apple's MachineInfo, ErrorCodeSoftwareUpdateRequired and "Request a specific minimum software version during
enrollment" of the Device Management documentation. How devices ask Apple is not public; these ask the stand-in.
"""

import json
import plistlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from onboarding.simulation.apple_channel import EnrolmentFailed
from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_http import HttpClient, Reply, ServerUnreachable, header_of, send
from onboarding.simulation.apple_models import OsFamily, OsRelease, find_release, version_numbers
from onboarding.simulation.apple_profile import read_plist
from onboarding.simulation.apple_state import DeviceState
from onboarding.simulation.dep.authority import DEVICE_BITS, DeviceIdentity
from onboarding.simulation.identity import KeyFactory

MACHINE_INFO_TYPE = "application/pkcs7-signature"
UPDATE_REQUIRED = "com.apple.softwareupdate.required"
MOST_UPDATES = 3  # in one set-up: a server that always wants another never ends
CAN_UPDATE: dict[OsFamily, str] = {"iOS": "17.0", "iPadOS": "17.0", "macOS": "14.0"}
LATER = (408, 429)  # besides what is the server's fault


class NotAssigned(EnrolmentFailed):
    """Apple has no profile for the device. Its user waits."""

    def __init__(self, serial: str) -> None:
        super().__init__(f"Apple has no profile for {serial}.", retryable=True)


class Activation(Protocol):
    """What a device asks Apple. Both raise EnrolmentFailed when Apple does not answer."""

    def record(self, serial: str) -> dict[str, Any] | None:
        """The profile that it was assigned; None: there is none."""

    def certificates(self, serial: str, public_key: str) -> list[str]:
        """Of the factory, for a key in PEM: the device's certificate, and those it sends along."""


class StandInActivation:
    """Asks the stand-in of device assignment by HTTP."""

    def __init__(self, http: HttpClient, url: str) -> None:
        self._http = http
        self._url = url.rstrip("/")

    def record(self, serial: str) -> dict[str, Any] | None:
        reply = _sent(self._http, "GET", f"{self._url}/devices/{serial}/profile")
        return None if reply.status_code == 404 else _told(reply)

    def certificates(self, serial: str, public_key: str) -> list[str]:
        body = json.dumps({"public_key": public_key}).encode()
        reply = _sent(self._http, "POST", f"{self._url}/devices/{serial}/certificate", body)
        certificates = _told(reply).get("certificates")
        return [str(each) for each in certificates] if isinstance(certificates, list) else []


class SetUp:
    """One device's conversation before its enrolment. It keeps its identity, and the system that it updates to."""

    def __init__(
        self, http: HttpClient, activation: Activation, hardware: Hardware, state: DeviceState, keys: KeyFactory
    ) -> None:
        self.hardware = hardware
        self._http = http
        self._activation = activation
        self._state = state
        self._keys = keys

    def record(self) -> dict[str, Any]:
        """What Apple has for the device. Raises EnrolmentFailed, NotAssigned when that is nothing."""
        record = self._activation.record(self.hardware.serial)
        if record is None:
            raise NotAssigned(self.hardware.serial)
        if not isinstance(record.get("url"), str):
            raise EnrolmentFailed("The profile of Apple's has no url.", retryable=False)
        return record

    def profile(self, url: str) -> bytes:
        """The enrolment profile; on the way the device updates its system if it is told to. Raises EnrolmentFailed."""
        for _ in range(MOST_UPDATES + 1):
            reply = self._ask(url)
            if reply.status_code == 200:
                return reply.content
            release = self._release_wanted(reply)
            if release is None:
                retryable = reply.status_code >= 500 or reply.status_code in LATER
                raise EnrolmentFailed(_refusal(reply), retryable=retryable)
            self._update(release)
        raise EnrolmentFailed("The server wants another update after each.", retryable=False)

    def machine_info(self) -> dict[str, Any]:
        return machine_info(self.hardware, self._state)

    def _ask(self, url: str) -> Reply:
        signed = self._identity().sign(plistlib.dumps(self.machine_info()))
        return _sent(self._http, "POST", url, signed, MACHINE_INFO_TYPE)

    def _identity(self) -> DeviceIdentity:
        """As it left the factory with: it lasts longer than whatever is on the device."""
        if not self._state.factory:
            key = self._keys(DEVICE_BITS)
            self._state.factory = self._made(key).to_json()
        kept = self._state.factory
        return DeviceIdentity.from_json(kept["key"], kept["certificates"])

    def _made(self, key: rsa.RSAPrivateKey) -> DeviceIdentity:
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        certificates = self._activation.certificates(self.hardware.serial, public.decode())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            return DeviceIdentity.from_json(private.decode(), certificates)
        except ValueError as error:
            raise EnrolmentFailed(f"The factory's certificate cannot be read: {error}.", retryable=False) from error

    def _release_wanted(self, reply: Reply) -> OsRelease | None:
        """What the device is to update to; None: the answer is no such document."""
        if reply.status_code != 403:
            return None
        told = _document(reply)
        details = told.get("details")
        if told.get("code") != UPDATE_REQUIRED or not isinstance(details, dict):
            return None
        version = str(details.get("OSVersion", ""))
        release = find_release(self.hardware.product, version)
        return OsRelease(version, str(details.get("BuildVersion") or release.build))

    def _update(self, release: OsRelease) -> None:
        """Raises EnrolmentFailed when there is no such update for the device."""
        fixed = self.hardware.product.releases
        newer = version_numbers(release.version) > version_numbers(self.hardware.os.version)
        if not newer or not can_update(self.hardware) or (fixed and release.version not in fixed):
            raise EnrolmentFailed(f"There is no update to “{release.version}” for this device.", retryable=False)
        self._state.os_version, self._state.os_build = release.version, release.build
        self._state.setup_updates += 1
        self.hardware = self.hardware.updated(release)


def machine_info(hardware: Hardware, state: DeviceState) -> dict[str, Any]:
    """What a device says about itself when it asks for its enrolment profile."""
    told: dict[str, Any] = {
        "LANGUAGE": "en-US",
        "PRODUCT": hardware.product.product,
        "SERIAL": hardware.serial,
        "UDID": hardware.udid,
        "VERSION": hardware.os.build,
    }
    if hardware.imei:
        told |= {"IMEI": hardware.imei, "MEID": hardware.imei[:14]}
    if hardware.os_family == "tvOS" and state.factory:
        told["PAIRING_TOKEN"] = hardware.udid
    if can_update(hardware):
        told |= {
            "OS_VERSION": hardware.os.version,
            "SUPPLEMENTAL_BUILD_VERSION": hardware.os.build,
            "SOFTWARE_UPDATE_DEVICE_ID": _update_device(hardware),
            "MDM_CAN_REQUEST_SOFTWARE_UPDATE": True,
        }
    return told


def can_update(hardware: Hardware) -> bool:
    """Whether its set-up assistant knows how."""
    return hardware.runs(CAN_UPDATE)


def is_awaited(record: Mapping[str, Any]) -> bool:
    """Whether the device waits for its server's word before its user may go on."""
    return record.get("await_device_configured") is True


def _update_device(hardware: Hardware) -> str:
    return f"{hardware.product.model}AP" if hardware.os_family == "macOS" else hardware.product.product


def _refusal(reply: Reply) -> str:
    text = reply.content[:200].decode(errors="replace").strip()
    return f"The server answered MachineInfo with HTTP {reply.status_code}: {text}"


def _document(reply: Reply) -> dict[str, Any]:
    """By its Content-Type JSON or a property list; empty when it cannot be read."""
    read: Callable[[bytes], Any] = json.loads if "json" in header_of(reply, "Content-Type") else read_plist
    try:
        told = read(reply.content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _sent(
    http: HttpClient, method: str, url: str, content: bytes | None = None, kind: str = "application/json"
) -> Reply:
    try:
        return send(http, method, url, content=content, headers={"Content-Type": kind} if content else None)
    except ServerUnreachable as error:
        raise EnrolmentFailed(str(error), retryable=True) from error


def _told(reply: Reply) -> dict[str, Any]:
    """Apple's answer. Raises EnrolmentFailed."""
    told = _document(reply) if reply.status_code == 200 else {}
    if not told:
        raise EnrolmentFailed(f"Apple answered HTTP {reply.status_code}.", retryable=True)
    return told
