"""What a simulated device remembers, and its file: one JSON document per device."""

import base64
import json
import os
import secrets
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_profile import EnrolmentProfile, ScepPayload
from onboarding.simulation.identity import Identity

FORMAT = 1


class StateError(Exception):
    """A state file is not readable or belongs to another device; the message names the file."""


@dataclass
class App:
    identifier: str
    name: str
    version: str
    size: int
    """In bytes."""


@dataclass
class InstalledProfile:
    """A profile as it arrived; ``managed`` when the management server installed it."""

    identifier: str
    data: bytes
    managed: bool


@dataclass
class Management:
    """The device's bond with one server, from enrolment to unenrolment."""

    profile_identifier: str
    scep: ScepPayload
    server_url: str
    check_in_url: str
    topic: str
    sign_message: bool
    check_out_when_removed: bool
    identity: Identity
    push_token: bytes
    push_magic: str
    unlock_token: bytes

    @classmethod
    def begin(cls, enrolment: EnrolmentProfile, identity: Identity) -> "Management":
        """A new bond: fresh push token, magic and unlock token."""
        return cls(
            profile_identifier=enrolment.identifier,
            scep=enrolment.scep,
            server_url=enrolment.server_url,
            check_in_url=enrolment.check_in_url,
            topic=enrolment.topic,
            sign_message=enrolment.sign_message,
            check_out_when_removed=enrolment.check_out_when_removed,
            identity=identity,
            push_token=secrets.token_bytes(32),
            push_magic=str(uuid.uuid4()).upper(),
            unlock_token=secrets.token_bytes(1024),
        )


@dataclass
class DeviceState:
    """Everything that changes in a device's life."""

    name: str
    battery_level: float
    """0.0 to 1.0"""
    is_supervised: bool
    passcode_set: bool = True
    locked: bool = False
    powered_on: bool = True
    last_status: str = ""
    """The status of the last report sent: only after NotNow does a device come back by itself."""
    times_erased: int = 0
    profiles: list[InstalledProfile] = field(default_factory=list)
    apps: list[App] = field(default_factory=list)
    management: Management | None = None

    @classmethod
    def fresh(cls, hardware: Hardware) -> "DeviceState":
        """A device as it is when its user has just set it up."""
        return cls(
            name=hardware.name,
            battery_level=hardware.battery_level,
            is_supervised=hardware.is_supervised,
            apps=[
                App("com.example.notes", "Example Notes", "4.2.1", 48_234_496),
                App("com.example.scanner", "Example Scanner", "11.0.3", 121_634_816),
            ],
        )


def save_state(path: Path, *, udid: str, state: DeviceState) -> None:
    """Writes the file whole or not at all, readable by its owner only (it holds the device's key)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"format": FORMAT, "udid": udid, **_state_to_json(state)}
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load_state(path: Path, *, udid: str) -> DeviceState | None:
    """The state in the file, None when there is no file. Raises StateError."""
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["udid"] != udid or document["format"] != FORMAT:
            raise StateError(f"{path} belongs to another device or another version; remove it or choose another seed.")
        return _state_from_json(document)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(f"{path} is not readable as a device's state: {error}") from error


def _state_to_json(state: DeviceState) -> dict[str, Any]:
    simple = ("name", "battery_level", "is_supervised", "passcode_set", "locked", "powered_on", "last_status")
    return {
        **{key: getattr(state, key) for key in (*simple, "times_erased")},
        "profiles": [
            {"identifier": profile.identifier, "data": _encode(profile.data), "managed": profile.managed}
            for profile in state.profiles
        ],
        "apps": [vars(app) for app in state.apps],
        "management": _management_to_json(state.management) if state.management else None,
    }


def _state_from_json(document: dict[str, Any]) -> DeviceState:
    values = {key: value for key, value in document.items() if key not in ("format", "udid")}
    management = values["management"]
    return DeviceState(
        **{
            **values,
            "profiles": [InstalledProfile(**{**item, "data": _decode(item["data"])}) for item in values["profiles"]],
            "apps": [App(**item) for item in values["apps"]],
            "management": _management_from_json(management) if management else None,
        }
    )


def _management_to_json(management: Management) -> dict[str, Any]:
    identity = management.identity
    return {
        **vars(management),
        "scep": management.scep.to_json(),
        "identity": {"key_pem": identity.key_pem, "certificate_pem": identity.certificate_pem},
        "push_token": management.push_token.hex(),
        "unlock_token": _encode(management.unlock_token),
    }


def _management_from_json(document: dict[str, Any]) -> Management:
    return Management(
        **{
            **document,
            "scep": ScepPayload(**document["scep"]),
            "identity": Identity.from_pem(**document["identity"]),
            "push_token": bytes.fromhex(document["push_token"]),
            "unlock_token": _decode(document["unlock_token"]),
        }
    )


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
