"""MDM servers at Apple: whether they are read, what became of their devices, which profile those get."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commands.admin.send_targets import counted
from config.api.errors import ApplicationError
from onboarding.admin.dep_choose import choose_for_server_page
from onboarding.admin.dep_display import HERE, list_of, profile_link, with_default_profile
from onboarding.admin.dep_server_page import server_label, server_page
from onboarding.models import DepDevice, DepServer
from onboarding.services.dep.again import assign_server_now
from onboarding.services.dep.sync_requests import request_sync
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import ScopedFilter, SimpleListFilter
from tenants.models import DepToken, Role


class StateFilter(SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("fine", "In order"), ("stopped", "Stopped")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("fine", "stopped"):
            return queryset
        return queryset.filter(problem="") if self.value() == "fine" else queryset.exclude(problem="")


@admin.register(DepServer)
class DepServerAdmin(ScopedAdmin):
    list_display = ("title", "tenant", "condition", "device_total", "wanted", "read", "next_read", "token_end")
    list_display_links = ("title",)
    list_select_related = ("tenant", "profile")
    list_filter = (("tenant", ScopedFilter), StateFilter)
    search_fields = ("name",)
    fields = readonly_fields = ()
    actions_detail = ("sync_now", "read_again", "assign_now", "choose_profile")
    change_form_template = "admin/onboarding/depserver/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DepServer]:
        tokens = DepToken.objects.filter(
            tenant=OuterRef("tenant"), server_key=OuterRef("server_key"), state=DepToken.State.COMPLETED
        ).order_by()
        devices = DepDevice.objects.filter(HERE, server=OuterRef("pk")).order_by()
        rows: QuerySet[DepServer] = with_default_profile(super().get_queryset(request)).annotate(
            token_ends=Subquery(tokens.values("server_key").annotate(last=Max("token_expiry_on")).values("last")),
            devices_here=Subquery(devices.values("server").annotate(number=Count("pk")).values("number")),
        )
        return rows.defer("cursor")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        server = self.get_object(request, object_id)
        shown = server_page(server) if server is not None else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    # What is done ---------------------------------------------------------------------------------------------------
    @page_action("Sync now", role=Role.OPERATOR, icon="sync", variant="primary")
    def sync_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        server: DepServer = self.own_object(request, object_id, Role.OPERATOR)
        if request.method == "POST":
            return self._sync(request, server, anew=False)
        sentences = [f"Of all servers of {server.tenant} it is read what changed, and profiles are assigned then."]
        return self.confirm(request, server, title=f"Sync {server} now?", sentences=sentences, button="Sync now")

    @page_action("Read all again", role=Role.OPERATOR, icon="restart_alt")
    def read_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        server: DepServer = self.own_object(request, object_id, Role.OPERATOR)
        if request.method == "POST":
            return self._sync(request, server, anew=True)
        sentences = [
            f"Of all servers of {server.tenant} the whole list is read, not only what changed. With many devices that "
            "takes some minutes.",
            "Devices that are not in it any more are marked as gone. It is of use when what is here seems to differ "
            "from what Apple shows.",
        ]
        title = f"Read everything of {server} again?"
        return self.confirm(request, server, title=title, sentences=sentences, button="Read it")

    def _sync(self, request: HttpRequest, server: DepServer, *, anew: bool) -> HttpResponse:
        try:
            sync = request_sync(tenant=server.tenant, actor=console_actor(request), anew=anew)
        except ApplicationError as error:
            self.message_user(request, error.message, messages.ERROR)
            return redirect(self.url_of(server))
        self.message_user(request, "Apple's list is read as soon as a worker is free.", messages.SUCCESS)
        return redirect("admin:onboarding_depsync_change", sync.pk)

    @page_action("Assign now", role=Role.OPERATOR, icon="assignment_turned_in")
    def assign_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        server: DepServer = self.own_object(request, object_id, Role.OPERATOR)
        if request.method == "POST":
            return self.carry_out(request, server, lambda: self._assign_now(request, server))
        sentences = [
            "Apple is asked for every device of this server that is to have another profile than it has.",
            "So it is for devices that Apple refused and that would be tried again later only.",
        ]
        return self.confirm(
            request, server, title=f"Assign profiles of {server} now?", sentences=sentences, button="Assign now"
        )

    def _assign_now(self, request: HttpRequest, server: DepServer) -> str:
        again = assign_server_now(server=server, actor=console_actor(request))
        tried = f" {counted(again)} of before {'is' if again == 1 else 'are'} tried again." if again else ""
        return f"Profiles are assigned as soon as a worker is free.{tried}"

    @page_action("Profile", role=Role.OPERATOR, icon="tune")
    def choose_profile(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return choose_for_server_page(self, request, self.own_object(request, object_id, Role.OPERATOR))

    # Columns --------------------------------------------------------------------------------------------------------
    @admin.display(description="server", ordering="name")
    def title(self, obj: DepServer) -> SafeString:
        return display.two_lines(str(obj), obj.account.get("org_name", ""))

    @admin.display(description="state")
    def condition(self, obj: DepServer) -> SafeString:
        return server_label(obj)

    @admin.display(description="devices")
    def device_total(self, obj: Any) -> SafeString:
        url = list_of("depdevice", server__id__exact=obj.pk)
        return format_html('<a class="mu-link mu-number" href="{}">{}</a>', url, f"{obj.devices_here or 0:,}")

    @admin.display(description="profile")
    def wanted(self, obj: DepServer) -> SafeString:
        return profile_link(obj, obj.profile)

    @admin.display(description="read", ordering="synced_at")
    def read(self, obj: DepServer) -> SafeString:
        return display.moment(obj.synced_at, "never")

    @admin.display(description="next time", ordering="sync_due_at")
    def next_read(self, obj: DepServer) -> SafeString:
        return display.moment(obj.sync_due_at)

    @admin.display(description="token ends", ordering="token_ends")
    def token_end(self, obj: Any) -> SafeString:
        return display.moment(obj.token_ends, "no token")
