"""Command requests: who asked what of which devices, and how far it is."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from commands.admin.display import is_handed_out, progress, progress_of, state_label, statuses_url
from commands.admin.filters import CommandFilter
from commands.admin.send_command import counted
from commands.models import CommandRequest, CommandStatus
from commands.selectors import command_request_stats, is_open, live_counts, waiting_and_given
from commands.services.requests import cancel_command_request
from devices.models import Device, DeviceGroup
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import ChoicesFilter, DateRangeFilter, ScopedFilter
from tenants.models import Role

STATUSES = 50
NAMED = 30  # targets


def targets(request: CommandRequest) -> str:
    parts = [(len(request.devices), "device"), (len(request.groups), "group")]
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in parts if count)


@admin.register(CommandRequest)
class CommandRequestAdmin(ScopedAdmin):
    list_display = ("command", "targets", "progress", "created_by", "when", "schedule", "tenant")
    list_filter = (
        ("tenant", ScopedFilter),
        CommandFilter,
        ("schedule", ChoicesFilter),
        ("created_at", DateRangeFilter),
    )
    search_fields = ("=id", "command", "created_by")
    search_help_text = "Command, who sent it, or the id of the request"
    fields = readonly_fields = ()
    actions_detail = ("cancel",)
    change_form_template = "admin/commands/commandrequest/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[CommandRequest]:
        rows = super().get_queryset(request).select_related("tenant").defer("secret_args")
        counted: QuerySet[CommandRequest] = rows.annotate(counts=live_counts())
        return counted

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        shown = request_page(row) if row else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    @page_action("Cancel", role=Role.OPERATOR, icon="cancel", variant="danger")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row: CommandRequest = self.own_object(request, object_id, Role.OPERATOR)
        if request.method == "POST":
            return self.carry_out(request, row, lambda: self._cancel(request, row))
        title = f"Cancel {row.command}?"
        return self.confirm(request, row, title=title, sentences=_consequences(row), button="Cancel the command")

    def _cancel(self, request: HttpRequest, row: CommandRequest) -> str:
        cancel_command_request(request=row, actor=console_actor(request))
        return f"{row.command} is cancelled; what still waits ends within moments."

    def hidden_actions(self, obj: CommandRequest) -> frozenset[str]:
        return frozenset() if is_open(obj) else frozenset({"cancel"})

    @admin.display(description="targets")
    def targets(self, obj: CommandRequest) -> str:
        return targets(obj)

    @admin.display(description="progress")
    def progress(self, obj: Any) -> SafeString:
        return progress_of(obj)

    @admin.display(description="when", ordering="created_at")
    def when(self, obj: CommandRequest) -> SafeString:
        return display.moment(obj.created_at)


def request_page(row: CommandRequest) -> dict[str, Any]:
    """Context of a request's page."""
    stats = command_request_stats(row)
    deleted = sum(row.archived_counts.values())
    statuses = list(
        CommandStatus.objects.filter(request=row).select_related("device").defer("device__search_text")[:STATUSES]
    )
    return {
        "title": row.command,
        "facts": _facts(row),
        "bar": progress(stats, fanned_out=is_handed_out(row)),
        "stats": [_share(row, each["state"], each["total"]) for each in stats],
        "statuses": [_status(status) for status in statuses],
        "all_statuses": statuses_url(request__id__exact=row.pk),
        "total": sum(each["total"] for each in stats) - deleted,
        "deleted": deleted,
        "arguments": display.json_block(row.command_args) if row.command_args else "",
        "schedule_arguments": display.json_block(row.schedule_args) if row.schedule_args else "",
        "devices": _named(Device.objects.filter(pk__in=row.devices[:NAMED], tenant=row.tenant).defer("search_text")),
        "more_devices": max(0, len(row.devices) - NAMED),
        "groups": _named(DeviceGroup.objects.filter(pk__in=row.groups[:NAMED], tenant=row.tenant)),
        "more_groups": max(0, len(row.groups) - NAMED),
    }


def _consequences(row: CommandRequest) -> list[str]:
    """What the cancellation will do, before it is done."""
    waiting, given = waiting_and_given(row)
    sentences = [f"{counted(waiting)} that still {'waits' if waiting == 1 else 'wait'} for it will not be given it."]
    if given:
        verb = "has" if given == 1 else "have"
        sentences.append(f"{counted(given)} {verb} it already; that cannot be taken back, and the answers still count.")
    if row.fanned_out_at is None:
        sentences.append("It is still being handed out; devices that are not in its list yet will not be.")
    if row.schedule != CommandRequest.Schedule.IMMEDIATE:
        sentences.append("Its schedule ends: no further window opens.")
    return [*sentences, "A cancelled command cannot be resumed; send it again instead."]


def _share(row: CommandRequest, state: str, total: int) -> tuple[SafeString, int, str]:
    return state_label(state), total, statuses_url(request__id__exact=row.pk, state__exact=state)


def _facts(row: CommandRequest) -> list[tuple[str, Any]]:
    return [
        ("Request id", display.code(row.pk)),
        ("Tenant", row.tenant),
        ("Targets", f"{targets(row)} ({row.get_command_type_display()}, {row.get_device_type_display()})"),
        ("Schedule", row.schedule),
        ("Sent by", row.created_by or ("the platform" if row.is_internal else display.EMPTY)),
        ("Sent", display.exact(row.created_at)),
        ("Handed out", display.exact(row.fanned_out_at, "not yet")),
        *_cancellation(row),
        ("Remark", row.reason or display.EMPTY),
    ]


def _cancellation(row: CommandRequest) -> list[tuple[str, Any]]:
    return [("Cancelled", display.exact(row.cancelled_at))] if row.cancelled_at else []


def _status(status: CommandStatus) -> dict[str, Any]:
    return {
        "device": display.link(status.device),
        "label": state_label(status.state),
        "reason": status.reason,
        "updated": display.moment(status.updated_at),
        "link": display.link(status, "open"),
    }


def _named(rows: QuerySet[Any]) -> list[SafeString]:
    return [display.link(row) for row in rows]
