"""Commands that act on the whole device: lock, restart, wipe, clear the passcode, ping."""

import datetime as dt
import uuid
from typing import Any

from commands.catalogue.base import Command, Delivery, Undeliverable
from commands.services.enrolments import disable_enrolments
from devices.models import DeviceState
from devices.services.devices import change_state


class Lock(Command):
    """DeviceLock locks the screen at once."""

    name = "LOCK"
    time_out = dt.timedelta(minutes=2)

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "DeviceLock"}


class Reboot(Command):
    """RestartDevice; Apple restarts supervised devices only."""

    name = "REBOOT"
    time_out = dt.timedelta(minutes=30)
    supervised_only = True

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "RestartDevice"}


class Wipe(Command):
    """EraseDevice. The device is in state 70 from acceptance until it confirms, then 20."""

    name = "WIPE"
    time_out = dt.timedelta(minutes=30)

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "EraseDevice"}

    def on_queued(self, device_ids: list[uuid.UUID]) -> None:
        change_state(device_ids, DeviceState.ACTIVE, DeviceState.WIPE_IN_PROGRESS)

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        change_state([delivery.device_id], DeviceState.WIPE_IN_PROGRESS, DeviceState.DISABLED)
        disable_enrolments(delivery.device_id)

    def on_unsuccessful(self, device_ids: list[uuid.UUID]) -> None:
        change_state(device_ids, DeviceState.WIPE_IN_PROGRESS, DeviceState.ACTIVE)

    def keeps_result(self) -> bool:
        return False


class ClearPasscode(Command):
    """ClearPasscode, with the unlock token that the device gave at its TokenUpdate."""

    name = "CLEAR_PASSCODE"

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        token = delivery.enrolment.unlock_token
        if not token:
            raise Undeliverable("The device has given no unlock token, so its passcode cannot be cleared.")
        return {"RequestType": "ClearPasscode", "UnlockToken": token}


class UpdateHeartbeat(Command):
    """A ping: on Apple the device's contact is the answer."""

    name = "UPDATE_HEARTBEAT"
    time_out = dt.timedelta(minutes=2)

    def apple(self, delivery: Delivery) -> None:
        return None
