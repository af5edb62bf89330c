"""How states and progress look in the console."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from commands.models import CommandRequest
from commands.models.status import State
from commands.selectors import all_counts
from devices.models import Device, DeviceState
from tenants.admin import display

STATE_KINDS = {
    State.SUCCESS: "success",
    State.FAILURE: "danger",
    State.TIMEOUT: "danger",
    State.CANCELLED: "neutral",
    State.QUEUED: "info",
    State.SCHEDULED: "info",
    State.INITIATED: "warning",
    State.ACKNOWLEDGED: "warning",
    State.IN_PROGRESS: "warning",
}
DEVICE_KINDS = {
    DeviceState.ACTIVE: "success",
    DeviceState.INACTIVE: "warning",
    DeviceState.DISABLED: "neutral",
    DeviceState.WIPE_IN_PROGRESS: "danger",
    DeviceState.ONBOARDING_FAILED: "danger",
    DeviceState.UNSPECIFIED: "neutral",
}
WAITING = (State.QUEUED, State.SCHEDULED, State.INITIATED, State.ACKNOWLEDGED, State.IN_PROGRESS)
BARS = (  # word, CSS class, states
    ("done", "mu-bar-done", (State.SUCCESS,)),
    ("failed", "mu-bar-failed", (State.FAILURE, State.TIMEOUT)),
    ("cancelled", "mu-bar-ended", (State.CANCELLED,)),
    ("waiting", "mu-bar-waiting", WAITING),
)


def state_label(state: str, reason: str = "") -> SafeString:
    return display.label(State(state).removeprefix("Command "), STATE_KINDS[State(state)], reason)


def device_label(device: Device) -> SafeString:
    state = DeviceState(device.state)
    return display.label(state.label, DEVICE_KINDS.get(state, "info"))


def totals(counts: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Devices done, failed, cancelled and waiting."""
    per_state = Counter({row["state"]: row["total"] for row in counts})
    return {word: sum(per_state[state] for state in states) for word, _, states in BARS}


def progress_of(row: Any) -> SafeString:
    """Of a request that is annotated with its `counts`."""
    return progress(row, all_counts(row.counts, row.archived_counts))


def without_rows(row: CommandRequest) -> str:
    """What it means that a request has no rows."""
    if row.fanned_out_at is None and row.cancelled_at is None:
        return "starting"
    return "no device matches" if row.schedule == CommandRequest.Schedule.IMMEDIATE else "no device so far"


def progress(row: CommandRequest, counts: Iterable[Mapping[str, Any]]) -> SafeString:
    """A bar of how far a request is, and the same in words."""
    numbers = totals(counts)
    total = sum(numbers.values())
    if not total:
        return display.label(without_rows(row), "neutral")
    parts = ((css, f"{100 * numbers[word] / total:.1f}", word, numbers[word]) for word, css, _ in BARS if numbers[word])
    bar = format_html_join("", '<i class="{}" style="width: {}%" title="{}: {}"></i>', parts)
    words = ", ".join(f"{numbers[word]} {word}" for word, _, _ in BARS if numbers[word])
    return format_html('<span class="mu-progress">{}</span><span class="mu-progress-words">{}</span>', bar, words)


def targets(request: CommandRequest) -> str:
    parts = [(len(request.devices), "device"), (len(request.groups), "group")]
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in parts if count)


def statuses_url(**filters: object) -> str:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return reverse("admin:commands_commandstatus_changelist") + f"?{query}".replace(" ", "%20")
