"""What a page of Apple's list says about each device. The same one may be in it several times, in any order."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from onboarding.clients.dep_answers import Listed
from onboarding.models import DepDevice

ADDED, DELETED = "added", "deleted"
EVER = dt.datetime.min.replace(tzinfo=dt.UTC)
TOLD = (  # columns of DepDevice that are Apple's word, by the names of Listed
    "model",
    "description",
    "color",
    "asset_tag",
    "device_family",
    "os",
    "device_assigned_by",
    "device_assigned_at",
    "profile_status",
    "profile_uuid",
    "profile_assigned_at",
    "profile_pushed_at",
)


@dataclass(frozen=True)
class Change:
    """The last that is told of a device, and when it was last told to be added: it may have been changed since."""

    told: Listed
    added_at: dt.datetime | None

    @property
    def is_deletion(self) -> bool:
        return self.told.op_type == DELETED

    def is_older_than(self, row: DepDevice) -> bool:
        """What comes again is not: it changes nothing."""
        return None not in (row.op_at, self.told.op_at) and (self.told.op_at or EVER) < (row.op_at or EVER)

    def is_from_before_move(self, row: DepDevice) -> bool:
        """Whether it tells of a time when another server, which has the row's device by now, had not got it yet.

        A list that is read in full tells no times of changes, but when it got the device.
        """
        if row.removed_at is not None or not self.told.op_type:
            return False
        if self.added_at is None:
            return True
        return row.device_assigned_at is not None and self.added_at < row.device_assigned_at

    def lists_anew(self, row: DepDevice) -> bool:
        """Whether the row's device was given to us (again) since the row was written."""
        if row.removed_at is not None:
            return True
        return self.added_at is not None and self.added_at > (row.op_at or EVER)


def changes_by_serial(listed: Iterable[Listed]) -> dict[str, Change]:
    """By serial in upper case, in its order: whoever stores pages makes their devices in the same order."""
    found: dict[str, Change] = {}
    for told in sorted(listed, key=lambda each: each.op_at or EVER):
        key = told.serial.upper()
        before = found.get(key)
        added_at = before.added_at if before else None
        found[key] = Change(told, told.op_at if told.op_type == ADDED else added_at)
    return dict(sorted(found.items()))


def differs(row: DepDevice, told: Listed) -> bool:
    return any(getattr(row, name) != getattr(told, name) for name in TOLD)


def copy_told(row: DepDevice, told: Listed) -> None:
    for name in TOLD:
        setattr(row, name, getattr(told, name))
    row.op_type, row.op_at = (told.op_type, told.op_at) if told.op_type else (row.op_type, row.op_at)
