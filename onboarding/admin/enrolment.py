"""Enrolment links, and the identities that devices got by them."""

from typing import Any

import segno
from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from config.api.errors import ApplicationError
from onboarding.apple.profile import CONTENT_TYPE
from onboarding.models import EnrolmentProfile, IdentityCertificate
from onboarding.services.downloads import download_unsigned_profile
from onboarding.services.enrolment_profiles import create_enrolment_profile, revoke_enrolment_profile
from onboarding.views.enrolment import enrolment_url
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import DateRangeFilter, ScopedFilter
from tenants.models import Role


class LinkForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        tenant, group = data.get("tenant"), data.get("group")
        if tenant and group and group.tenant_id != tenant.pk:
            self.add_error("group", "This group belongs to another tenant.")
        return data


@admin.register(EnrolmentProfile)
class EnrolmentProfileAdmin(ScopedAdmin):
    """A link lets devices in, so viewers do not see it."""

    view_role = add_role = Role.OPERATOR
    form = LinkForm
    list_display = ("name", "tenant", "group", "state", "expires", "certificates", "created_by", "created")
    list_filter = (("tenant", ScopedFilter), ("group", ScopedFilter))
    search_fields = ("name", "created_by")
    actions_detail = ("download_unsigned", "revoke")

    def get_queryset(self, request: HttpRequest) -> QuerySet[EnrolmentProfile]:
        used = Count("challenges", filter=Q(challenges__used_at__isnull=False))
        rows: QuerySet[EnrolmentProfile] = super().get_queryset(request).annotate(used=used)
        return rows.select_related("tenant", "group")

    def get_fields(self, request: HttpRequest, obj: EnrolmentProfile | None = None) -> list[Any]:
        if obj is None:
            return ["tenant", "name", "group", "expires_at"]
        facts = ["name", "tenant", "group", "state", "expires_at", "certificates", "created_by", "created_at"]
        return [*facts, "link", "code", "profile"] if obj.is_open else facts

    def get_readonly_fields(self, request: HttpRequest, obj: EnrolmentProfile | None = None) -> list[str]:
        return self.get_fields(request, obj) if obj else []

    def save_model(self, request: HttpRequest, obj: EnrolmentProfile, form: Any, change: bool) -> None:
        created = create_enrolment_profile(
            tenant=obj.tenant,
            name=obj.name,
            group=obj.group,
            expires_at=obj.expires_at,
            actor=console_actor(request),
        )
        obj.__dict__.update(created.__dict__)

    def response_add(self, request: HttpRequest, obj: EnrolmentProfile, post_url_continue: Any = None) -> HttpResponse:
        self.message_user(request, f"The link {obj.name} is open.", messages.SUCCESS)
        return redirect(self.url_of(obj))

    @page_action("Unsigned profile", role=Role.OPERATOR, icon="download")
    def download_unsigned(self, request: HttpRequest, object_id: str) -> HttpResponse:
        profile: EnrolmentProfile = self.own_object(request, object_id, Role.OPERATOR)
        try:
            body = download_unsigned_profile(profile=profile, actor=console_actor(request))
        except ApplicationError as error:
            self.message_user(request, error.message, messages.ERROR)
            return redirect(self.url_of(profile))
        response = HttpResponse(body, content_type=CONTENT_TYPE)
        response["Content-Disposition"] = 'attachment; filename="enrolment-unsigned.mobileconfig"'
        response["Cache-Control"] = "no-store"
        return response

    @page_action("Revoke", role=Role.OPERATOR, icon="block", variant="danger")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        profile: EnrolmentProfile = self.own_object(request, object_id, Role.OPERATOR)
        if request.method == "POST":
            return self.carry_out(request, profile, lambda: self._revoke(request, profile))
        sentences = ["The link stops working at once. Devices that came by it stay enrolled."]
        return self.confirm(
            request, profile, title=f"Revoke the link {profile.name}?", sentences=sentences, button="Revoke"
        )

    def _revoke(self, request: HttpRequest, profile: EnrolmentProfile) -> str:
        revoke_enrolment_profile(profile=profile, actor=console_actor(request))
        return f"The link {profile.name} is revoked."

    def hidden_actions(self, obj: EnrolmentProfile) -> frozenset[str]:
        if obj.is_open:
            return frozenset()
        return frozenset({"download_unsigned", "revoke"} if obj.revoked_at else {"download_unsigned"})

    @admin.display(description="state")
    def state(self, obj: EnrolmentProfile) -> SafeString:
        if obj.revoked_at:
            return display.label("revoked", "danger", f"{obj.revoked_at:%Y-%m-%d %H:%M} UTC")
        return display.label("open", "success") if obj.is_open else display.label("expired", "neutral")

    @admin.display(description="expires", ordering="expires_at")
    def expires(self, obj: EnrolmentProfile) -> SafeString:
        return display.moment(obj.expires_at, "never")

    @admin.display(description="identities issued", ordering="used")
    def certificates(self, obj: Any) -> int:
        used: int = obj.used
        return used

    @admin.display(description="created", ordering="created_at")
    def created(self, obj: EnrolmentProfile) -> SafeString:
        return display.moment(obj.created_at)

    @admin.display(description="enrolment page")
    def link(self, obj: EnrolmentProfile) -> SafeString:
        url = enrolment_url(obj.token)
        page = format_html('<a class="mu-link" href="{}" target="_blank" rel="noopener">open</a>', url)
        return format_html("{} {}", display.copyable(url), page)

    @admin.display(description="QR code")
    def code(self, obj: EnrolmentProfile) -> SafeString:
        drawn = segno.make(enrolment_url(obj.token), error="m").svg_inline(scale=4, border=1)
        return format_html('<span class="mu-qr">{}</span>', mark_safe(drawn))  # drawn by us from our own URL

    @admin.display(description="signed profile")
    def profile(self, obj: EnrolmentProfile) -> SafeString:
        url = f"{enrolment_url(obj.token)}/profile.mobileconfig"
        return format_html('<a class="mu-link" href="{}">Download</a> (each download is good for one device)', url)


@admin.register(IdentityCertificate)
class IdentityCertificateAdmin(ScopedAdmin):
    list_display = ("subject", "serial_number", "ends", "renewal", "issued", "tenant")
    list_filter = (("tenant", ScopedFilter), ("not_after", DateRangeFilter))
    search_fields = ("=serial_number", "=sha256", "subject")
    search_help_text = "Serial number, SHA-256, subject"
    fields = readonly_fields = (
        "tenant",
        "subject",
        "serial_number",
        "sha256",
        "not_after",
        "transaction_id",
        "created_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[IdentityCertificate]:
        return super().get_queryset(request).select_related("tenant").defer("certificate")

    @admin.display(description="ends", ordering="not_after")
    def ends(self, obj: IdentityCertificate) -> SafeString:
        return display.moment(obj.not_after)

    @admin.display(description="kind")
    def renewal(self, obj: IdentityCertificate) -> SafeString:
        return display.label("renewal", "info") if obj.renews_id else display.label("first", "neutral")

    @admin.display(description="issued", ordering="created_at")
    def issued(self, obj: IdentityCertificate) -> SafeString:
        return display.moment(obj.created_at)
