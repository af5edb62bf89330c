"""The document behind a policy's address, and the profile that it becomes.

JSON: `{"restrictions": {Apple's restriction keys}, "passcode": {Apple's passcode keys}}`, either or both; or a
configuration profile as it is, signed or not.
"""

import base64
from collections.abc import Callable
from typing import Any

import orjson

from commands.apple.profile_files import read_profile
from commands.apple.profiles import RESTRICTIONS, MadeProfile
from commands.apple.restrictions import passcode_fault, restriction_fault

PASSCODE_SECTION = "passcode"
PASSCODE = "com.apple.mobiledevice.passwordpolicy"
SECTIONS: dict[str, tuple[str, Callable[[str, Any], str]]] = {
    "restrictions": (RESTRICTIONS, restriction_fault),
    PASSCODE_SECTION: (PASSCODE, passcode_fault),
}
NAMED_FAULTS = 5
MAX_NAME = 80


class PolicyError(ValueError):
    """The document is no policy; the text says why."""


def read_policy(document: bytes) -> dict[str, Any]:
    """The checked policy, as JSON can hold it: its sections, or `profile` with the base64 of one."""
    if document.lstrip().startswith(b"{"):
        return _read_sections(document)
    try:
        read_profile(document)
    except ValueError as error:
        raise PolicyError(f"it is no JSON object, and as a profile it {error}") from None
    return {"profile": base64.b64encode(document).decode()}


def _read_sections(document: bytes) -> dict[str, Any]:
    try:
        policy = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        raise PolicyError(f"it is not valid JSON: {error}.") from None
    faults = [fault for name, rules in policy.items() for fault in _faults(name, rules)]
    if faults:
        more = f"; and {len(faults) - NAMED_FAULTS} more" if len(faults) > NAMED_FAULTS else ""
        raise PolicyError(f"{'; '.join(faults[:NAMED_FAULTS])}{more}.")
    if not any(policy.values()):
        raise PolicyError("it sets nothing: it needs restrictions or passcode.")
    return {name: rules for name, rules in policy.items() if rules}


def _faults(name: str, rules: Any) -> list[str]:
    if name not in SECTIONS:
        return [f"{name[:MAX_NAME]} is not restrictions or passcode"]
    if not isinstance(rules, dict):
        return [f"{name} must be an object"]
    fault_of = SECTIONS[name][1]
    return [f"{name}.{key[:MAX_NAME]} {fault}" for key, value in rules.items() if (fault := fault_of(key, value))]


def policy_profile(policy: dict[str, Any], source: str) -> MadeProfile:
    """Of a policy's sections. The next policy replaces it."""
    payloads = tuple((SECTIONS[name][0], rules) for name, rules in sorted(policy.items()))
    return MadeProfile("policy", f"Policy of {source}", payloads)
