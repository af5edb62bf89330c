"""Who is expected: identifiers of devices, and the blueprint, group and alias that each of them gets."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from commands.admin.send_targets import counted
from onboarding.models import IdentifierKind, SeamlessIdentifier, SeamlessRegistration
from onboarding.services.seamless.removal import delete_registrations
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import ScopedFilter, SimpleListFilter
from tenants.models import Role

MOST = 5_000  # deleted at once
SENTENCES = [
    "A device that comes with one of its identifiers is then like any other: it gets the blueprint of its group.",
    "A device that has come keeps what it was given.",
]
UNREAD = ("device__search_text", "device__policy")


class ComeFilter(SimpleListFilter):
    """Those whose device came are left out unless asked for, also by searching."""

    title, parameter_name = "device", "come"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not come yet"), ("yes", "Has come"), ("any", "Any")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "any" or (self.value() is None and request.GET.get(SEARCH_VAR)):
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

    actions = ("delete_these",)
    actions_detail = ("delete_this",)

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

    # What is done ---------------------------------------------------------------------------------------------------
    @admin.action(description="Delete selected registrations", permissions=["operate"])
    def delete_these(self, request: HttpRequest, queryset: QuerySet[SeamlessRegistration]) -> HttpResponse | None:
        """Asks first: the list posts its selection, the page that asks posts the same with `yes`."""
        rows = list(queryset[: MOST + 1])
        refusal = self._refusal(request, rows)
        if refusal:
            self.message_user(request, refusal, messages.ERROR)
            return None
        if "yes" not in request.POST:
            return self._ask(request, rows)
        number = self._delete(request, rows)
        self.message_user(request, f"{counted(number, 'registration')} deleted.", messages.SUCCESS)
        return None

    def _refusal(self, request: HttpRequest, rows: list[SeamlessRegistration]) -> str:
        if len(rows) > MOST:
            return f"At most {MOST:,} at once; filter the list."
        foreign = next((row for row in rows if not self.may(request, Role.OPERATOR, row)), None)
        return f"You may not delete those of {foreign.tenant}: your role there is viewer." if foreign else ""

    def _ask(self, request: HttpRequest, rows: list[SeamlessRegistration]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Delete {counted(len(rows), 'registration')}?",
            "sentences": SENTENCES,
            "selected": [str(row.pk) for row in rows],
            "back": reverse("admin:onboarding_seamlessregistration_changelist"),
        }
        return TemplateResponse(request, "admin/onboarding/delete_selected.html", context)

    def _delete(self, request: HttpRequest, rows: list[SeamlessRegistration]) -> int:
        """Those of each tenant by themselves."""
        actor, number = console_actor(request), 0
        for tenant in {row.tenant for row in rows}:
            keys = [row.pk for row in rows if row.tenant_id == tenant.pk]
            number += delete_registrations(tenant=tenant, registration_ids=keys, actor=actor)
        return number

    @page_action("Delete", role=Role.OPERATOR, icon="delete", variant="danger")
    def delete_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row: SeamlessRegistration = self.own_object(request, object_id, Role.OPERATOR)
        if request.method != "POST":
            title = f"Delete the registration of {', '.join(_names(row))}?"
            return self.confirm(request, row, title=title, sentences=SENTENCES, button="Delete")
        self._delete(request, [row])
        self.message_user(request, "The registration is deleted.", messages.SUCCESS)
        return redirect("admin:onboarding_seamlessregistration_changelist")

    # Columns --------------------------------------------------------------------------------------------------------
    @admin.display(description="identifiers")
    def identifiers(self, obj: Any) -> SafeString:
        return display.lines([*_names(obj)])

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


def _names(obj: Any) -> list[str]:
    return [f"{IdentifierKind(each.kind).label} {each.value}" for each in obj.named]
