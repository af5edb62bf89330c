"""Command requests: who asked what of which devices, and how far it is."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commands.admin import send_command
from commands.admin.display import progress_of, targets
from commands.admin.filters import CommandFilter, OriginFilter, WindowFilter
from commands.admin.request_page import request_page
from commands.admin.send_targets import counted
from commands.admin.windows import current_window, schedule_column, window_column
from commands.models import CommandRequest
from commands.selectors import is_open, live_counts, waiting_and_given
from commands.services.requests import cancel_command_request
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, list_button, page_action
from tenants.admin.filters import ChoicesFilter, DateRangeFilter, ScopedFilter
from tenants.models import Role


@admin.register(CommandRequest)
class CommandRequestAdmin(ScopedAdmin):
    list_display = ("command", "targets", "progress", "created_by", "when", "schedule_kind", "next_window", "tenant")
    list_filter = (
        ("tenant", ScopedFilter),
        CommandFilter,
        OriginFilter,
        ("schedule", ChoicesFilter),
        WindowFilter,
        ("created_at", DateRangeFilter),
    )
    search_fields = ("=id", "command", "created_by")
    search_help_text = "Command, who sent it, or the id of the request"
    fields = readonly_fields = ()
    actions_list = ("send_new",)
    actions_detail = ("cancel",)
    change_form_template = "admin/commands/commandrequest/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[CommandRequest]:
        rows = super().get_queryset(request).select_related("tenant").defer("secret_args")
        annotated: QuerySet[CommandRequest] = rows.annotate(counts=live_counts(), window=current_window())
        return annotated

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        shown = request_page(row) if row else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    @list_button("Send command", icon="send")
    def send_new(self, request: HttpRequest) -> HttpResponse:
        return redirect(f"admin:{send_command.URL_NAME}")

    @page_action("Cancel request", role=Role.OPERATOR, icon="cancel", variant="danger")
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
    def targets(self, obj: CommandRequest) -> SafeString:
        return format_html('<span class="mu-whole">{}</span>', targets(obj))

    @admin.display(description="progress")
    def progress(self, obj: Any) -> SafeString:
        return progress_of(obj)

    @admin.display(description="when", ordering="created_at")
    def when(self, obj: CommandRequest) -> SafeString:
        return display.moment(obj.created_at)

    @admin.display(description="schedule", ordering="schedule")
    def schedule_kind(self, obj: CommandRequest) -> SafeString:
        return schedule_column(obj)

    @admin.display(description="next window")
    def next_window(self, obj: CommandRequest) -> SafeString | str:
        return window_column(obj)


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
