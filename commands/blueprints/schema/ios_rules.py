"""Restrictions, passcodes and web content of iPhones and iPads, and profiles as they come."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from commands.apple.restrictions import restriction_fault
from commands.blueprints.schema.base import PolicyGroup, StrictPolicyGroup
from commands.blueprints.schema.fields import Address, Flag, Profile, Texts, Whole
from commands.blueprints.schema.plain import shown

MINUTES = 60 * 24 * 7


@extend_schema_field({"type": "object", "additionalProperties": {}, "minProperties": 1})
class Restrictions(serializers.Field[dict[str, Any], Any, Any, Any]):
    """Apple's restriction keys with their values."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict) or not data:
            raise serializers.ValidationError("must be an object with at least one of Apple's restriction keys.")
        faults = {shown(key): [f"{told}."] for key, value in data.items() if (told := restriction_fault(key, value))}
        if faults:
            raise serializers.ValidationError(faults)
        return data


class IosRestrictions(StrictPolicyGroup):
    """Any of Apple's restrictions by its own name. Which need supervision is said on Apple's page."""

    title = "Restrictions"
    reference = "https://developer.apple.com/documentation/devicemanagement/restrictions"

    restrictions = Restrictions(
        help_text=(
            "Apple's keys and their values, such as {“allowAirDrop”: false}. Where a group of its own says the same "
            "thing, the stricter of both counts"
        )
    )


class IosPasscode(StrictPolicyGroup):
    """What a passcode must be like. Without supervision too. People are asked to choose another within an hour."""

    title = "Passcode"
    reference = "https://developer.apple.com/documentation/devicemanagement/passcode"

    require_passcode = Flag(required=False, help_text="true: the device must have a passcode")
    allow_simple = Flag(required=False, help_text="false: no repeated or rising characters such as 1111 or 1234")
    require_alphanumeric = Flag(required=False, help_text="true: with letters, not digits only")
    minimum_length = Whole(0, 16, required=False, help_text="Least number of characters")
    minimum_complex_characters = Whole(
        0, 4, required=False, help_text="Least number of characters that are neither letters nor digits"
    )
    maximum_failed_attempts = Whole(2, 11, required=False, help_text="After so many wrong ones the device is erased")
    maximum_inactivity_minutes = Whole(
        0, 15, required=False, help_text="Minutes without use after which it locks; 0: people choose"
    )
    maximum_grace_period_minutes = Whole(
        0, MINUTES, required=False, help_text="Minutes after locking in which it opens without the passcode"
    )
    maximum_age_days = Whole(0, 730, required=False, help_text="Days after which another one must be chosen; 0: never")
    history = Whole(1, 50, required=False, help_text="So many old ones cannot be used again")


class IosWebContent(PolicyGroup):
    """Which pages browsers open. Needs supervision."""

    title = "Web content"
    reference = "https://developer.apple.com/documentation/devicemanagement/webcontentfilter"

    url_blocklist = Texts(Address(), required=False, help_text="Addresses that do not open, whatever follows them")
    url_allowlist = Texts(Address(), required=False, help_text="Addresses that open; where any is given, no others do")


class IosCustomProfile(PolicyGroup):
    """A configuration profile of your own, installed as it is. What it needs depends on its payloads."""

    title = "Custom profile"
    reference = "https://developer.apple.com/documentation/devicemanagement/configuring-multiple-devices-using-profiles"

    custom_profile = Profile(
        required=False,
        allow_null=True,
        help_text=(
            "Base64 of a .mobileconfig, signed or not, 1 MB at most. Kept secret: answers show `********`, which may "
            "be sent back to keep it"
        ),
    )
