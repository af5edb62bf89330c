"""Tenants: created by superusers, renamed by their admins."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextInputWidget

from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, user_of
from tenants.models import Membership, Role, Tenant
from tenants.services.tenants import DEFAULT_COUNTRY, create_tenant, update_tenant
from tenants.zones import zone_names


def time_zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(zone_names())]


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(
        choices=time_zones,
        initial="UTC",
        widget=UnfoldAdminSelect2Widget,
        help_text="Zone of schedules whose device names none.",
    )
    store_country = forms.CharField(
        required=False,
        initial=DEFAULT_COUNTRY,
        max_length=2,
        widget=UnfoldAdminTextInputWidget,
        help_text="Country of Apple's store in which apps are looked up: two letters, such as us or de (ISO 3166-1).",
    )

    def clean_store_country(self) -> str:
        """Left empty, it stays what it is."""
        return str(self.cleaned_data["store_country"]).strip().lower() or self.instance.store_country


@admin.register(Tenant)
class TenantAdmin(ScopedAdmin):
    tenant_field = "id"
    change_role = Role.ADMIN
    form = TenantForm
    list_display = ("name", "id", "time_zone", "store_country", "created")
    search_fields = ("name", "id")
    readonly_fields = ("id", "members", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return user_of(request).is_superuser

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        return super().get_queryset(request).order_by("name")

    def get_fields(self, request: HttpRequest, obj: Tenant | None = None) -> list[Any]:
        told = ["name", "time_zone", "store_country"]
        return [*told, "id", "members", "created_at"] if obj else told

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        told = {"name": obj.name, "time_zone": obj.time_zone, "store_country": obj.store_country}
        actor = console_actor(request)
        if change:
            saved = update_tenant(tenant=obj, **told, actor=actor)
        else:
            saved = create_tenant(tenant_id=obj.pk, **told, actor=actor)
        obj.__dict__.update(saved.__dict__)

    @admin.display(description="created", ordering="created_at")
    def created(self, obj: Tenant) -> SafeString:
        return display.moment(obj.created_at)

    @admin.display(description="members")
    def members(self, obj: Tenant) -> SafeString:
        rows = Membership.objects.filter(tenant=obj).select_related("user").order_by("user__username")
        return display.lines([f"{row.user.get_username()}: {row.role}" for row in rows])
