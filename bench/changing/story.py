"""The story: devices move into a group, its blueprint changes ten times, and in the end each one is looked at."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.changing.caller import Caller
from bench.changing.crowd import Crowd
from bench.changing.looking import differences
from bench.changing.versions import Settings
from onboarding.simulation.apple_device import SimulatedAppleDevice

ENDED = ("SUCCESS", "FAILURE")
TERMINAL = ("Command Success", "Command Failure", "Command TimeOut", "Command Cancelled")
LOOK_SECONDS = 0.5
SPEAK_SECONDS = 30.0
MEDDLED_AFTER = (5, 8)  # versions after which users remove things
MEDDLERS = 0.1  # of the devices


class StoryStuck(Exception):
    """Something did not end in time; the text says what."""


@dataclass
class Ending:
    """A device at the end: what is not as its blueprint says, and how its last converge ended."""

    device: SimulatedAppleDevice
    differences: list[str]
    status: str
    reason: str
    failed: list[tuple[str, str]] = field(default_factory=list)  # state and reason of commands of that converge
    excused: set[str] = field(default_factory=set)  # differences for which the server has the device's own reason

    @property
    def is_right(self) -> bool:
        """As its blueprint says; or something failed, or the device does not follow it, and it is said why."""
        if self.status == "SUCCESS":
            return self.excused.issuperset(self.differences)
        return self.status == "FAILURE" and bool(self.reason)


@dataclass
class Outcome:
    endings: list[Ending]
    converges: Counter[str]  # of the ten changes, by how they ended
    commands: int  # that they took
    seconds: float
    again: int  # commands of a further converge of every device that had converged
    counted: dict[str, int]  # devices by `blueprint_upgrade_status`

    @property
    def wrong(self) -> list[Ending]:
        return [ending for ending in self.endings if not ending.is_right]


class Story:
    """`patience`: seconds in which everything must have ended. `pause`: between changes, whoever is ready by then.
    `deaths`: a device, by its place in the crowd, that falls silent when this version is published, idle until then.
    """

    def __init__(
        self,
        caller: Caller,
        crowd: Crowd,
        versions: list[Settings],
        *,
        app: str = "",
        patience: float = 600.0,
        pause: float = 0.0,
        deaths: Mapping[int, int] | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._caller = caller
        self._crowd = crowd
        self._versions = versions
        self._app = app
        self._patience = patience
        self._pause = pause
        self._deaths = deaths or {}
        self._say = say
        self._dice = random.Random("meddling")
        self._ids: dict[str, str] = {}  # of devices, by serial
        self._requests: dict[str, int] = {}  # of commands not known to have ended, with their devices
        self._began = time.monotonic()

    def run(self) -> Outcome:
        self._ids = self._until("devices enrolled and told what they are", self._enrolled)
        self._began = time.monotonic()
        group = self._first_version()
        for number, ios in enumerate(self._versions[1:], start=2):
            time.sleep(self._pause)
            self._change(number, ios, group)
        self._until("converges ended", self._all_ended)
        converges = list(self._caller.all("/api/v2/converge"))
        seconds = time.monotonic() - self._began
        endings = self._endings(converges)
        return Outcome(
            endings=endings,
            converges=Counter(converge["status"] for converge in converges),
            commands=sum(self._commands_of(converge) for converge in converges),
            seconds=seconds,
            again=self._converge_again([ending for ending in endings if ending.status == "SUCCESS"]),
            counted=self._standings(),
        )

    # --- what is done -----------------------------------------------------------------------------------------

    def _enrolled(self) -> dict[str, str]:
        """Ids by serial, once there are all and each has said what it is; empty before."""
        listed = list(self._caller.all("/api/device/v0/devices/", state=1))
        known = {device["serial"]: device["id"] for device in listed if device["os_version"]}
        return known if len(known) >= len(self._crowd.devices) else {}

    def _first_version(self) -> str:
        """The devices move into a group with the blueprint, which starts their first converges. The group's id."""
        blueprint = self._caller.post("/api/v2/blueprints/", {"name": "Shop floor", "settings": {"ios": {}}})
        self._blueprint: str = blueprint["id"]
        self._publish(1, self._versions[0])
        group: str = self._caller.post(
            "/api/v2/devicegroups/", {"name": "Shop floor", "blueprint_id": self._blueprint}
        )["id"]
        self._caller.post(f"/api/v2/devicegroups/{group}/devices", {"device_ids": list(self._ids.values())})
        return group

    def _publish(self, number: int, ios: Settings) -> None:
        body = {"name": "Shop floor", "comments": f"Change {number}", "settings": {"ios": ios}, "publish": True}
        self._caller.put(f"/api/v2/blueprints/{self._blueprint}/", body)

    def _change(self, number: int, ios: Settings, group: str) -> None:
        """Every other version by the route for one device, the others by the command for the group."""
        if number in self._deaths:
            self._until("converges ended before a death", self._all_ended)
        self._publish(number, ios)
        if (place := self._deaths.get(number)) is not None:
            self._crowd.devices[place].faults.dead = True
        if number % 2:
            for device_id in self._ids.values():
                self._converge(device_id)
        else:
            self._command("CONVERGE", len(self._ids), {"command_type": "GROUP", "groups": [group]})
        self._say(f"version {number} is published and on its way after {time.monotonic() - self._began:.0f} s")
        if number in MEDDLED_AFTER:
            self._meddle()

    def _meddle(self) -> None:
        """Users remove things; the server sees it when the devices are asked."""
        chosen = self._dice.sample(list(self._crowd.devices), max(1, round(len(self._crowd.devices) * MEDDLERS)))
        ids = [self._ids[device.serial] for device in chosen if self._crowd.meddle(device)]
        if ids:
            self._command("DEVICE_INFORMATION", len(ids), {"command_type": "DEVICE", "devices": ids})

    def _converge(self, device_id: str) -> str:
        body = {"device_id": device_id, "converge_with_provision_option": False}
        converge: str = self._caller.post("/api/v2/converge", body)["id"]
        return converge

    def _command(self, command: str, devices: int, target: dict[str, Any]) -> None:
        body = {"command": command, "command_args": {}, "schedule": "IMMEDIATE", **target}
        self._requests[self._caller.post("/api/commands/v0/commands/", body)["id"]] = devices

    # --- what is looked at ------------------------------------------------------------------------------------

    def _all_ended(self) -> bool:
        """All commands that were sent, of which some are converges, and all converges."""
        for request, devices in list(self._requests.items()):
            if not self._has_ended(request, devices):
                return False
            del self._requests[request]  # it is not asked about again
        return all(converge["status"] in ENDED for converge in self._caller.all("/api/v2/converge"))

    def _has_ended(self, request: str, devices: int) -> bool:
        """Its rows are made some time after it, one for each device."""
        told = self._caller.get(f"/api/commands/v0/commands/{request}/stats/")["status"]
        ended: int = sum(each["total"] for each in told if each["state"] in TERMINAL)
        return ended >= devices

    def _what_is_open(self) -> str:
        converges = list(self._caller.all("/api/v2/converge"))
        by_status = Counter(converge["status"] for converge in converges)
        words = Counter(f"{each['status']}: {each['reason']}" for each in converges if each["status"] not in ENDED)
        requests = [each for each, devices in self._requests.items() if not self._has_ended(each, devices)]
        return f"{dict(by_status)}, commands {len(requests)}, {words.most_common(8)}"

    def _endings(self, converges: list[dict[str, Any]]) -> list[Ending]:
        last: dict[str, dict[str, Any]] = {}
        for converge in sorted(converges, key=lambda each: each["created_at"]):
            last[converge["device_id"]] = converge
        return [self._ending(device, last.get(self._ids[device.serial])) for device in self._crowd.devices]

    def _ending(self, device: SimulatedAppleDevice, converge: dict[str, Any] | None) -> Ending:
        found = differences(device, self._versions[-1], self._app)
        if converge is None:
            return Ending(device, found, "", "")
        rows = self._caller.all(f"/api/v2/converge/{converge['id']}/commands")
        failed = [(row["command_state"], row["reason"]) for row in rows if row["command_state"] != "Command Success"]
        excused = self._excused(converge["device_id"]) if found else set()
        return Ending(device, found, converge["status"], converge["reason"], failed, excused)

    def _excused(self, device_id: str) -> set[str]:
        """The groups of settings that differ, by the server's word, for a reason."""
        drift = self._caller.get(f"/api/v2/devices/{device_id}/drift")
        return {each["setting"].split(".")[0] for each in drift["differences"] if each["reason"]}

    def _commands_of(self, converge: dict[str, Any]) -> int:
        return int(self._caller.get(f"/api/v2/converge/{converge['id']}/commands", limit=1)["count"])

    def _converge_again(self, endings: list[Ending]) -> int:
        """How many commands it takes where nothing differs."""
        made = [self._converge(self._ids[ending.device.serial]) for ending in endings]
        self._until("further converges ended", self._all_ended)
        return sum(self._commands_of({"id": converge_id}) for converge_id in made)

    def _standings(self) -> dict[str, int]:
        listed = self._caller.all("/api/device/v0/devices/")
        return dict(Counter(device["blueprint_info"]["blueprint_upgrade_status"] for device in listed))

    def _until(self, what: str, look: Callable[[], Any]) -> Any:
        deadline, spoken = time.monotonic() + self._patience, time.monotonic()
        while not (found := look()):
            if time.monotonic() > spoken + SPEAK_SECONDS:
                spoken = time.monotonic()
                self._say(f"after {spoken - self._began:.0f} s: {self._what_is_open()}")
            if time.monotonic() > deadline:
                raise StoryStuck(f"within {self._patience:.0f} s not: {what}; {self._what_is_open()}")
            time.sleep(LOOK_SECONDS)
        return found
