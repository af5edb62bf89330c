"""Lock, passcode, restart, erasure and Lost Mode.

Sources: Apple's pages of these commands, "MDM Lost Mode Helps Lock and Locate Lost Devices" of the protocol reference
(12066 to 12069 and 12078), and the words of iOS (DMCLocalizable.loctable).
"""

import datetime as dt
import hmac
from collections.abc import Mapping
from typing import Any

from onboarding.simulation.apple_answers.answer import Answer, error_answer, optional, required
from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_state import DeviceState, LostMode

# Where a device believes to be, by the time zone it is in: latitude and longitude in degrees.
_PLACES = {
    "Europe/Berlin": (52.5200, 13.4050),
    "Europe/London": (51.5072, -0.1276),
    "America/New_York": (40.7128, -74.0060),
    "America/Los_Angeles": (34.0522, -118.2437),
    "Asia/Kolkata": (22.5726, 88.3639),
}


def answer_device_lock(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    state.locked = True
    if not (command.get("Message") or command.get("PhoneNumber")):
        return Answer()
    if state.lost_mode:
        return Answer(fields={"MessageResult": "DeviceInLostMode"})
    return Answer(fields={"MessageResult": "Success" if state.passcode_set else "NoPasscodeSet"})


def answer_clear_passcode(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    token = required(command, "UnlockToken", bytes)
    if state.management is None or not hmac.compare_digest(token, state.management.unlock_token):
        return error_answer("MCPasscodeErrorDomain", 5013, "The passcode cannot be cleared.")
    state.passcode_set = False
    state.locked = state.lost_mode is not None
    return Answer()


def answer_restart_device(_command: Mapping[str, Any], _hardware: Hardware, _state: DeviceState) -> Answer:
    return Answer(afterwards="restart")


def answer_shut_down_device(_command: Mapping[str, Any], _hardware: Hardware, _state: DeviceState) -> Answer:
    return Answer(afterwards="power off")


def answer_erase_device(_command: Mapping[str, Any], _hardware: Hardware, _state: DeviceState) -> Answer:
    return Answer(afterwards="erase")


def answer_device_configured(_command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    """Its user goes on. Also said to a device that waits no longer; of one that never did, the code is our choice."""
    if state.management is None or not state.management.by_ade:
        return error_answer("MCMDMErrorDomain", 12021, "“DeviceConfigured” is not a valid request type.")
    state.awaiting_configuration = state.in_setup = False
    return Answer()


def answer_enable_lost_mode(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    """A device that is in Lost Mode takes the new texts."""
    texts = LostMode(
        message=optional(command, "Message", str, ""),
        phone_number=optional(command, "PhoneNumber", str, ""),
        footnote=optional(command, "Footnote", str, ""),
    )
    if not (texts.message or texts.phone_number):
        return error_answer("MCMDMErrorDomain", 12066, "MDM Lost Mode could not be enabled.")
    state.lost_mode = texts
    state.locked = True
    return Answer()


def answer_disable_lost_mode(_command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    """Acknowledged also when the device is not in Lost Mode, as by iOS. It stays locked until its user unlocks it."""
    state.lost_mode = None
    return Answer()


def answer_play_lost_mode_sound(_command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    if not state.lost_mode:
        return _not_in_lost_mode()
    state.lost_mode_sounds += 1
    return Answer()


def answer_device_location(_command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
    """Degrees and metres; negative values are unknown. 12068: it does not know where it is."""
    if not state.lost_mode:
        return _not_in_lost_mode()
    place = _PLACES.get(hardware.time_zone)
    if place is None:
        return error_answer("MCMDMErrorDomain", 12068, "The location of the device could not be determined.")
    return Answer(
        fields={
            "Latitude": place[0],
            "Longitude": place[1],
            "HorizontalAccuracy": 65.0,
            "VerticalAccuracy": -1.0,
            "Altitude": -1.0,
            "Speed": -1.0,
            "Course": -1.0,
            "Timestamp": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        }
    )


def _not_in_lost_mode() -> Answer:
    return error_answer("MCMDMErrorDomain", 12067, "The device is not in MDM Lost Mode.")
