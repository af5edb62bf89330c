"""API tokens: made and revoked here, their text shown once."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelect2Widget

from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action, user_of
from tenants.admin.filters import ChoicesFilter, ScopedFilter
from tenants.admin.memberships import ROLE_KINDS
from tenants.admin.tenants import time_zones
from tenants.models import ApiToken, Role
from tenants.services.tokens import create_api_token, revoke_api_token

TELL_ONCE = "The token of {}: {} Copy it now and keep it safe: it is stored as a digest only and cannot be shown again."


class ApiTokenForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(
        choices=lambda: [("", "the tenant's"), *time_zones()],
        required=False,
        widget=UnfoldAdminSelect2Widget,
        help_text="In which its schedules with console time are meant.",
    )


@admin.register(ApiToken)
class ApiTokenAdmin(ScopedAdmin):
    form = ApiTokenForm
    view_role = add_role = Role.ADMIN
    list_display = ("shown_prefix", "name", "role_label", "scope", "state", "expires", "used", "created_by")
    list_display_links = ("shown_prefix", "name")
    list_select_related = ("tenant",)
    list_filter = (("tenant", ScopedFilter), ("role", ChoicesFilter))
    search_fields = ("prefix", "name", "created_by")
    actions = ("revoke_selected",)
    actions_detail = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        return super().get_queryset(request).defer("digest")

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[Any]:
        if obj is None:
            return ["tenant", "name", "role", "time_zone", "expires_at"]
        return ["shown_prefix", "name", "role_label", "scope", "zone", "state", "expires", "used", "made", "created_by"]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[str]:
        return self.get_fields(request, obj) if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "tenant" and isinstance(field, forms.ModelChoiceField):
            field.required = not user_of(request).is_superuser
            field.empty_label = "none: a gateway token, for any tenant" if not field.required else field.empty_label
        return field

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        token, text = create_api_token(
            tenant=obj.tenant,
            role=Role(obj.role),
            name=obj.name,
            time_zone=obj.time_zone,
            expires_at=obj.expires_at,
            actor=console_actor(request),
        )
        obj.__dict__.update(token.__dict__)
        said = format_html(TELL_ONCE, token.name or token.prefix, display.copyable(text))
        self.message_user(request, said, messages.WARNING)

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """The message with the token says it all."""
        return redirect("admin:tenants_apitoken_changelist")

    @page_action("Revoke", role=Role.ADMIN, icon="block", variant="danger")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token: ApiToken = self.own_object(request, object_id, Role.ADMIN)
        if request.method == "POST":
            return self.carry_out(request, token, lambda: self._revoke(request, [token]))
        return self.confirm(
            request,
            token,
            title="Revoke this API token?",
            sentences=[f"Callers that use {token.prefix}… are refused from then on. This cannot be undone."],
            button="Revoke",
        )

    @admin.action(description="Revoke selected tokens", permissions=["administer"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> HttpResponse:
        tokens = [token for token in queryset if self.may(request, Role.ADMIN, token)]
        self.message_user(request, self._revoke(request, tokens), messages.SUCCESS)
        return redirect(request.get_full_path())

    def _revoke(self, request: HttpRequest, tokens: list[ApiToken]) -> str:
        usable = [token for token in tokens if token.revoked_at is None]
        for token in usable:
            revoke_api_token(prefix=token.prefix, actor=console_actor(request))
        before = len(tokens) - len(usable)
        return f"{len(usable)} revoked{f'; {before} had been before' if before else ''}."

    def hidden_actions(self, obj: ApiToken) -> frozenset[str]:
        return frozenset({"revoke"}) if obj.revoked_at else frozenset()

    @admin.display(description="token", ordering="prefix")
    def shown_prefix(self, obj: ApiToken) -> SafeString:
        return display.code(f"{obj.prefix}…")

    @admin.display(description="role", ordering="role")
    def role_label(self, obj: ApiToken) -> SafeString:
        return display.label(obj.role, ROLE_KINDS[Role(obj.role)])

    @admin.display(description="tenant", ordering="tenant__name")
    def scope(self, obj: ApiToken) -> object:
        return display.label("gateway: any tenant", "warning") if obj.tenant is None else obj.tenant

    @admin.display(description="time zone")
    def zone(self, obj: ApiToken) -> str:
        return obj.time_zone or "the tenant's"

    @admin.display(description="state")
    def state(self, obj: ApiToken) -> SafeString:
        if obj.revoked_at:
            return display.label("revoked", "danger", f"{obj.revoked_at:%Y-%m-%d %H:%M} UTC")
        return display.label("usable", "success") if obj.is_usable else display.label("expired", "neutral")

    @admin.display(description="expires", ordering="expires_at")
    def expires(self, obj: ApiToken) -> SafeString:
        return display.moment(obj.expires_at, "never")

    @admin.display(description="last used", ordering="last_used_at")
    def used(self, obj: ApiToken) -> SafeString:
        return display.moment(obj.last_used_at, "never")

    @admin.display(description="created")
    def made(self, obj: ApiToken) -> SafeString:
        return display.exact(obj.created_at)
