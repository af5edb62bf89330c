"""Which warnings of an end were given, and what became of their e-mail."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.filters import ScopedFilter
from tenants.credentials import Kind
from tenants.expiry_mail import PAGES
from tenants.models import ExpiryWarning
from tenants.services.expiry_warnings import URGENT


@admin.register(ExpiryWarning)
class ExpiryWarningAdmin(ScopedAdmin):
    """Read-only. Those of the installation's own certificates are for superusers, as they have no tenant."""

    list_display = ("what", "tenant", "step", "expires", "mail")
    list_display_links = None
    list_select_related = ("tenant",)
    list_filter = (("tenant", ScopedFilter),)
    search_fields = ("name", "mail_outcome")
    fields = readonly_fields = ("what", "tenant", "step", "expires", "given", "outcome")

    @admin.display(description="certificate or token", ordering="name")
    def what(self, obj: ExpiryWarning) -> SafeString:
        page = PAGES.get(Kind(obj.kind))
        name = display.two_lines(obj.name, Kind(obj.kind).label)
        if page is None:
            return name
        url = reverse(f"admin:tenants_{page}_change", args=[obj.object_id])
        return format_html('<a class="mu-link" href="{}">{}</a>', url, name)

    @admin.display(description="warning", ordering="created_at")
    def step(self, obj: ExpiryWarning) -> SafeString:
        words = f"{obj.days} day{'' if obj.days == 1 else 's'} before" if obj.days else "over"
        kind = "danger" if obj.days <= URGENT else "warning"
        return display.two_lines(display.label(words, kind), display.distance(obj.created_at))

    @admin.display(description="expires", ordering="expires_at")
    def expires(self, obj: ExpiryWarning) -> SafeString:
        return display.moment(obj.expires_at)

    @admin.display(description="given")
    def given(self, obj: ExpiryWarning) -> SafeString:
        return display.exact(obj.created_at)

    @admin.display(description="e-mail")
    def mail(self, obj: ExpiryWarning) -> SafeString:
        """The beginning of the outcome, all of it as the tooltip."""
        if obj.mail_done_at is None:
            tried = f"tried {display.distance(obj.mail_claimed_at)}" if obj.mail_claimed_at else ""
            return display.two_lines("not sent yet", tried)
        sent = obj.mail_outcome.startswith("sent")
        short = obj.mail_outcome.partition(":")[0]
        return display.label(short, "success" if sent else "neutral", obj.mail_outcome)

    @admin.display(description="e-mail")
    def outcome(self, obj: ExpiryWarning) -> str:
        return obj.mail_outcome or "not sent yet"
