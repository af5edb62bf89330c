"""Syncs: readings of a tenant's servers at Apple, what they found, and what they could not do."""

from textwrap import shorten
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from onboarding.admin.dep_display import CAUSES, found, list_of, sync_label
from onboarding.admin.dep_server_page import server_label
from onboarding.models import DepDevice, DepServer, DepSync, DepSyncFailure
from onboarding.services.dep.sync_ends import MOST_FAILURES
from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.display import Facts
from tenants.admin.filters import ChoicesFilter, DateRangeFilter, ScopedFilter

SERVERS = 50
WIDTH = 120  # characters of a reason in the list


@admin.register(DepSync)
class DepSyncAdmin(ScopedAdmin):
    list_display = ("began", "condition", "tenant", "cause_told", "found", "took", "by")
    list_display_links = ("began",)
    list_select_related = ("tenant",)
    list_filter = (
        ("tenant", ScopedFilter),
        ("status", ChoicesFilter),
        ("cause", ChoicesFilter),
        ("created_at", DateRangeFilter),
    )
    ordering = ("-created_at", "id")
    fields = readonly_fields = ()
    change_form_template = "admin/onboarding/depsync/page.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        sync = self.get_object(request, object_id)
        shown = sync_page(sync) if sync is not None else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    @admin.display(description="asked for", ordering="created_at")
    def began(self, obj: DepSync) -> SafeString:
        return display.moment(obj.created_at)

    @admin.display(description="state", ordering="status")
    def condition(self, obj: DepSync) -> SafeString:
        return display.two_lines(sync_label(obj), shorten(obj.failure_reason, WIDTH, placeholder=" …"))

    @admin.display(description="what for", ordering="cause")
    def cause_told(self, obj: DepSync) -> str:
        return CAUSES[DepSync.Cause(obj.cause)]

    @admin.display(description="found")
    def found(self, obj: DepSync) -> SafeString:
        return found(obj)

    @admin.display(description="took")
    def took(self, obj: DepSync) -> str:
        return duration(obj)

    @admin.display(description="by", ordering="created_by")
    def by(self, obj: DepSync) -> str:
        return obj.created_by or display.EMPTY


def duration(sync: DepSync) -> str:
    """As a clock shows it."""
    if sync.started_at is None or sync.ended_at is None:
        return display.EMPTY
    minutes, seconds = divmod(int((sync.ended_at - sync.started_at).total_seconds()), 60)
    return f"{minutes}:{seconds:02} min" if minutes else f"{seconds} s"


# The page of one ----------------------------------------------------------------------------------------------------
def sync_page(sync: DepSync) -> dict[str, Any]:
    failures = DepSyncFailure.objects.filter(sync=sync)[:MOST_FAILURES]
    return {
        "title": f"{sync} UTC",
        "sync": sync,
        "failures": _with_devices(sync, list(failures)),
        "servers": list_of("depserver", tenant__id__exact=sync.tenant_id),
        "cards": [("Sync", _facts(sync)), *_servers(sync)],
    }


def _facts(sync: DepSync) -> Facts:
    return [
        ("State", sync_label(sync)),
        ("Tenant", sync.tenant),
        ("What for", CAUSES[DepSync.Cause(sync.cause)]),
        ("By", sync.created_by or display.EMPTY),
        ("Asked for", display.exact(sync.created_at)),
        ("Began", display.exact(sync.started_at, "not yet")),
        ("Ended", display.exact(sync.ended_at, "not yet")),
        ("Took", duration(sync)),
        ("New devices", f"{sync.added:,}"),
        ("Changed devices", f"{sync.modified:,}"),
        ("Gone devices", f"{sync.deleted:,}"),
        ("Given a profile", f"{sync.assigned:,}"),
        ("Id in the API", display.copyable(str(sync.pk))),
    ]


def _servers(sync: DepSync) -> list[tuple[str, Facts]]:
    """Those that it took up last."""
    rows = DepServer.objects.filter(sync=sync).defer("cursor")[:SERVERS]
    return [("Servers", [(display.link(row), server_label(row)) for row in rows])] if rows else []


def _with_devices(sync: DepSync, failures: list[DepSyncFailure]) -> list[tuple[Any, str]]:
    """Serial numbers, linked where the device is known, and reasons."""
    serials = [failure.serial for failure in failures]
    known = DepDevice.objects.filter(tenant=sync.tenant_id, serial__in=serials).only("serial")
    pages = {row.serial: display.link(row) for row in known}
    return [(pages.get(failure.serial, failure.serial), failure.reason) for failure in failures]
