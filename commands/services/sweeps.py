"""Everything that beat has done for commands, once, here and now."""

from collections.abc import Callable, Collection
from typing import TypeVar

import structlog

from commands.apple.push import find_lost_wakes, wake_due_devices
from commands.models import CommandRequest
from commands.services.cancellations import finish_cancellations
from commands.services.converges.sweeps import sweep_converges
from commands.services.drift.asking import ask_silent_devices
from commands.services.drift.checking import refresh_drift
from commands.services.fan_out import fan_out
from commands.services.licensed_installs import release_holds
from commands.services.set_up.releasing import release_waiting
from commands.services.slots import add_new_zones, due_slots, turn_slot
from commands.services.time_outs import time_out_commands

log = structlog.get_logger(__name__)

SLICE = 500
Id = TypeVar("Id")


def fan_out_what_was_left() -> int:
    left = CommandRequest.objects.filter(fanned_out_at__isnull=True, cancelled_at__isnull=True).order_by("created_at")
    return _each(list(left.values_list("pk", flat=True)), fan_out)


def turn_due_slots() -> int:
    """Each slot once: what waits for others to let go of it stays due."""
    done: set[int] = set()
    while fresh := [slot_id for slot_id in due_slots(SLICE) if slot_id not in done]:
        _each(fresh, turn_slot)
        done.update(fresh)
    return len(done)


def find_zones() -> int:
    add_new_zones()
    return turn_due_slots()


def _each(ids: Collection[Id], act: Callable[[Id], object]) -> int:
    """With all of them, even if one fails; the first error comes at the end."""
    errors = []
    for each in ids:
        try:
            act(each)
        except Exception as error:
            log.exception("sweep_failed", id=str(each))
            errors.append(error)
    if errors:
        raise errors[0]
    return len(ids)


# In this order: what one makes, a later one works on.
SWEEPS: dict[str, Callable[[], int]] = {
    "tenants whose silent devices are asked what they have": lambda: len(ask_silent_devices()),
    "devices let go on in their set-up assistant": lambda: len(release_waiting()),
    "requests handed out": fan_out_what_was_left,
    "windows announced, opened or closed": turn_due_slots,
    "windows of new time zones": find_zones,
    "waiting rows of cancelled requests ended": finish_cancellations,
    "rows timed out or queued again": time_out_commands,
    "installations whose licence has come, or will not": release_holds,
    "converges begun, advanced or ended": sweep_converges,
    "devices compared with their blueprints": refresh_drift,
    "devices found that nobody was going to wake": find_lost_wakes,
    "pushes taken by Apple": wake_due_devices,
}
