"""The servers as they are kept in a file between two runs."""

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from onboarding.simulation.dep.mdm_server import ListedDevice, MdmServer, Operation
from onboarding.simulation.dep.oauth import Credentials

SECONDS = 0.5  # after a change, so that many of them are written at once


class Keeper:
    """Without a path it keeps nothing. The stand-in's lock is held by who calls."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._timer: threading.Timer | None = None
        self._writing = threading.Lock()

    def restored(self, clock: Callable[[], float]) -> list[MdmServer]:
        """Empty when there is no such file, or it cannot be read."""
        if self._path is None:
            return []
        with suppress(OSError, ValueError, KeyError, TypeError, IndexError):
            return [restore(saved, clock) for saved in json.loads(self._path.read_text())]
        return []

    def changed(self, servers: list[MdmServer]) -> None:
        if self._path is None or (self._timer and self._timer.is_alive()):
            return
        self._timer = threading.Timer(SECONDS, self.save, (servers,))
        self._timer.daemon = True
        self._timer.start()

    def save(self, servers: list[MdmServer]) -> None:
        """Whole or not at all, and for its owner only: it holds tokens."""
        if self._path is None:
            return
        with self._writing:
            draft = self._path.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps([saved(server) for server in list(servers)]))
            os.replace(draft, self._path)


def saved(server: MdmServer) -> dict[str, Any]:
    return {
        "name": server.name,
        "organisation": server.organisation,
        "uuid": server.uuid,
        "credentials": asdict(server.credentials),
        "expires_at": server.expires_at,
        "accepts_terms": server.accepts_terms,
        "profiles": dict(server.profiles),
        "disowned": sorted(server.disowned),
        "places": list(server.places),
        "devices": [asdict(device) for device in list(server.devices.values())],
        "log": [[each.kind, each.at, asdict(each.device), each.changes] for each in list(server.log)],
    }


def restore(saved: dict[str, Any], clock: Callable[[], float]) -> MdmServer:
    server = MdmServer(saved["name"], organisation=saved["organisation"], uuid=saved["uuid"], clock=clock)
    server.credentials = Credentials(**saved["credentials"])
    server.consumer_key, server.expires_at = server.credentials.consumer_key, saved["expires_at"]
    server.accepts_terms, server.profiles = saved["accepts_terms"], saved["profiles"]
    server.disowned, server.places = set(saved["disowned"]), saved["places"]
    server.devices = {each["serial"]: ListedDevice(**each) for each in saved["devices"]}
    for kind, at, told, changes in saved["log"]:
        device = server.devices.get(told["serial"]) if kind != "deleted" else None
        server.log.append(Operation(kind, at, device or ListedDevice(**told), changes))
    return server
