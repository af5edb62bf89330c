"""Who sees which tenant, and as what."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, user_of
from tenants.admin.filters import ChoicesFilter, ScopedFilter
from tenants.models import Membership, Role
from tenants.services.tenants import remove_membership, set_membership

ROLE_KINDS = {Role.VIEWER: "neutral", Role.OPERATOR: "info", Role.ADMIN: "warning"}


@admin.register(Membership)
class MembershipAdmin(ScopedAdmin):
    """Written by superusers: who may hand out a tenant must see all users."""

    view_role = Role.ADMIN
    list_display = ("user", "tenant", "role_label")
    list_select_related = ("user", "tenant")
    list_filter = (("tenant", ScopedFilter), ("role", ChoicesFilter))
    search_fields = ("user__username", "tenant__name")
    ordering = ("tenant__name", "user__username")
    fields = ("user", "tenant", "role")
    actions = ("remove",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return user_of(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return user_of(request).is_superuser

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("user", "tenant") if obj else ()

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        saved = set_membership(user=obj.user, tenant=obj.tenant, role=Role(obj.role), actor=console_actor(request))
        obj.__dict__.update(saved.__dict__)

    @admin.action(description="Remove selected members from their tenants", permissions=["change"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        rows = list(queryset.select_related("user"))
        for row in rows:
            remove_membership(membership=row, actor=console_actor(request))
        self.message_user(request, f"{len(rows)} removed.")

    @admin.display(description="role", ordering="role")
    def role_label(self, obj: Membership) -> SafeString:
        return display.label(obj.role, ROLE_KINDS[Role(obj.role)])
