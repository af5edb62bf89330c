"""What a device answers to each command, and what the command does to it.

Sources: Apple's "Commands and queries" and "Handling NotNow status responses"; error codes from the last published
"Mobile Device Management Protocol Reference".
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from onboarding.simulation.apple_facts import device_information, security_information
from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_profile import Profile, ProfileError, read_profile
from onboarding.simulation.apple_state import App, DeviceState, InstalledProfile

Status = Literal["Idle", "Acknowledged", "NotNow", "Error", "CommandFormatError"]

# Databases under data protection cannot be written while the device is locked. The protocol reference guarantees
# that the information lists, DeviceLock, EraseDevice and ClearPasscode never wait; restart and shutdown need no data.
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


class MalformedCommand(Exception):
    """The command lacks something it must have: the answer is CommandFormatError."""


@dataclass(frozen=True)
class Answer:
    """A report's status and keys, and what the device does once the report is sent."""

    status: Status = "Acknowledged"
    fields: dict[str, Any] = field(default_factory=dict)
    afterwards: Literal["", "erase", "leave", "restart", "power off"] = ""


Value = TypeVar("Value")
Answerer = Callable[[Mapping[str, Any], Hardware, DeviceState], Answer]


def answer_command(command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
    """Carries out one command dictionary (the value of ``Command``) and gives its answer."""
    request_type = command.get("RequestType")
    answerer = _ANSWERERS.get(str(request_type))
    if not isinstance(request_type, str):
        return Answer("CommandFormatError")
    if state.locked and state.passcode_set and request_type in DEFERRED_WHILE_LOCKED:
        return Answer("NotNow")
    if answerer is None:
        return error_answer("MCMDMErrorDomain", 12021, f"“{request_type}” is not a valid request type.")
    try:
        return answerer(command, hardware, state)
    except MalformedCommand:
        return Answer("CommandFormatError")


def error_answer(domain: str, code: int, text: str, *causes: tuple[str, int, str]) -> Answer:
    """An Error with its chain: the error itself, then what led to it."""
    chain = [
        {
            "ErrorDomain": each_domain,
            "ErrorCode": each_code,
            "LocalizedDescription": each_text,
            "USEnglishDescription": each_text,
        }
        for each_domain, each_code, each_text in ((domain, code, text), *causes)
    ]
    return Answer("Error", {"ErrorChain": chain})


def profile_error_answer(error: ProfileError) -> Answer:
    """The Error for a profile that cannot be installed."""
    cause = ("MCProfileErrorDomain", error.code, str(error))
    return error_answer("MCInstallationErrorDomain", 4001, "Profile Installation Failed.", cause)


def profile_data(command: Mapping[str, Any]) -> bytes:
    """The profile of an InstallProfile command. Raises MalformedCommand."""
    return _required(command, "Payload", bytes)


def _required(command: Mapping[str, Any], key: str, kind: type[Value]) -> Value:
    value = command.get(key)
    if not isinstance(value, kind):
        raise MalformedCommand(f"{key} is missing or of a wrong type")
    return value


def _device_information(command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
    queries = _required(command, "Queries", list)
    known = device_information(hardware, state)
    return Answer(fields={"QueryResponses": {query: known[query] for query in map(str, queries) if query in known}})


def _security_info(_command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    return Answer(fields={"SecurityInfo": security_information(state)})


def _profile_list(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    managed_only = bool(command.get("ManagedOnly", False))
    entries = [
        _profile_entry(read_profile(installed.data), installed, state)
        for installed in state.profiles
        if installed.managed or not managed_only
    ]
    return Answer(fields={"ProfileList": entries})


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


def _profile_entry(profile: Profile, installed: InstalledProfile, state: DeviceState) -> dict[str, Any]:
    """An item of ProfileList: the names of the profile and its payloads, never their settings."""
    entry = {key: profile.content[key] for key in _LISTED_PROFILE_KEYS if key in profile.content}
    entry["HasRemovalPasscode"] = "HasRemovalPasscode" in profile.content
    entry["IsEncrypted"] = False
    entry["SignerCertificates"] = [_der(certificate) for certificate in profile.signers]
    if not state.is_supervised:  # a supervised device leaves it out: the server may replace any profile there
        entry["IsManaged"] = installed.managed
    entry["PayloadContent"] = [
        {key: payload[key] for key in _LISTED_PAYLOAD_KEYS if key in payload}
        for payload in profile.content.get("PayloadContent", [])
    ]
    return entry


def _install_profile(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    data = profile_data(command)
    try:
        profile = read_profile(data)
    except ProfileError as error:
        return profile_error_answer(error)
    keep_profile(state, InstalledProfile(profile.identifier, data, managed=True))
    return Answer()


def keep_profile(state: DeviceState, installed: InstalledProfile) -> None:
    """Adds a profile, in the place of the one with the same identifier if there is one."""
    identifiers = [profile.identifier for profile in state.profiles]
    if installed.identifier in identifiers:
        state.profiles[identifiers.index(installed.identifier)] = installed
    else:
        state.profiles.append(installed)


def _remove_profile(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    identifier = _required(command, "Identifier", str)
    installed = next((profile for profile in state.profiles if profile.identifier == identifier), None)
    if installed is None:
        return error_answer("MCMDMErrorDomain", 12075, f"The profile “{identifier}” is not installed.")
    if state.management and identifier == state.management.profile_identifier:
        return Answer(afterwards="leave")
    if not installed.managed and not state.is_supervised:
        return error_answer("MCMDMErrorDomain", 12013, f"The profile “{identifier}” is not managed.")
    state.profiles.remove(installed)
    return Answer()


def _device_lock(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    state.locked = True
    if not (command.get("Message") or command.get("PhoneNumber")):
        return Answer()
    return Answer(fields={"MessageResult": "Success" if state.passcode_set else "NoPasscodeSet"})


def _clear_passcode(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    token = _required(command, "UnlockToken", bytes)
    if state.management is None or not hmac.compare_digest(token, state.management.unlock_token):
        return error_answer("MCPasscodeErrorDomain", 5013, "The passcode cannot be cleared.")
    state.passcode_set = False
    state.locked = False
    return Answer()


def _restart_device(_command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    return Answer(afterwards="restart") if state.is_supervised else _not_supervised()


def _shut_down_device(_command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    return Answer(afterwards="power off") if state.is_supervised else _not_supervised()


def _not_supervised() -> Answer:
    return error_answer("MCChaperoneErrorDomain", 29000, "The device is not supervised.")


def _erase_device(_command: Mapping[str, Any], _hardware: Hardware, _state: DeviceState) -> Answer:
    return Answer(afterwards="erase")


def _installed_application_list(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    wanted = command.get("Identifiers")
    apps = [] if command.get("ManagedAppsOnly") else state.apps
    entries = [_app_entry(app) for app in apps if not wanted or app.identifier in wanted]
    items = command.get("Items")
    if items:
        entries = [{key: entry[key] for key in entry if key in items or key == "Identifier"} for entry in entries]
    return Answer(fields={"InstalledApplicationList": entries})


def _app_entry(app: App) -> dict[str, Any]:
    return {
        "Identifier": app.identifier,
        "Name": app.name,
        "Version": app.version,
        "ShortVersion": app.version,
        "BundleSize": app.size,
        "DynamicSize": app.size // 8,
        "Installing": False,
        "IsValidated": True,
        "AppStoreVendable": True,
        "DeviceBasedVPP": False,
        "BetaApp": False,
        "AdHocCodeSigned": False,
        "HasUpdateAvailable": False,
    }


def _certificate_list(_command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    entries = [_certificate_entry(certificate, is_identity=False) for certificate in _profile_certificates(state)]
    if state.management:
        entries.append(_certificate_entry(state.management.identity.certificate, is_identity=True))
    return Answer(fields={"CertificateList": entries})


def _profile_certificates(state: DeviceState) -> list[x509.Certificate]:
    """The certificates that installed profiles brought; unreadable ones are left out."""
    certificates = []
    for installed in state.profiles:
        profile = read_profile(installed.data)
        for payload in (*profile.payloads("com.apple.security.root"), *profile.payloads("com.apple.security.pkcs1")):
            data = payload.get("PayloadContent", b"")
            try:
                load = x509.load_pem_x509_certificate if data[:5] == b"-----" else x509.load_der_x509_certificate
                certificates.append(load(data))
            except (ValueError, TypeError, KeyError):
                continue
    return certificates


def _certificate_entry(certificate: x509.Certificate, *, is_identity: bool) -> dict[str, Any]:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return {
        "CommonName": str(names[0].value) if names else "",
        "Data": _der(certificate),
        "IsIdentity": is_identity,
    }


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


_ANSWERERS: dict[str, Answerer] = {
    "CertificateList": _certificate_list,
    "ClearPasscode": _clear_passcode,
    "DeviceInformation": _device_information,
    "DeviceLock": _device_lock,
    "EraseDevice": _erase_device,
    "InstallProfile": _install_profile,
    "InstalledApplicationList": _installed_application_list,
    "ProfileList": _profile_list,
    "RemoveProfile": _remove_profile,
    "RestartDevice": _restart_device,
    "SecurityInfo": _security_info,
    "ShutDownDevice": _shut_down_device,
}
