"""The file of a device's state: one JSON document per device."""

import base64
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from onboarding.simulation.apple_profile import ScepPayload
from onboarding.simulation.apple_state import (
    App,
    Declared,
    DeviceState,
    Installation,
    InstalledProfile,
    LostMode,
    Management,
)
from onboarding.simulation.identity import Identity

FORMAT = 1
_NESTED = (
    "profiles",
    "apps",
    "installations",
    "management",
    "declared",
    "lost_mode",
    "lock_screen_wallpaper",
    "home_screen_wallpaper",
)


class StateError(Exception):
    """A state file is not readable or belongs to another device; the message names the file."""


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
    """The state in the file, None when there is no file. Raises StateError.

    What an older file lacks has the value of a device that nobody changed.
    """
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
    return {
        **{key: value for key, value in vars(state).items() if key not in _NESTED},
        "profiles": [{**vars(profile), "data": _encode(profile.data)} for profile in state.profiles],
        "apps": [{**vars(app), "configuration": _plain(app.configuration)} for app in state.apps],
        "installations": [
            {**vars(coming), "configuration": None if coming.configuration is None else _plain(coming.configuration)}
            for coming in state.installations
        ],
        "organization_info": _plain(state.organization_info),
        "mdm_options": _plain(state.mdm_options),
        "lock_screen_wallpaper": _encode(state.lock_screen_wallpaper),
        "home_screen_wallpaper": _encode(state.home_screen_wallpaper),
        "lost_mode": vars(state.lost_mode) if state.lost_mode else None,
        "management": _management_to_json(state.management) if state.management else None,
        "declared": vars(state.declared),
    }


def _state_from_json(document: dict[str, Any]) -> DeviceState:
    values = {key: value for key, value in document.items() if key not in ("format", "udid")}
    management, lost_mode = values["management"], values.get("lost_mode")
    return DeviceState(
        **{
            **values,
            "profiles": [InstalledProfile(**{**item, "data": _decode(item["data"])}) for item in values["profiles"]],
            "apps": [App(**item) for item in values["apps"]],
            "installations": [Installation(**item) for item in values.get("installations", ())],
            "lock_screen_wallpaper": _decode(values.get("lock_screen_wallpaper", "")),
            "home_screen_wallpaper": _decode(values.get("home_screen_wallpaper", "")),
            "lost_mode": LostMode(**lost_mode) if lost_mode else None,
            "management": _management_from_json(management) if management else None,
            "declared": Declared(**values.get("declared", {})),
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


def _plain(value: Any) -> Any:
    """A value of a property list as JSON can hold it: data and dates become text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) else str(value)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
