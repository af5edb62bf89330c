"""APNs certificates: what state they are in. Their keys are never shown."""

import datetime as dt

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.filters import ChoicesFilter, ScopedFilter
from tenants.models import ApnsCertificate

EXPIRES_SOON = dt.timedelta(days=30)


def certificate_label(certificate: ApnsCertificate) -> SafeString:
    if certificate.state != ApnsCertificate.State.COMPLETED or certificate.cert_expiry_on is None:
        return display.label("waits for Apple's certificate", "info")
    if certificate.topic_stopped_at:
        return display.label("refused by Apple", "danger", certificate.topic_stopped_reason)
    if certificate.cert_expiry_on <= timezone.now():
        return display.label("expired", "danger")
    soon = certificate.cert_expiry_on <= timezone.now() + EXPIRES_SOON
    return display.label("expires soon", "warning") if soon else display.label("in use", "success")


@admin.register(ApnsCertificate)
class ApnsCertificateAdmin(ScopedAdmin):
    list_display = ("topic_or_request", "tenant", "condition", "expires", "stopped", "apple_id")
    list_select_related = ("tenant",)
    list_filter = (("tenant", ScopedFilter), ("state", ChoicesFilter))
    search_fields = ("topic", "apple_id")
    fields = readonly_fields = (
        "tenant",
        "condition",
        "topic",
        "apple_id",
        "cert_created_at",
        "cert_expiry_on",
        "stopped",
        "topic_stopped_reason",
        "created_by",
        "created_at",
        "updated_by",
        "updated_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApnsCertificate]:
        return super().get_queryset(request).defer("private_key", "signing_request", "certificate")

    @admin.display(description="topic", ordering="topic")
    def topic_or_request(self, obj: ApnsCertificate) -> str:
        return str(obj)

    @admin.display(description="state")
    def condition(self, obj: ApnsCertificate) -> SafeString:
        return certificate_label(obj)

    @admin.display(description="expires", ordering="cert_expiry_on")
    def expires(self, obj: ApnsCertificate) -> SafeString:
        return display.moment(obj.cert_expiry_on)

    @admin.display(description="pushing stopped")
    def stopped(self, obj: ApnsCertificate) -> SafeString:
        return display.moment(obj.topic_stopped_at)
