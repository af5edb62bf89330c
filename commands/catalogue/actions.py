"""Commands that act on the whole device: lock, restart, wipe, clear the passcode, ping."""

import datetime as dt
import uuid
from typing import Any

from django.utils import timezone

from apps_domain.services.device_apps import leave_device
from commands.apple.app_lists import forget_lists
from commands.apple.declared import forget_declarations
from commands.catalogue.base import Command, Delivery, Undeliverable
from commands.catalogue.needs import needs
from commands.models import CommandRequest, CommandStatus
from commands.models.status import DELIVERABLE
from devices.models import Device, DeviceState
from devices.services.apple_inventory import forget_everything
from devices.services.devices import change_state


class Lock(Command):
    """Locks the screen at once.

    https://developer.apple.com/documentation/devicemanagement/lock-device-command
    """

    name = "LOCK"
    time_out = dt.timedelta(minutes=2)
    apple_needs = needs(ios="4.0", macos="10.7")
    apple_how = "DeviceLock"

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "DeviceLock"}


class Reboot(Command):
    """Restarts the device.

    https://developer.apple.com/documentation/devicemanagement/restart-device-command
    """

    name = "REBOOT"
    time_out = dt.timedelta(minutes=30)
    apple_needs = needs(ios="10.3", tvos="10.2", macos="10.13", supervised=True)
    apple_how = "RestartDevice"

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "RestartDevice"}


class Wipe(Command):
    """Erases the device and everything on it.

    It is in state 70 from acceptance until it confirms, then 20.
    https://developer.apple.com/documentation/devicemanagement/erase-device-command
    """

    name = "WIPE"
    time_out = dt.timedelta(minutes=30)
    apple_needs = needs(ios="4.0", tvos="10.2", macos="10.7")
    apple_how = "EraseDevice"
    ends_enrolment = True

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "EraseDevice"}

    def on_queued(self, request: CommandRequest, device_ids: list[uuid.UUID]) -> list[uuid.UUID]:
        _lock_in_order(device_ids)
        change_state(device_ids, DeviceState.ACTIVE, DeviceState.WIPE_IN_PROGRESS)
        return device_ids

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        leave_device(delivery.device)
        Device.objects.filter(pk=delivery.device_id).update(state=DeviceState.DISABLED, updated_at=timezone.now())
        forget_everything(delivery.device_id)
        forget_lists(delivery.device_id)
        forget_declarations(delivery.device_id)

    def on_unsuccessful(self, device_ids: list[uuid.UUID]) -> None:
        """Unless another wipe still waits for the device."""
        waiting = CommandStatus.objects.filter(
            device_id__in=device_ids, request__command=self.name, state__in=DELIVERABLE
        ).values_list("device_id", flat=True)
        busy = set(waiting)
        idle = [device_id for device_id in device_ids if device_id not in busy]
        _lock_in_order(idle)
        change_state(idle, DeviceState.WIPE_IN_PROGRESS, DeviceState.ACTIVE)

    def keeps_result(self) -> bool:
        return False


def _lock_in_order(device_ids: list[uuid.UUID]) -> None:
    """Two requests may turn to the same devices at once."""
    rows = Device.objects.filter(pk__in=device_ids).order_by("pk")
    list(rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


class ClearPasscode(Command):
    """Removes the passcode, so that the user can set a new one.

    It takes the unlock token that the device gave at its TokenUpdate.
    https://developer.apple.com/documentation/devicemanagement/clear-passcode-command
    """

    name = "CLEAR_PASSCODE"
    apple_needs = needs(ios="4.0")
    apple_how = "ClearPasscode"

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        token = delivery.enrolment.unlock_token
        if not token:
            raise Undeliverable("The device has given no unlock token, so its passcode cannot be cleared.")
        return {"RequestType": "ClearPasscode", "UnlockToken": token}


class UpdateHeartbeat(Command):
    """Asks the device for a sign of life.

    On Apple the device's contact is the answer.
    """

    name = "UPDATE_HEARTBEAT"
    time_out = dt.timedelta(minutes=2)
    apple_how = "A push; the device's contact is the answer"

    def apple(self, delivery: Delivery) -> None:
        return None
