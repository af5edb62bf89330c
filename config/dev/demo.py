"""The demo's facts, as `manage.py seed_demo` left them in `var/demo.json`, and the block that tells them."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.dev.console import LauncherError, paint
from config.dev.places import shown
from config.dev.web import ask_json

DEVICES = "/api/device/v0/devices/"
COMMANDS = "/api/commands/v0/commands/"
COMMAND = "DEVICE_INFORMATION"
PLACEHOLDER = "<id of a device>"
DEVICE_PAGE = 1000  # the API's largest
REFUSALS = (401, 403)


@dataclass(frozen=True)
class Demo:
    base_url: str
    tenant_id: str
    token: str
    caller_id: str
    admin_user: str
    admin_password: str
    admin_url: str
    docs_url: str

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}",
            "X-Tenant-Id": self.tenant_id,
            "X-Caller-Id": self.caller_id,
            "X-SCAPI-Private-URL": self.base_url,
        }


def read_demo(path: Path) -> Demo:
    try:
        facts = json.loads(path.read_text())
        known: Mapping[str, Any] = {"docs_url": f"{facts['base_url']}/api/docs/", **facts}
        return Demo(**{name: str(known[name]) for name in Demo.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LauncherError(f"{shown(path)} does not tell the demo's facts ({error!r}).") from None


def enrolled_devices(demo: Demo, server: str) -> list[str]:
    """Ids of the tenant's devices, one page at most. Raises LauncherError if the demo's token is refused."""
    status, body = ask_json(f"{server}{DEVICES}?limit={DEVICE_PAGE}&platform=APPLE&state=active", demo.headers)
    if status in REFUSALS:
        raise LauncherError(f"the server refuses the demo's token ({status}): start over with `make clean`.")
    try:
        return [str(device["id"]) for device in body["content"]["results"]]
    except (KeyError, TypeError):
        return []


def block(demo: Demo, devices: list[str], new_devices: int) -> str:
    """What to know and to try first; every command can be pasted as it stands."""
    body = {
        "command_type": "DEVICE",
        "devices": devices[:1] or [PLACEHOLDER],
        "device_type": "all",
        "command": COMMAND,
        "schedule": "IMMEDIATE",
    }
    send = ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    rows = {
        "Console": f"{demo.admin_url}   user {demo.admin_user}   password {demo.admin_password}",
        "API docs": demo.docs_url,
        "Tenant": demo.tenant_id,
        "Token": demo.token,
        "Devices": f"{len(devices)} enrolled" if devices else "none enrolled yet",
    }
    if new_devices:
        rows["New"] = f"{new_devices} of the fleet enrol by Apple's device assignment (DEP) when they are switched on"
    return "\n".join(
        [
            paint("Muster is running. Ctrl-C stops it.", "bold"),
            *(f"  {name:<10}{value}" for name, value in rows.items()),
            paint("See the devices:", "bold"),
            curl(demo, f"{DEVICES}?limit=3"),
            paint(f"Send {COMMAND} to one of them:", "bold"),
            curl(demo, COMMANDS, *send),
            paint("See how it went, with the id from that answer in place of ID:", "bold"),
            curl(demo, f"{COMMANDS}ID/stats/"),
        ]
    )


def curl(demo: Demo, path: str, *extra: str) -> str:
    """A command line broken into readable pieces."""
    headers = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in demo.headers.items()]
    pairs = [f"{extra[at]} {shlex.quote(extra[at + 1])}" for at in range(0, len(extra), 2)]
    return " \\\n    ".join([f"  curl -s {shlex.quote(demo.base_url + path)}", *headers, *pairs])
