"""What a converge's page shows: what differed, and each of its commands with its state."""

from typing import Any

from django.utils.safestring import SafeString

from commands.admin.blueprint_display import blueprint_link
from commands.admin.blueprint_words import setting_words, told
from commands.admin.display import state_label
from commands.blueprints.plan import Stage
from commands.models import CommandStatus, Converge, ConvergeStep
from tenants.admin import display

STATUSES = {  # words, kind of label
    Converge.Status.QUEUED: ("queued", "info"),
    Converge.Status.PROCESSING: ("comparing", "info"),
    Converge.Status.IN_PROGRESS: ("in progress", "warning"),
    Converge.Status.SUCCESS: ("done", "success"),
    Converge.Status.FAILURE: ("failed", "danger"),
}
STAGES = {
    Stage.LOOK: "Ask what it has",
    Stage.PROFILES: "Profiles and settings",
    Stage.APPS: "Apps",
    Stage.LOCK: "App lock and updates",
    Stage.REMOVALS: "Removals",
}
STEPS = 300
DIFFERENCES = 200
REFRESH = 5  # seconds


def status_label(converge: Converge) -> SafeString:
    words, kind = STATUSES[Converge.Status(converge.status)]
    return display.label(words, kind, converge.reason)


def is_open(converge: Converge) -> bool:
    return converge.status not in (Converge.Status.SUCCESS, Converge.Status.FAILURE)


def converge_page(converge: Converge) -> dict[str, Any]:
    rows = ConvergeStep.objects.filter(converge=converge).select_related("request").defer("request__secret_args")
    steps = list(rows[:STEPS])
    statuses = {
        row.request_id: row
        for row in CommandStatus.objects.filter(request__in=[step.request_id for step in steps], tenant=converge.tenant)
    }
    shown = [_step(step, statuses.get(step.request_id)) for step in steps]
    return {
        "title": f"Converge of {converge.device}",
        "status_label": status_label(converge),
        "facts": _facts(converge),
        "stages": _by_stage(shown),
        "more_steps": max(0, rows.count() - STEPS) if len(steps) == STEPS else 0,
        "differences": [difference(each) for each in converge.differences[:DIFFERENCES]],
        "more_differences": max(0, len(converge.differences) - DIFFERENCES),
        "refresh": REFRESH if is_open(converge) else 0,
    }


def _facts(converge: Converge) -> list[tuple[str, Any]]:
    provision = "yes" if converge.converge_with_provision_option else "no"
    return [
        ("Status", status_label(converge)),
        ("Device", display.link(converge.device)),
        ("Blueprint", blueprint_link(converge.blueprint, converge.blueprint_version)),
        ("Cause", cause(converge)),
        ("With provisioning settings", provision),
        ("When", when(converge)),
        ("Created", display.exact(converge.created_at)),
        ("Ended", display.exact(converge.ended_at, "not yet")),
        ("Converge id", display.copyable(str(converge.pk))),
    ]


def cause(converge: Converge) -> str:
    by = f" by {converge.created_by}" if converge.created_by else ""
    again = ", all anew" if converge.reapply else ""
    return f"{converge.get_cause_display()}{by}{again}"


def when(converge: Converge) -> str | SafeString:
    if converge.schedule_type == Converge.Schedule.IMMEDIATE:
        return "At once"
    end = f" to {converge.closes_at:%Y-%m-%d %H:%M}" if converge.closes_at else ""
    return f"In a window from {converge.not_before:%Y-%m-%d %H:%M}{end} UTC"


def _step(step: ConvergeStep, status: CommandStatus | None) -> dict[str, Any]:
    return {
        "stage": step.stage,
        "title": step.title,
        "command": display.link(step.request, step.request.command),
        "label": state_label(status.state) if status else display.label("not handed out yet", "neutral"),
        "reason": status.reason if status else "",
        "created": display.moment(step.request.created_at),
        "updated": display.moment(status.updated_at) if status else "",
    }


def _by_stage(steps: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    found = sorted({step["stage"] for step in steps})
    return [(stage_words(stage), [step for step in steps if step["stage"] == stage]) for stage in found]


def stage_words(stage: int) -> str:
    return STAGES.get(Stage(stage), "") if stage in list(Stage) else f"Stage {stage}"


def difference(row: dict[str, Any]) -> dict[str, Any]:
    """Of those that a converge or a report keeps."""
    setting = str(row.get("setting", ""))
    return {
        "title": setting_words(setting),
        "path": setting,
        "wanted": told(row.get("wanted")),
        "found": told(row.get("found")),
        "reason": str(row.get("reason") or ""),
    }
