"""Devices: the list, a device's page, and what can be done with them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Exists, F, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commands.admin import device_set_up, send_command
from commands.admin.device_blueprint import assign_to_device, blueprint_card, check_device, converge_device
from commands.admin.device_page import device_page
from commands.admin.display import device_label, statuses_url
from commands.admin.filters import BlueprintFilter, LastSeenFilter, PushFilter, StandingFilter, StateFilter
from commands.admin.send_targets import Targets
from commands.models import CommandStatus
from commands.models.status import DELIVERABLE
from commands.services.enrolments import block_enrolment
from commands.services.moves import move_devices
from commands.services.removal import remove_device
from commands.services.set_up.waiting import waiting
from config.api.errors import BadRequest
from devices.models import Device, DeviceGroup, DeviceState
from devices.selectors import last_seen
from devices.services.devices import update_device
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import ChoicesFilter, ScopedFilter
from tenants.models import Role


class DeviceForm(forms.ModelForm):  # type: ignore[type-arg]
    """What people say about a device; everything else it tells itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "group" in self.fields:
            groups = DeviceGroup.objects.filter(tenant_id=self.instance.tenant_id)
            self.fields["group"].queryset = groups  # type: ignore[attr-defined]


def waiting_commands() -> Coalesce:
    """Annotation of devices: commands that are offered to them, by the queue's own index."""
    rows = CommandStatus.objects.filter(device=OuterRef("pk"), state__in=DELIVERABLE).order_by()
    counted = rows.values("device").annotate(total=Count("*")).values("total")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


