"""What a device's page shows: facts in groups, its enrolment, commands, answers and profiles. Never a token."""

import re
from typing import Any

from django.utils.module_loading import import_string

from commands.admin.device_inventory import apps_of, inventory_cards
from commands.admin.device_set_up import set_up_cards
from commands.admin.display import device_label, state_label, statuses_url
from commands.models import AppleEnrolment, CommandStatus
from config.settings.console import DEVICE_CARDS
from devices.models import Device, Platform
from devices.selectors import last_seen
from tenants.admin import display
from tenants.admin.display import EMPTY

LATEST = 15  # commands
PROFILES = 100
Facts = list[tuple[str, Any]]
TITLES = {
    "hardware_info": "Hardware",
    "software_info": "Software",
    "network_info": "Network",
    "memory_info": "Memory",
    "security_info": "Security",
    "network_stats": "Connection",
    "location_stats": "Location",
}
CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")  # Apple writes its keys LikeThis
WORDS = {"imei": "IMEI", "iccid": "ICCID", "wifi": "Wi-Fi", "mac": "MAC", "os": "OS", "ssid": "SSID", "ip": "IP"}


def device_page(device: Device, apps_search: str = "") -> dict[str, Any]:
    """Context of the page: nine queries whatever the device has, two more while it waits in its set-up assistant."""
    enrolments = list(AppleEnrolment.objects.filter(device=device).only(*SHOWN).order_by("channel", "user_name"))
    statuses = list(
        CommandStatus.objects.filter(device=device)
        .select_related("request", "result")
        .defer("request__secret_args", "request__devices", "request__groups")[: LATEST + 1]
    )
    return {
        "device": device,
        "figures": _figures(device, enrolments),
        "cards": [
            *set_up_cards(device, enrolments),
            *_cards(device),
            *_enrolment_cards(device, enrolments),
            *(card for add in DEVICE_CARDS for card in import_string(add)(device)),
        ],
        "commands": [_command(status) for status in statuses[:LATEST]],
        "more_commands": statuses_url(device__id__exact=device.pk) if len(statuses) > LATEST else "",
        "profiles": list(device.profiles.all()[:PROFILES]),
        **apps_of(device, apps_search),
    }


def _figures(device: Any, enrolments: list[AppleEnrolment]) -> Facts:
    """What is asked first. `device` carries the list's annotation of waiting commands."""
    labels = [enrolment_label(each) for each in enrolments if each.channel == AppleEnrolment.Channel.DEVICE]
    return [
        ("State", device_label(device)),
        ("Last seen", display.moment(last_seen(device), "never")),
        ("System", f"{device.os} {device.os_version}".strip() or EMPTY),
        ("Enrolment", labels[0] if labels else display.label("none", "neutral")),
        ("Waiting commands", device.waiting_total),
    ]


def _cards(device: Device) -> list[tuple[str, Facts]]:
    told = ((title, _flat(getattr(device, name))) for name, title in TITLES.items())
    return [
        ("Identity", _identity(device)),
        *((title, facts) for title, facts in told if facts),
        *inventory_cards(device),
    ]


def _identity(device: Device) -> Facts:
    facts: Facts = [
        ("Tenant", device.tenant),
        ("Device id", display.code(device.pk)),
        ("Name", device.name),
        ("Serial", device.serial),
        ("UDID", display.code(device.udid) if device.udid else ""),
        ("Platform", Platform(device.platform).label),
        ("System", f"{device.os} {device.os_version}".strip()),
        ("Supervised", display.yes_no(device.is_supervised)),
        ("Time zone", device.time_zone),
        ("Battery", f"{device.battery_level} %" if device.battery_level is not None else ""),
        ("Source", device.get_device_source_display() if device.device_source else ""),
        ("Onboarded", display.moment(device.onboarded_on) if device.onboarded_on else ""),
        ("First known", display.exact(device.created_at)),
    ]
    return [(name, value) for name, value in facts if value not in ("", EMPTY, None)]


