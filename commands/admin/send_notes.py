"""What to know of a command before it is sent: whom it will not reach, and what it does to those whom it does."""

from django.conf import settings

from commands.admin.schedule_words import has_own_times
from commands.admin.send_targets import Targets, counted
from commands.catalogue import Command
from commands.models import CommandRequest
from devices.models import Device, Platform

# What people should know of a command before they send it to Apple devices.
WARNINGS = {
    "ADD_TO_WHITELIST": "From the first app on, every app that is not on the list disappears from an Apple device.",
    "BEEP_DEVICE": "An Apple device sounds in lost mode only, until it is released or somebody silences it.",
    "REMOVE_FROM_WHITELIST": "On an Apple device the app disappears; with the last one on the list all apps are back.",
    "SET_APP_STATE": "On Apple devices HIDE and DISABLE are the same: the app neither shows nor starts.",
    "SET_DEVICE_LOCKDOWN_STATE": "An Apple device in lost mode can be used by nobody until it is released from here.",
    "SET_KIOSK_APP": "The app must be on the device already; SET_MULTI_APP_MODE ends the single-app mode.",
    "UNINSTALL": "Before iOS 26 only apps that this server installed can be removed from an Apple device.",
    "USE_ONLY_SAVED_WIFI_AP": "On Apple devices the networks must have been set up by a profile, as by ADD_WIFI_AP.",
}
ANDROID_ONLY = "This server gives scheduled commands to Android devices only; Apple devices will not get this one."
SAME_EVERYWHERE = (
    "No daily times are given, so that the devices' own clocks make no difference: beginning and end are the same "
    "moments everywhere."
)


def is_carried(command: Command, targets: Targets) -> bool:
    """Whether any of them can; of a group's devices nothing is asked, and without targets nothing is known."""
    if not targets.devices:
        return any(map(command.supports, Platform.values))
    in_group = bool(targets.groups) and any(map(command.supports, Platform.values))
    return in_group or any(_carries(command, device) for device in targets.devices)


def notes_on(command: Command, targets: Targets, draft: CommandRequest) -> list[str]:
    """`draft`: any of the requests that are about to be made."""
    able = [device for device in targets.devices if _carries(command, device)]
    uncarried = len(targets.devices) - len(able)
    unsupervised = [each for each in able if command.apple_needs.supervision(each.os) and each.is_supervised is False]
    notes = []
    if uncarried:
        notes.append(f"{counted(uncarried)} cannot carry this command and will answer with a failure.")
    if unsupervised:
        verb = "is" if len(unsupervised) == 1 else "are"
        notes.append(f"{counted(len(unsupervised))} {verb} not supervised, as this command needs.")
    if command.name in WARNINGS and (targets.groups or any(device.is_apple for device in able)):
        notes.append(WARNINGS[command.name])
    return [*notes, *_on_schedule(targets, draft)]


def _on_schedule(targets: Targets, draft: CommandRequest) -> list[str]:
    if draft.schedule == CommandRequest.Schedule.IMMEDIATE:
        return []
    notes = []
    if settings.SCHEDULES_ANDROID_ONLY and Platform.APPLE in targets.platforms:
        notes.append(ANDROID_ONLY)
    if draft.schedule_args.get("time_type") == "device" and not has_own_times(draft):
        notes.append(SAME_EVERYWHERE)
    return notes


def _carries(command: Command, device: Device) -> bool:
    """Whether a device of its kind can; its version and supervision aside."""
    known = not device.is_apple or not device.os or device.os in command.apple_needs.since
    return known and command.supports(device.platform)
