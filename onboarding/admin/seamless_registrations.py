"""Who is expected: identifiers of devices, and the blueprint, group and alias that each of them gets."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from onboarding.models import IdentifierKind, SeamlessIdentifier, SeamlessRegistration
from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.filters import ScopedFilter, SimpleListFilter

UNREAD = ("device__search_text", "device__policy")


class ComeFilter(SimpleListFilter):
    """Those whose device came are left out unless asked for."""

    title, parameter_name = "device", "come"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not come yet"), ("yes", "Has come"), ("any", "Any")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "any":
            return queryset
        return queryset.filter(applied_at__isnull=self.value() != "yes")


@admin.register(SeamlessRegistration)
class SeamlessRegistrationAdmin(ScopedAdmin):
    list_display = ("identifiers", "tenant", "blueprint_link", "group", "alias", "condition", "changed")
    list_display_links = ("identifiers",)
    list_select_related = ("tenant", "blueprint", "group", "device")
    list_filter = (("tenant", ScopedFilter), ComeFilter, ("blueprint", ScopedFilter), ("group", ScopedFilter))
    search_fields = ("identifiers__value",)
    search_help_text = "The whole serial number, IMEI or UDID"
    ordering = ("-updated_at", "id")
    fields = readonly_fields = (
        "identifiers", "tenant", "blueprint_link", "group", "alias", "condition", "row_link", "created_at", "changed",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[SeamlessRegistration]:
        named = Prefetch("identifiers", SeamlessIdentifier.objects.order_by("kind", "value"), to_attr="named")
        rows: QuerySet[SeamlessRegistration] = super().get_queryset(request).select_related(*self.list_select_related)
        return rows.defer(*UNREAD).prefetch_related(named)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SeamlessRegistration], search_term: str
    ) -> tuple[QuerySet[SeamlessRegistration], bool]:
        """The whole identifier, which the index serves. IMEIs may be written in groups of digits."""
        term = search_term.strip().upper()
        if not term:
            return queryset, False
        spellings = [term, "".join(each for each in term if each.isdigit())]
        found = SeamlessIdentifier.objects.filter(kind__in=IdentifierKind.values, value__in=filter(None, spellings))
        return queryset.filter(pk__in=found.values("registration")), False

    @admin.display(description="identifiers")
    def identifiers(self, obj: Any) -> SafeString:
        return display.lines([f"{IdentifierKind(each.kind).label} {each.value}" for each in obj.named])

    @admin.display(description="blueprint", ordering="blueprint__name")
    def blueprint_link(self, obj: SeamlessRegistration) -> SafeString | str:
        return display.link(obj.blueprint) if obj.blueprint is not None else "its group's"

    @admin.display(description="device")
    def condition(self, obj: SeamlessRegistration) -> SafeString:
        if obj.applied_at is None:
            return display.label("not come yet", "info")
        told = display.link(obj.device) if obj.device is not None else "a device that is no more"
        return display.two_lines(told, display.moment(obj.applied_at))

    @admin.display(description="changed", ordering="updated_at")
    def changed(self, obj: SeamlessRegistration) -> SafeString:
        return display.moment(obj.updated_at)

    @admin.display(description="told by")
    def row_link(self, obj: SeamlessRegistration) -> SafeString | str:
        return display.link(obj.row) if obj.row is not None else display.EMPTY
