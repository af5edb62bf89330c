"""Device groups: the tree, and sending commands to all that a group holds."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commands.admin import send_command
from commands.admin.blueprint_display import blueprint_link
from commands.admin.send_targets import Targets
from config.api.errors import ApplicationError
from devices.models import DeviceGroup
from devices.services.groups import create_group, delete_group, update_group
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import ScopedFilter
from tenants.models import Role


class GroupForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        tenant = data.get("tenant") or self.instance.tenant_id and self.instance.tenant
        parent = data.get("parent")
        if parent is not None and tenant and parent.tenant_id != tenant.pk:
            self.add_error("parent", "This group belongs to another tenant.")
        blueprint = data.get("blueprint")
        if blueprint is not None and tenant and blueprint.tenant_id != tenant.pk:
            self.add_error("blueprint", "This blueprint belongs to another tenant.")
        return data


@admin.register(DeviceGroup)
class DeviceGroupAdmin(ScopedAdmin):
    add_role = change_role = Role.OPERATOR
    form = GroupForm
    list_display = ("name", "parent", "devices", "effective", "tenant", "created")
    list_select_related = ("parent", "tenant", "blueprint", "effective_blueprint")
    list_filter = (("tenant", ScopedFilter), ("effective_blueprint", ScopedFilter))
    search_fields = ("name",)
    ordering = ("name", "id")
    actions = ("send_to_selected",)
    actions_detail = ("send_to_this", "delete_this")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeviceGroup]:
        rows: QuerySet[DeviceGroup] = super().get_queryset(request).annotate(device_total=Count("devices"))
        return rows

    def get_fields(self, request: HttpRequest, obj: DeviceGroup | None = None) -> list[Any]:
        asked = ["tenant", "name", "parent", "blueprint"]
        return [*asked, "effective", "id", "devices"] if obj else asked

    def get_readonly_fields(self, request: HttpRequest, obj: DeviceGroup | None = None) -> tuple[str, ...]:
        return ("tenant", "id", "devices", "effective") if obj else ()

    def save_model(self, request: HttpRequest, obj: DeviceGroup, form: Any, change: bool) -> None:
        actor = console_actor(request)
        if change:
            saved = update_group(group=obj, name=obj.name, parent=obj.parent, blueprint=obj.blueprint, actor=actor)
        else:
            told: dict[str, Any] = {"name": obj.name, "parent": obj.parent, "blueprint": obj.blueprint}
            saved = create_group(tenant=obj.tenant, group_id=obj.pk, actor=actor, **told)
        obj.__dict__.update(saved.__dict__)

    @admin.action(description="Send a command to selected groups", permissions=["operate"])
    def send_to_selected(self, request: HttpRequest, queryset: QuerySet[DeviceGroup]) -> HttpResponse | None:
        return send_command.choose_for_groups(self, request, queryset)

    @page_action("Send command", role=Role.OPERATOR, icon="send", variant="primary")
    def send_to_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        group: DeviceGroup = self.own_object(request, object_id, Role.OPERATOR)
        return send_command.choose(self, request, Targets([], [group]))

    @page_action("Delete", role=Role.OPERATOR, icon="delete", variant="danger")
    def delete_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        group: DeviceGroup = self.own_object(request, object_id, Role.OPERATOR)
        if request.method != "POST":
            sentences = ["Its devices stay, in no group. A group with subgroups is not deleted."]
            return self.confirm(
                request, group, title=f"Delete the group {group.name}?", sentences=sentences, button="Delete"
            )
        try:
            delete_group(group=group, actor=console_actor(request))
        except ApplicationError as error:
            self.message_user(request, error.message, messages.ERROR)
            return redirect(self.url_of(group))
        self.message_user(request, f"The group {group.name} is deleted.", messages.SUCCESS)
        return redirect("admin:devices_devicegroup_changelist")

    @admin.display(description="devices", ordering="device_total")
    def devices(self, obj: Any) -> SafeString:
        url = reverse("admin:devices_device_changelist") + f"?group__id__exact={obj.pk}"
        return format_html('<a class="mu-link mu-number" href="{}">{}</a>', url, obj.device_total)

    @admin.display(description="blueprint that counts")
    def effective(self, obj: DeviceGroup) -> SafeString | str:
        link = blueprint_link(obj.effective_blueprint)
        inherited = obj.effective_blueprint is not None and obj.blueprint is None
        return format_html("{} {}", link, display.label("inherited", "neutral")) if inherited else link

    @admin.display(description="created", ordering="created_at")
    def created(self, obj: DeviceGroup) -> SafeString:
        return display.moment(obj.created_at)
