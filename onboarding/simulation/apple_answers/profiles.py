"""Configuration profiles: listing, installing and removing them.

Sources: Apple's "Profile List", "Install Profile" and "Remove Profile", the files of ``mdm/profiles`` in
github.com/apple/device-management ("supervised", "multiple"), and the codes of the protocol reference.
"""

from collections.abc import Mapping
from typing import Any

from onboarding.simulation.apple_answers.answer import (
    NOT_SUPERVISED,
    Answer,
    error_answer,
    not_installed,
    profile_error_answer,
    required,
)
from onboarding.simulation.apple_answers.information import der
from onboarding.simulation.apple_effects import APP_LOCK, NOTIFICATIONS
from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_profile import (
    EnrolmentProfile,
    Profile,
    ProfileError,
    read_enrolment,
    read_profile,
)
from onboarding.simulation.apple_state import DeviceState, InstalledProfile

_LISTED_PROFILE_KEYS = (
    "PayloadIdentifier",
    "PayloadUUID",
    "PayloadVersion",
    "PayloadDisplayName",
    "PayloadOrganization",
    "PayloadDescription",
    "PayloadRemovalDisallowed",
)
_LISTED_PAYLOAD_KEYS = (
    "PayloadType",
    "PayloadVersion",
    "PayloadIdentifier",
    "PayloadUUID",
    "PayloadDisplayName",
    "PayloadDescription",
    "PayloadOrganization",
)
# Payloads of which a device takes one, and a supervised one only, with the code for a second one.
_SINGLE_PAYLOADS = {APP_LOCK: 4019, NOTIFICATIONS: 4029}


def profile_data(command: Mapping[str, Any]) -> bytes:
    """The profile of an InstallProfile command. Raises MalformedCommand."""
    return required(command, "Payload", bytes)


def renewed_enrolment(command: Mapping[str, Any], state: DeviceState) -> EnrolmentProfile | Answer | None:
    """The enrolment profile that is to be installed again, an Answer when it cannot be; None: another command."""
    if command.get("RequestType") != "InstallProfile" or (state.locked and state.passcode_set):
        return None
    data = command.get("Payload")
    if state.management is None or not isinstance(data, bytes):
        return None
    try:
        if not read_profile(data).payloads("com.apple.mdm"):
            return None
        enrolment = read_enrolment(data)
    except ProfileError as error:
        return profile_error_answer(error)
    if (enrolment.topic, enrolment.server_url) != (state.management.topic, state.management.server_url):
        return error_answer("MCMDMErrorDomain", 12012, "The new MDM payload does not match the old payload.")
    return enrolment


def keep_profile(state: DeviceState, installed: InstalledProfile) -> None:
    """Adds a profile, in the place of the one with the same identifier if there is one."""
    identifiers = [profile.identifier for profile in state.profiles]
    if installed.identifier in identifiers:
        state.profiles[identifiers.index(installed.identifier)] = installed
    else:
        state.profiles.append(installed)


def answer_profile_list(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    managed_only = bool(command.get("ManagedOnly", False))
    entries = [
        _profile_entry(read_profile(installed.data), installed, state)
        for installed in state.profiles
        if installed.managed or not managed_only
    ]
    return Answer(fields={"ProfileList": entries})


def answer_install_profile(command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
    data = profile_data(command)
    try:
        profile = read_profile(data)
    except ProfileError as error:
        return profile_error_answer(error)
    refusal = _refusal(profile, hardware, state)
    if refusal:
        return refusal
    keep_profile(state, InstalledProfile(profile.identifier, data, managed=True))
    return Answer()


def answer_remove_profile(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    """Of a profile that is not there: 12075 in the words of iOS (DMCLocalizable.loctable)."""
    identifier = required(command, "Identifier", str)
    installed = next((profile for profile in state.profiles if profile.identifier == identifier), None)
    if installed is None:
        return error_answer("MCMDMErrorDomain", 12075, f"The profile “{identifier}” is not installed.")
    if state.management and identifier == state.management.profile_identifier:
        return Answer(afterwards="leave")
    if not installed.managed and not state.is_supervised:
        return error_answer("MCMDMErrorDomain", 12013, f"The profile “{identifier}” is not managed.")
    state.profiles.remove(installed)
    return Answer()


def _profile_entry(profile: Profile, installed: InstalledProfile, state: DeviceState) -> dict[str, Any]:
    """An item of ProfileList: the names of the profile and its payloads, never their settings."""
    entry = {key: profile.content[key] for key in _LISTED_PROFILE_KEYS if key in profile.content}
    entry["HasRemovalPasscode"] = "HasRemovalPasscode" in profile.content
    entry["IsEncrypted"] = False
    entry["SignerCertificates"] = [der(certificate) for certificate in profile.signers]
    if not state.is_supervised:  # a supervised device leaves it out: the server may replace any profile there
        entry["IsManaged"] = installed.managed
    entry["PayloadContent"] = [
        {key: payload[key] for key in _LISTED_PAYLOAD_KEYS if key in payload}
        for payload in profile.content.get("PayloadContent", [])
    ]
    return entry


def _refusal(profile: Profile, hardware: Hardware, state: DeviceState) -> Answer | None:
    """Why the device does not take a readable profile, None when it does.

    For an unsupervised device 29000 is a plausible choice: Apple documents the code, not its use here.
    """
    if hardware.os_family == "macOS":
        return None
    for payload_type, second in _SINGLE_PAYLOADS.items():
        payloads = profile.payloads(payload_type)
        if not payloads:
            continue
        if not state.is_supervised:
            return not_installed(*NOT_SUPERVISED)
        if len(payloads) > 1 or _has_another(state, profile.identifier, payload_type):
            return not_installed("MCInstallationErrorDomain", second, f"There may be one {payload_type} payload only.")
        missing = _missing(payload_type, payloads[0])
        if missing:
            return not_installed("MCPayloadErrorDomain", 2002, f"The payload misses the required field {missing}.")
    return None


def _has_another(state: DeviceState, identifier: str, payload_type: str) -> bool:
    """Whether a profile of another identifier has brought such a payload already."""
    others = (installed for installed in state.profiles if installed.identifier != identifier)
    return any(read_profile(installed.data).payloads(payload_type) for installed in others)


def _missing(payload_type: str, payload: Mapping[str, Any]) -> str:
    """The name of a required field that the payload lacks, or an empty string."""
    if payload_type == APP_LOCK:
        app = payload.get("App")
        return "" if isinstance(app, dict) and app.get("Identifier") else "App.Identifier"
    items = payload.get("NotificationSettings")
    if not isinstance(items, list):
        return "NotificationSettings"
    complete = all(isinstance(item, dict) and item.get("BundleIdentifier") for item in items)
    return "" if complete else "BundleIdentifier"
