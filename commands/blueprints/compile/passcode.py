"""The rules for the device's passcode.

https://developer.apple.com/documentation/devicemanagement/passcode: iPhones and iPads, supervised or not. Apple TVs
have no passcode and would refuse the profile.
"""

from commands.apple.policies import PASSCODE
from commands.blueprints.compile.parts import (
    PROVISION_ONLY,
    Field,
    ProfilePart,
    Settings,
    Target,
    built_profile,
    policy_of,
)

KEY, TITLE = "passcode", "Passcode"
RULES = {  # the setting, Apple's key
    "require_passcode": "forcePIN",
    "allow_simple": "allowSimple",
    "require_alphanumeric": "requireAlphanumeric",
    "minimum_length": "minLength",
    "minimum_complex_characters": "minComplexChars",
    "maximum_failed_attempts": "maxFailedAttempts",
    "maximum_inactivity_minutes": "maxInactivity",
    "maximum_grace_period_minutes": "maxGracePeriod",
    "maximum_age_days": "maxPINAgeInDays",
    "history": "pinHistory",
}


def passcode(ios: Settings, target: Target) -> list[ProfilePart]:
    group = ios.get("passcode_settings")
    told = {name: group[name] for name in RULES if group.get(name) is not None} if group else {}
    if not group or not told:
        return []
    rules = {RULES[name]: value for name, value in told.items()}
    return [
        ProfilePart(
            key=KEY,
            title=TITLE,
            fields=tuple(Field(f"passcode_settings.{name}", value) for name, value in told.items()),
            is_for_provisioning=policy_of(group) == PROVISION_ONLY,
            impossible="Apple TVs have no passcode." if target.is_tv else "",
            profile=built_profile(KEY, TITLE, [(PASSCODE, rules)], target),
        )
    ]
