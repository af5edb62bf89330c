"""Console users and groups: the installation's, for superusers."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.models import Membership, Role

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class ConsoleUserAdmin(UserAdmin, ScopedAdmin):  # type: ignore[type-arg]
    tenant_field = None
    add_role = change_role = delete_role = Role.ADMIN
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "kind", "tenants", "seen")
    list_filter = ("is_staff", "is_superuser", "is_active")
    readonly_fields = ("tenants", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "tenants")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "is_staff", "usable_password", "password1", "password2")}),)
    filter_horizontal = ()

    def get_queryset(self, request: HttpRequest) -> object:  # type: ignore[override]
        return super().get_queryset(request).prefetch_related("memberships__tenant")

    @admin.display(description="access")
    def kind(self, obj: User) -> SafeString:
        if not obj.is_active:
            return display.label("inactive", "neutral")
        if obj.is_superuser:
            return display.label("superuser", "warning")
        return display.label("console", "info") if obj.is_staff else display.label("none", "neutral")

    @admin.display(description="tenants")
    def tenants(self, obj: User) -> SafeString:
        if obj.is_superuser:
            return display.lines(["all of them"])
        rows: list[Membership] = list(obj.memberships.all())
        return display.lines([f"{row.tenant.name}: {row.role}" for row in rows])

    @admin.display(description="last login", ordering="last_login")
    def seen(self, obj: User) -> SafeString:
        return display.moment(obj.last_login, "never")


@admin.register(Group)
class ConsoleGroupAdmin(GroupAdmin, ScopedAdmin):
    tenant_field = None
    add_role = change_role = delete_role = Role.ADMIN
