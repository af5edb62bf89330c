"""A device before it is brought to a version of its blueprint, and what a comparison finds."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from commands.blueprints.compile.parts import Part
from commands.blueprints.facts import Facts
from commands.blueprints.plan import Difference, PlannedStep
from devices.models import Device


@dataclass(frozen=True)
class Compared:
    steps: tuple[PlannedStep, ...] = ()
    differences: tuple[Difference, ...] = ()
    gone: tuple[str, ...] = ()


IN_SYNC = Compared()


@dataclass(frozen=True)
class Situation:
    device: Device
    version_id: uuid.UUID
    facts: Facts
    before: Callable[[], Mapping[str, Part]]  # by key, what it converged to last, compiled for what it is now
    provision: bool
    reapply: bool

    def applies(self, part: Part) -> bool:
        return self.provision or not part.is_for_provisioning

    def internal(self, key: str) -> dict[str, Any]:
        """The arguments by which a command finds its part when it is delivered."""
        return {"blueprint_version": str(self.version_id), "blueprint_part": key}

    def remembered(self, key: str) -> str:
        """The ledger's fingerprint; empty if no blueprint brought the part."""
        applied = self.facts.applied.get(key)
        return applied.fingerprint if applied else ""
