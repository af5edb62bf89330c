"""Statuses: one command on one device. Cancelled here, while it still waits."""

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commands.admin.display import state_label
from commands.admin.filters import CommandOfStatusFilter
from commands.admin.windows import window_of_status
from commands.models import CommandStatus
from commands.models.status import State
from commands.services.queue import cancel_command_status
from config.api.errors import ApplicationError
from config.api.fields import parse_id
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, sees_several
from tenants.admin.filters import ChoicesFilter, ScopedFilter
from tenants.models import Role

MOST_AT_ONCE = 1000
REASONS = 3  # told in one message


# No index serves all tenants' rows by date, so a list of everything is one of the latest rows of each tenant.
LATEST_SQL = """
SELECT latest.id FROM tenants_tenant tenant CROSS JOIN LATERAL (
    SELECT id FROM commands_commandstatus WHERE tenant_id = tenant.id ORDER BY created_at DESC, id LIMIT %s
) latest
"""
LATEST = 1000


@admin.register(CommandStatus)
class CommandStatusAdmin(ScopedAdmin):
    list_display = ("device_link", "command", "state_name", "remark", "window", "created", "tenant")
    list_display_links = ("command",)
    list_filter = (("tenant", ScopedFilter), ("state", ChoicesFilter), CommandOfStatusFilter)
    linked_lookups = ("request__id__exact", "device__id__exact")
    search_fields = ("device__search_text",)
    search_help_text = "The device's name, serial or UDID; the id of a status, request or device"
    ordering = ("-created_at", "id")
    actions = ("cancel",)
    fields = readonly_fields = (
        "device_link",
        "request_link",
        "state_name",
        "reason",
        "attempts",
        "window",
        "not_before",
        "closes_at",
        "sent_at",
        "not_now_at",
        "expires_at",
        "created_at",
        "updated_at",
        "arguments",
        "answer",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[CommandStatus]:
        unread = ("request__secret_args", "request__devices", "request__groups", "device__search_text")
        rows = super().get_queryset(request).select_related("device", "request", "tenant", "slot").defer(*unread)
        return rows.filter(pk__in=RawSQL(LATEST_SQL, (LATEST,))) if _lists_everything(request) else rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CommandStatus], search_term: str
    ) -> tuple[QuerySet[CommandStatus], bool]:
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        known = parse_id(term)
        if known is not None:
            return queryset.filter(Q(pk=known) | Q(request_id=known) | Q(device_id=known)), False
        return queryset.filter(device__search_text__contains=term), False

    @admin.action(description="Cancel selected commands", permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[CommandStatus]) -> None:
        rows = list(queryset[: MOST_AT_ONCE + 1])
        if len(rows) > MOST_AT_ONCE:
            self.message_user(request, f"At most {MOST_AT_ONCE:,} are cancelled at once.", messages.ERROR)
            return
        cancelled, refused = 0, Counter[str]()
        for row in rows:
            refusal = self._cancel(request, row)
            cancelled += not refusal
            refused.update([refusal] if refusal else [])
        self.message_user(request, f"{cancelled} cancelled.", messages.SUCCESS if cancelled else messages.WARNING)
        for reason, count in refused.most_common(REASONS):
            self.message_user(request, f"{count} not cancelled: {reason}", messages.WARNING)

    def _cancel(self, request: HttpRequest, row: CommandStatus) -> str:
        """Empty if it worked, otherwise why not."""
        if not self.may(request, Role.OPERATOR, row):
            return "your role in its tenant is viewer."
        if row.state == State.CANCELLED:
            return "it had been cancelled before."
        try:
            cancel_command_status(status=row, actor=console_actor(request))
        except ApplicationError as error:
            return error.message
        return ""

    @admin.display(description="device")
    def device_link(self, obj: CommandStatus) -> SafeString:
        return display.link(obj.device)

    @admin.display(description="request")
    def request_link(self, obj: CommandStatus) -> SafeString:
        return display.link(obj.request)

    @admin.display(description="command")
    def command(self, obj: CommandStatus) -> str:
        return obj.request.command

    @admin.display(description="state", ordering="state")
    def state_name(self, obj: CommandStatus) -> SafeString:
        return state_label(obj.state, obj.reason)

    @admin.display(description="reason")
    def remark(self, obj: CommandStatus) -> SafeString:
        return format_html('<span class="mu-clip" title="{}">{}</span>', obj.reason, obj.reason or display.EMPTY)

    @admin.display(description="window")
    def window(self, obj: CommandStatus) -> SafeString | str:
        begin, end = window_of_status(obj)
        if not begin:
            return display.EMPTY
        lines = display.two_lines(f"from {begin}", f"to {end}")
        return format_html('<span class="mu-whole" title="Not given to the device before or after">{}</span>', lines)

    @admin.display(description="created", ordering="created_at")
    def created(self, obj: CommandStatus) -> SafeString:
        return display.two_lines(display.moment(obj.created_at), f"changed {display.distance(obj.updated_at)}")

    @admin.display(description="arguments")
    def arguments(self, obj: CommandStatus) -> SafeString:
        return display.json_block(obj.request.command_args)

    @admin.display(description="answer")
    def answer(self, obj: Any) -> SafeString | str:
        result = getattr(obj, "result", None)
        return display.json_block(display.masked(result.payload)) if result else "none kept"


def _lists_everything(request: HttpRequest) -> bool:
    match = request.resolver_match
    listing = match is not None and str(match.url_name).endswith("changelist")
    return listing and not request.GET.keys() - {PAGE_VAR, ORDER_VAR} and sees_several(request)
