"""Which devices cannot be given a command, and why: one expression for all statements that make queue rows."""

from typing import Any

import orjson
from django.conf import settings

from commands.catalogue import Command
from devices.models import Device, DeviceState, Platform

SUPERVISED_ONLY = "The command needs a supervised device."
DISABLED = "The device is disabled: it was reset or removed."
NO_SCHEDULES_ON_APPLE = "Scheduled commands are for Android devices only on this server."

# Why the device `d` cannot be given the command; blank if it can. Its parameters are those of `refusal_params`.
REFUSAL = """CASE
        WHEN d.state = %(disabled)s THEN %(disabled_reason)s
        WHEN %(refusal)s <> '' THEN %(refusal)s
        WHEN d.platform <> 'APPLE' THEN %(android_refusal)s
        WHEN %(apple_refusal)s <> '' THEN %(apple_refusal)s
        WHEN d.os <> '' AND NOT %(versions)s::jsonb ? d.os THEN 'The command does not exist on ' || d.os || '.'
        WHEN %(supervised_only)s AND d.os <> %(unsupervised)s AND d.is_supervised IS FALSE THEN %(supervised_reason)s
        WHEN string_to_array(substring(d.os_version FROM '^[0-9]{1,6}(?:[.][0-9]{1,6}){0,3}'), '.')::int[]
                < (%(versions)s::jsonb ->> d.os)::int[]
            THEN 'The command needs ' || d.os || ' ' || (%(since)s::jsonb ->> d.os) || ' or later; the device has '
                || d.os_version || '.'
        ELSE '' END"""


def refusal_params(command: Command, *, refusal: str = "", is_scheduled: bool = False) -> dict[str, Any]:
    """`refusal`: why no device can be given it."""
    needs = command.apple_needs
    apple = command.refusal(Platform.APPLE)
    if is_scheduled and settings.SCHEDULES_ANDROID_ONLY:
        apple = apple or NO_SCHEDULES_ON_APPLE
    return {
        "disabled": DeviceState.DISABLED,
        "disabled_reason": DISABLED,
        "refusal": refusal,
        "apple_refusal": apple,
        "android_refusal": command.refusal(Platform.ANDROID),
        "supervised_only": needs.supervised,
        "supervised_reason": SUPERVISED_ONLY,
        "unsupervised": Device.Os.MACOS,
        "since": orjson.dumps({str(os): version for os, version in needs.since.items()}).decode(),
        "versions": orjson.dumps({str(os): _numbers(version) for os, version in needs.since.items()}).decode(),
    }


def _numbers(version: str) -> str:
    """`14.0` as PostgreSQL's array `{14}`: a shorter array comes before a longer one, so zeros at the end go."""
    numbers = version.split(".")
    while len(numbers) > 1 and not int(numbers[-1]):
        numbers.pop()
    return "{" + ",".join(numbers) + "}"
