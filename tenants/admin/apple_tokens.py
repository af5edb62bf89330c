"""DEP and VPP tokens: whether they are in use and until when. Keys and tokens are never shown."""

import datetime as dt

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from tenants.admin import display
from tenants.admin.apns import EXPIRES_SOON
from tenants.admin.base import ScopedAdmin
from tenants.admin.filters import ChoicesFilter, ScopedFilter
from tenants.models import DepToken, VppToken
from tenants.selectors import SEALED_IN_DEP_TOKENS


def expiry_label(expiry: dt.datetime | None) -> SafeString:
    if expiry is None:
        return display.label("waits for Apple's token", "info")
    if expiry <= timezone.now():
        return display.label("expired", "danger")
    soon = expiry <= timezone.now() + EXPIRES_SOON
    return display.label("expires soon", "warning") if soon else display.label("in use", "success")


class AppleTokenAdmin(ScopedAdmin):
    """What both kinds of token have: an end."""

    list_select_related = ("tenant",)

    @admin.display(description="state")
    def condition(self, obj: DepToken | VppToken) -> SafeString:
        return expiry_label(obj.token_expiry_on)

    @admin.display(description="expires", ordering="token_expiry_on")
    def expires(self, obj: DepToken | VppToken) -> SafeString:
        return display.moment(obj.token_expiry_on)


@admin.register(DepToken)
class DepTokenAdmin(AppleTokenAdmin):
    list_display = ("name_or_key", "tenant", "condition", "expires", "updated_by")
    list_filter = (("tenant", ScopedFilter), ("state", ChoicesFilter))
    search_fields = ("token_name",)
    fields = readonly_fields = (
        "tenant",
        "condition",
        "token_name",
        "token_expiry_on",
        "created_by",
        "created_at",
        "updated_by",
        "updated_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[DepToken]:
        return super().get_queryset(request).defer(*SEALED_IN_DEP_TOKENS, "certificate")

    @admin.display(description="token", ordering="token_name")
    def name_or_key(self, obj: DepToken) -> str:
        return str(obj)


@admin.register(VppToken)
class VppTokenAdmin(AppleTokenAdmin):
    list_display = ("organisation", "tenant", "condition", "expires", "created_by")
    list_filter = (("tenant", ScopedFilter),)
    search_fields = ("org_name",)
    fields = readonly_fields = (
        "tenant",
        "condition",
        "org_name",
        "token_expiry_on",
        "key",
        "created_by",
        "created_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[VppToken]:
        return super().get_queryset(request).defer("token")

    @admin.display(description="token of", ordering="org_name")
    def organisation(self, obj: VppToken) -> str:
        return str(obj)
