"""The plan for a device: its blueprint's parts, compared with what the device has.

What the device told counts (profiles, apps, name, time zone); the ledger counts where no device tells (wallpaper), and
for what is to go because a blueprint brought it (apps, custom profiles). Doing what a plan says leaves nothing for the
next one.

A part that the device can be sent is sent, even if it will refuse: the step says why, at every converge, until the
device can have it. Only what its kind of device can never have is not sent; its difference has a reason.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from commands.blueprints.comparing import Compared, Situation, compare_all
from commands.blueprints.compile.compiler import COMPILERS, AppsOf, VersionGone
from commands.blueprints.compile.parts import Part, Target
from commands.blueprints.facts import Facts, facts_of
from commands.blueprints.plan import Plan
from devices.models import BlueprintVersion, Device, Platform

NOT_YET: dict[str, str] = {
    Platform.ANDROID: "Blueprints reach Android devices by the agent's channel, which this server does not have yet.",
    Device.Os.MACOS: "Blueprints hold no settings for Macs: send the commands and profiles themselves.",
}
GONE = "The version of the blueprint was deleted."


@dataclass
class Planner:
    """Plans for many devices; what it compiled for one serves the next of the kind."""

    provision: bool
    reapply: bool = False
    compiled: dict[tuple[uuid.UUID, Target], tuple[Part, ...]] = field(default_factory=dict)
    apps_of: AppsOf = field(default_factory=dict)

    def plan(self, device: Device, version_id: uuid.UUID, facts: Facts) -> Plan:
        """`device` with its tenant."""
        if problem := NOT_YET.get(device.platform) or NOT_YET.get(device.os):
            return Plan(problem=problem)
        target = Target.of(device)
        try:
            parts = self._parts(version_id, target, device.platform)
        except VersionGone:
            return Plan(problem=GONE)
        situation = Situation(
            device=device,
            version_id=version_id,
            facts=facts,
            before=lambda: self._before(device, target),
            provision=self.provision,
            reapply=self.reapply,
        )
        return _assembled(list(compare_all(parts, situation)))

    def _parts(self, version_id: uuid.UUID, target: Target, platform: str) -> tuple[Part, ...]:
        key = (version_id, target)
        if key not in self.compiled:
            self.compiled[key] = COMPILERS[platform](version_id, target, self.apps_of)
        return self.compiled[key]

    def _before(self, device: Device, target: Target) -> Mapping[str, Part]:
        """The parts that the device converged to last: what its profiles hold, if they are still these."""
        version_id = device.current_blueprint_version_id
        if version_id is None:
            return {}
        try:
            return {part.key: part for part in self._parts(version_id, target, device.platform)}
        except VersionGone:
            return {}


def plan_for(device: Device, version: BlueprintVersion, *, provision: bool, reapply: bool = False) -> Plan:
    """`reapply`: also what does not differ, apart from apps. `provision`: also what is for provisioning only."""
    [plan] = plan_many([(device, version.pk)], provision=provision, reapply=reapply).values()
    return plan


def plan_many(
    wanted: Iterable[tuple[Device, uuid.UUID]], *, provision: bool, reapply: bool = False
) -> dict[uuid.UUID, Plan]:
    """By device, each with its version. The devices come with their tenants."""
    pairs = list(wanted)
    facts = facts_of(device for device, _ in pairs)
    planner = Planner(provision, reapply)
    return {device.pk: planner.plan(device, version_id, facts[device.pk]) for device, version_id in pairs}


def _assembled(found: list[Compared]) -> Plan:
    """Steps by stage, and within a stage as they come."""
    steps = sorted((step for each in found for step in each.steps), key=lambda step: step.stage)
    differences = tuple(difference for each in found for difference in each.differences)
    return Plan(tuple(steps), differences, gone=tuple(key for each in found for key in each.gone))