def _flat(told: dict[str, Any], prefix: str = "") -> Facts:
    facts: Facts = []
    for key, value in told.items():
        if isinstance(value, dict):
            facts += _flat(value, f"{prefix}{key} ")
        elif value not in ("", None, []):
            facts.append((_words(f"{prefix}{key}"), _told(value)))
    return facts


def _told(value: Any) -> Any:
    if isinstance(value, bool):
        return display.yes_no(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _words(key: str) -> str:
    words = [_word(word) for word in CAPITAL.sub(" ", key).replace("_", " ").split()]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]]) if words else key


def _word(word: str) -> str:
    bare = word.rstrip("0123456789")
    return f"{WORDS[bare]} {word[len(bare) :]}".strip() if bare in WORDS else word


SHOWN = (
    "device_id",
    "channel",
    "enrolment_id",
    "user_name",
    "topic",
    "authenticated_at",
    "enabled_at",
    "blocked_at",
    "checked_out_at",
    "token_updates",
    "wake_at",
    "pushed_at",
    "push_failures",
    "push_token_dead_at",
    "push_error",
    "awaiting_configuration",
    "release_sent_at",
)


def _enrolment_cards(device: Device, enrolments: list[AppleEnrolment]) -> list[tuple[str, Facts]]:
    if device.is_apple and not enrolments:
        return [("Enrolment", [("State", display.label("not enrolled", "neutral"))])]
    return [(_enrolment_title(enrolment), _enrolment(enrolment)) for enrolment in enrolments]


def _enrolment_title(enrolment: AppleEnrolment) -> str:
    if enrolment.channel == AppleEnrolment.Channel.DEVICE:
        return "Enrolment"
    return f"User channel of {enrolment.user_name or enrolment.enrolment_id}"


def enrolment_label(enrolment: AppleEnrolment) -> Any:
    if enrolment.blocked_at:
        return display.label("blocked: unenrols at its next contact", "danger")
    if enrolment.checked_out_at and not enrolment.enabled_at:
        return display.label("checked out", "neutral")
    if not enrolment.enabled_at:
        return display.label("not enabled", "warning")
    if enrolment.awaiting_configuration and not enrolment.push_token_dead_at:
        return display.label("in set-up", "warning", "It waits in its set-up assistant.")
    if enrolment.push_token_dead_at:
        return display.label("cannot be woken", "danger", "Apple says its push token is dead.")
    return display.label("enabled", "success")


def _enrolment(enrolment: AppleEnrolment) -> Facts:
    facts: Facts = [
        ("State", enrolment_label(enrolment)),
        ("Enrolled as", display.code(enrolment.enrolment_id)),
        ("Push topic", enrolment.topic),
        ("Authenticated", _when(enrolment.authenticated_at)),
        ("Enabled", _when(enrolment.enabled_at)),
        ("Blocked", _when(enrolment.blocked_at)),
        ("Checked out", _when(enrolment.checked_out_at)),
        ("Last push taken", _when(enrolment.pushed_at)),
        ("Next push", _when(enrolment.wake_at)),
        ("Pushes that failed", enrolment.push_failures or ""),
        ("Push problem", enrolment.push_error),
        ("Push token dead", _when(enrolment.push_token_dead_at)),
    ]
    return [(name, value) for name, value in facts if value not in ("", None)]


def _when(value: Any) -> Any:
    return display.moment(value) if value else ""


def _command(status: CommandStatus) -> dict[str, Any]:
    result = getattr(status, "result", None)
    return {
        "status": display.link(status, status.request.command),
        "label": state_label(status.state),
        "reason": status.reason,
        "by": status.request.created_by,
        "created": display.moment(status.created_at),
        "updated": display.moment(status.updated_at),
        "answer": display.json_block(display.masked(result.payload)) if result else None,
        "answered": display.moment(result.received_at) if result else None,
    }
