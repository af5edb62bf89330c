"""From a command to who answers it.

Sources: Apple's "Commands and queries" and "Handling NotNow status responses"; "Error Handling" of the last published
"Mobile Device Management Protocol Reference".
"""

from collections.abc import Mapping
from typing import Any

from onboarding.simulation.apple_answers.answer import Answer, Answerer, MalformedCommand, error_answer
from onboarding.simulation.apple_answers.apps import (
    answer_installed_application_list,
    answer_managed_application_list,
    answer_remove_application,
)
from onboarding.simulation.apple_answers.control import (
    answer_clear_passcode,
    answer_device_configured,
    answer_device_location,
    answer_device_lock,
    answer_disable_lost_mode,
    answer_enable_lost_mode,
    answer_erase_device,
    answer_play_lost_mode_sound,
    answer_restart_device,
    answer_shut_down_device,
)
from onboarding.simulation.apple_answers.declarative import answer_declarative_management
from onboarding.simulation.apple_answers.information import (
    answer_certificate_list,
    answer_device_information,
    answer_security_info,
)
from onboarding.simulation.apple_answers.needs import COMMANDS
from onboarding.simulation.apple_answers.profiles import (
    answer_install_profile,
    answer_profile_list,
    answer_remove_profile,
)
from onboarding.simulation.apple_answers.settings import answer_settings
from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_state import DeviceState

# Databases under data protection cannot be written while the device is locked. The protocol reference guarantees
# that the information lists, DeviceLock, EraseDevice and ClearPasscode never wait; restart, shutdown and Lost Mode
# need no data.
DEFERRED_WHILE_LOCKED = frozenset(
    {
        "InstallApplication",
        "InstallMedia",
        "InstallProfile",
        "InstallProvisioningProfile",
        "ManagedMediaList",
        "RemoveApplication",
        "RemoveProfile",
        "RemoveProvisioningProfile",
        "SecurityInfo",
        "Settings",
    }
)

_ANSWERERS: dict[str, Answerer] = {
    "CertificateList": answer_certificate_list,
    "ClearPasscode": answer_clear_passcode,
    "DeclarativeManagement": answer_declarative_management,
    "DeviceConfigured": answer_device_configured,
    "DeviceInformation": answer_device_information,
    "DeviceLocation": answer_device_location,
    "DeviceLock": answer_device_lock,
    "DisableLostMode": answer_disable_lost_mode,
    "EnableLostMode": answer_enable_lost_mode,
    "EraseDevice": answer_erase_device,
    "InstallProfile": answer_install_profile,
    "InstalledApplicationList": answer_installed_application_list,
    "ManagedApplicationList": answer_managed_application_list,
    "PlayLostModeSound": answer_play_lost_mode_sound,
    "ProfileList": answer_profile_list,
    "RemoveApplication": answer_remove_application,
    "RemoveProfile": answer_remove_profile,
    "RestartDevice": answer_restart_device,
    "SecurityInfo": answer_security_info,
    "Settings": answer_settings,
    "ShutDownDevice": answer_shut_down_device,
}


def answer_command(
    command: Mapping[str, Any], hardware: Hardware, state: DeviceState, *, install: Answerer | None = None
) -> Answer:
    """Carries out one command dictionary (the value of ``Command``) and gives its answer.

    ``install`` answers InstallApplication, for which a device needs more than its state.

    A command that the system is too old for, or that takes a supervised device, is to the device no command at all:
    12021, as iPhones answer (seen in reports to micromdm and Fleet).
    """
    request_type = command.get("RequestType")
    if not isinstance(request_type, str):
        return Answer("CommandFormatError")
    if state.locked and state.passcode_set and request_type in DEFERRED_WHILE_LOCKED:
        return Answer("NotNow")
    answerer = install if request_type == "InstallApplication" else _ANSWERERS.get(request_type)
    needs = COMMANDS.get(request_type)
    if answerer is None or needs is None or not needs.is_known_to(hardware) or needs.lacks_supervision(hardware, state):
        return error_answer("MCMDMErrorDomain", 12021, f"“{request_type}” is not a valid request type.")
    try:
        return answerer(command, hardware, state)
    except MalformedCommand:
        return Answer("CommandFormatError")