@admin.register(Device)
class DeviceAdmin(ScopedAdmin):
    change_role = Role.OPERATOR
    form = DeviceForm
    fields = ("alias", "group")
    list_display = ("title", "system", "state_name", "seen", "group", "supervised", "waiting", "tenant")
    list_display_links = ("title",)
    list_filter = (
        ("tenant", ScopedFilter),
        ("platform", ChoicesFilter),
        StateFilter,
        ("group", ScopedFilter),
        LastSeenFilter,
        PushFilter,
        BlueprintFilter,
        StandingFilter,
        ("device_source", ChoicesFilter),
    )
    search_fields = ("search_text",)  # one column holds all that is searched
    search_help_text = "Name, alias, serial, UDID, IMEI, model, phone number"
    ordering = ("name", "id")
    actions = ("send_to_selected",)
    actions_detail = ("send_to_this", "release", "block", "remove")
    change_form_template = "admin/devices/device/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Device]:
        rows = (
            super().get_queryset(request).select_related("tenant", "heartbeat", "group").defer("search_text", "policy")
        )
        in_set_up = Exists(waiting().filter(device=OuterRef("pk")))
        counted: QuerySet[Device] = rows.annotate(waiting_total=waiting_commands(), is_in_set_up=in_set_up)
        return counted

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Device], search_term: str
    ) -> tuple[QuerySet[Device], bool]:
        """Served by the trigram index, which is over lower-case text."""
        term = search_term.strip().lower()
        return (queryset.filter(search_text__contains=term) if term else queryset), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.send_command_view)
        wrap = self.admin_site.admin_view
        return [
            path("send-command/", view, name=send_command.URL_NAME),
            path("<uuid:device_id>/blueprint/", wrap(self.blueprint_view), name="devices_device_blueprint"),
            path("<uuid:device_id>/converge/", wrap(self.converge_view), name="devices_device_converge"),
            path("<uuid:device_id>/check/", wrap(self.check_view), name="devices_device_check"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        device = self.get_object(request, object_id)
        search = request.GET.get("apps", "").replace("\0", "")[:100]
        shown = device_page(device, apps_search=search) if device else {}
        may_operate = device is not None and self.may(request, Role.OPERATOR, device)
        if device:
            shown |= blueprint_card(device, may_operate=may_operate)
        if may_operate:
            shown["uninstall"] = reverse(f"admin:{send_command.URL_NAME}")
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:
        """Another group goes the way of every move, so that the device gets that group's blueprint."""
        actor = console_actor(request)
        update_device(device=obj, alias=obj.alias, actor=actor)
        moved = move_devices(tenant=obj.tenant, actor=actor, device_ids=[obj.pk], group=obj.group)
        if moved.converging:
            self.message_user(request, f"{obj} converges to the blueprint of {obj.group}.", messages.INFO)

    # Commands -------------------------------------------------------------------------------------------------------
    @admin.action(description="Send a command to selected devices", permissions=["operate"])
    def send_to_selected(self, request: HttpRequest, queryset: QuerySet[Device]) -> HttpResponse | None:
        return send_command.choose_for_devices(self, request, queryset)

    @page_action("Send command", role=Role.OPERATOR, icon="send", variant="primary")
    def send_to_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        device: Device = self.own_object(request, object_id, Role.OPERATOR)
        return send_command.choose(self, request, Targets([device], []))

    def send_command_view(self, request: HttpRequest) -> HttpResponse:
        return send_command.send(self, request)

    # The blueprint ------------------------------------------------------------------------------------------------
    def blueprint_view(self, request: HttpRequest, device_id: Any) -> HttpResponse:
        return assign_to_device(self, request, self.own_object(request, str(device_id), Role.OPERATOR))

    def converge_view(self, request: HttpRequest, device_id: Any) -> HttpResponse:
        return converge_device(self, request, self.own_object(request, str(device_id), Role.OPERATOR))

    def check_view(self, request: HttpRequest, device_id: Any) -> HttpResponse:
        return check_device(self, request, self.own_object(request, str(device_id), Role.OPERATOR))

    # Its set-up ---------------------------------------------------------------------------------------------------
    @page_action("Release from set-up assistant", role=Role.OPERATOR, icon="resume")
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        device: Device = self.own_object(request, object_id, Role.OPERATOR)
        if request.method == "POST":
            return self.carry_out(request, device, lambda: device_set_up.release(request, device))
        title = f"Release {device} from its set-up assistant?"
        return self.confirm(request, device, title=title, sentences=device_set_up.SENTENCES, button="Release")

    # Taking devices out ---------------------------------------------------------------------------------------------
    @page_action("Block", role=Role.OPERATOR, icon="block")
    def block(self, request: HttpRequest, object_id: str) -> HttpResponse:
        device: Device = self.own_object(request, object_id, Role.OPERATOR)
        if request.method == "POST":
            return self.carry_out(request, device, lambda: self._block(request, device))
        sentences = [
            "At its next contact the device is told to remove its management; profiles and managed apps go with it.",
            "It can come back only by enrolling anew.",
        ]
        return self.confirm(request, device, title=f"Block {device}?", sentences=sentences, button="Block")

    def _block(self, request: HttpRequest, device: Device) -> str:
        if not block_enrolment(device=device, actor=console_actor(request)):
            raise BadRequest(f"{device} has no enrolment that could be blocked.")
        return f"{device} is blocked and unenrols at its next contact."

    @page_action("Remove", role=Role.OPERATOR, icon="delete", variant="danger")
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        device: Device = self.own_object(request, object_id, Role.OPERATOR)
        if request.method == "POST":
            return self.carry_out(request, device, lambda: self._remove(request, device))
        sentences = [
            "The device leaves the lists, its waiting commands are cancelled, and it is not pushed to any more.",
            "Nothing is erased on the device itself; send WIPE for that.",
        ]
        return self.confirm(request, device, title=f"Remove {device}?", sentences=sentences, button="Remove")

    def _remove(self, request: HttpRequest, device: Device) -> str:
        remove_device(device=device, actor=console_actor(request))
        return f"{device} is removed."

    def hidden_actions(self, obj: Any) -> frozenset[str]:
        if not obj.is_apple:
            return frozenset({"release", "block", "remove"})
        hidden = set() if obj.is_in_set_up else {"release"}
        return frozenset(hidden | {"remove"} if obj.state == DeviceState.DISABLED else hidden)

    # Columns --------------------------------------------------------------------------------------------------------
    @admin.display(description="device", ordering="name")
    def title(self, obj: Device) -> SafeString:
        return display.two_lines(str(obj), obj.serial or obj.udid)

    @admin.display(description="system", ordering="os")
    def system(self, obj: Device) -> SafeString:
        model = obj.hardware_info.get("hardware") or obj.hardware_info.get("model") or obj.get_platform_display()
        return display.two_lines(f"{obj.os or obj.get_platform_display()} {obj.os_version}", model)

    @admin.display(description="state", ordering="state")
    def state_name(self, obj: Device) -> SafeString:
        return device_label(obj)

    @admin.display(description="last seen", ordering=F("heartbeat__last_seen").desc(nulls_last=True))
    def seen(self, obj: Device) -> SafeString:
        return display.moment(last_seen(obj), "never")

    @admin.display(description="supervised", ordering="is_supervised")
    def supervised(self, obj: Device) -> str:
        return display.yes_no(obj.is_supervised)

    @admin.display(description="waiting", ordering="waiting_total")
    def waiting(self, obj: Any) -> object:
        if not obj.waiting_total:
            return format_html('<span class="mu-quiet mu-number">{}</span>', 0)
        url = statuses_url(device__id__exact=obj.pk)
        return format_html('<a class="mu-link mu-number" href="{}">{}</a>', url, obj.waiting_total)
