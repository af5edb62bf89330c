"""What it takes to bring a device to a version of its blueprint, as data."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Stage(IntEnum):
    """The commands of a stage are sent when those of the stage before have ended, well or not."""

    LOOK = 0  # a device that never told what it has is asked first
    PROFILES = 1  # profiles and settings
    APPS = 2
    LOCK = 3  # what needs the apps, or restarts the device: app lock, updates of the system
    REMOVALS = 4  # what is wanted no more, networks last


@dataclass(frozen=True)
class PlannedStep:
    """One command for the device."""

    stage: Stage
    part: str  # of the blueprint: `restrictions`, `wifi:<id>`, `app:<bundle identifier>`
    title: str  # for people: `Restrictions`, `Wi-Fi: Office`, `Remove app: Till`
    command: str  # of the catalogue
    args: dict[str, Any]  # secret ones too, as the catalogue's command takes them
    fingerprint: str = ""  # what is remembered as applied when it has succeeded
    is_removal: bool = False  # then the part is forgotten when it has succeeded
    details: dict[str, Any] = field(default_factory=dict)  # remembered with it, for its removal


@dataclass(frozen=True)
class Difference:
    """One field in which the device is not as its blueprint says. Secret values are masked on both sides."""

    setting: str  # path in the settings: `camera_settings.allow_camera_access`
    part: str
    wanted: Any
    found: Any  # None if nothing is known to be there
    reason: str = ""  # why it stays so and nothing is sent for it
    refused: bool = False  # the device was given it; otherwise this kind of device can never have it

    @property
    def is_drift(self) -> bool:
        """What a device can never have is told, and not held against it."""
        return self.refused or not self.reason


@dataclass(frozen=True)
class Plan:
    """Without steps the device is as it should be, unless `problem` says why nothing can be planned."""

    steps: tuple[PlannedStep, ...] = ()
    differences: tuple[Difference, ...] = ()
    problem: str = ""
    gone: tuple[str, ...] = ()  # parts that are remembered, wanted no more, and not there any more either
