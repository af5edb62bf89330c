"""What a command request's page shows: how far it is, on which devices, in which windows, and who asked for what."""

from typing import Any

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from commands.admin.display import progress, state_label, statuses_url, targets
from commands.admin.schedule_words import rule
from commands.admin.windows import window_of_status, windows_of
from commands.models import CommandRequest, CommandStatus
from commands.selectors import command_request_stats
from devices.models import Device, DeviceGroup
from tenants.admin import display

STATUSES = 50
NAMED = 30  # targets


def request_page(row: CommandRequest) -> dict[str, Any]:
    """Context of a request's page."""
    stats = command_request_stats(row)
    deleted = sum(row.archived_counts.values())
    rows = CommandStatus.objects.filter(request=row).select_related("device", "slot").defer("device__search_text")
    statuses = list(rows[:STATUSES])
    return {
        "title": row.command,
        "facts": _facts(row),
        "bar": progress(row, stats),
        "stats": [_share(row, each["state"], each["total"]) for each in stats],
        "statuses": [_status(status) for status in statuses],
        "all_statuses": statuses_url(request__id__exact=row.pk),
        "total": sum(each["total"] for each in stats) - deleted,
        "deleted": deleted,
        "arguments": display.json_block(row.command_args) if row.command_args else "",
        "scheduled": row.schedule != CommandRequest.Schedule.IMMEDIATE,
        **windows_of(row),
        "devices": _named(Device.objects.filter(pk__in=row.devices[:NAMED], tenant=row.tenant).defer("search_text")),
        "more_devices": max(0, len(row.devices) - NAMED),
        "groups": _named(DeviceGroup.objects.filter(pk__in=row.groups[:NAMED], tenant=row.tenant)),
        "more_groups": max(0, len(row.groups) - NAMED),
    }


def _share(row: CommandRequest, state: str, total: int) -> tuple[SafeString, int, str]:
    return state_label(state), total, statuses_url(request__id__exact=row.pk, state__exact=state)


def _facts(row: CommandRequest) -> list[tuple[str, Any]]:
    scheduled = row.schedule != CommandRequest.Schedule.IMMEDIATE
    return [
        ("Request id", display.code(row.pk)),
        ("Tenant", row.tenant),
        ("Targets", f"{targets(row)} ({row.get_command_type_display()}, {row.get_device_type_display()})"),
        ("When", rule(row)),
        *([("Schedule", row.schedule_args["name"])] if scheduled and row.schedule_args.get("name") else []),
        (
            "Scheduled by" if scheduled else "Sent by",
            row.created_by or ("the platform" if row.is_internal else display.EMPTY),
        ),
        ("Asked for" if scheduled else "Sent", display.exact(row.created_at)),
        ("Planned" if scheduled else "Handed out", display.exact(row.fanned_out_at, "not yet")),
        *_cancellation(row),
        ("Remark", row.reason or display.EMPTY),
    ]


def _nobody(row: CommandRequest) -> str:
    return "the platform" if row.is_internal else display.EMPTY


def _cancellation(row: CommandRequest) -> list[tuple[str, Any]]:
    return [("Cancelled", display.exact(row.cancelled_at))] if row.cancelled_at else []


def _status(status: CommandStatus) -> dict[str, Any]:
    begin, end = window_of_status(status)
    return {
        "device": display.link(status.device),
        "label": state_label(status.state),
        "reason": status.reason,
        "window": f"not before {begin}, closes {end}" if begin else "",
        "updated": display.moment(status.updated_at),
        "link": display.link(status, "open"),
    }


def _named(rows: QuerySet[Any]) -> list[SafeString]:
    return [display.link(row) for row in rows]
