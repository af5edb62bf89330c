"""The audit log: read, filtered and searched, never written here."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString

from tenants.admin import display
from tenants.admin.base import ScopedAdmin, user_of
from tenants.admin.filters import ChoicesFilter, DateRangeFilter, SimpleListFilter
from tenants.models import AuditEvent, Tenant
from tenants.selectors import tenants_of_user

ROOMS = ("auth", "tenants", "devices", "apps_domain", "commands", "onboarding", "django_celery_beat")
KINDS = {
    AuditEvent.ActorKind.API: "info",
    AuditEvent.ActorKind.CONSOLE: "warning",
    AuditEvent.ActorKind.DEVICE: "success",
}


class TenantFilter(SimpleListFilter):
    """The log names tenants by id only: it outlives them."""

    title = "tenant"
    parameter_name = "tenant"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(str(row.pk), row.name) for row in tenants_of_user(user_of(request))]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        known = {str(value) for value, _ in self.lookup_choices}
        value = self.value()
        return queryset.filter(tenant_id=value) if value in known else queryset


class ObjectTypeFilter(SimpleListFilter):
    title = "kind of object"
    parameter_name = "object_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        models = [model for room in ROOMS for model in apps.get_app_config(room).get_models()]
        return sorted((str(model._meta.model_name), str(model._meta.verbose_name)) for model in models)

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(object_type=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ScopedAdmin):
    list_display = ("when", "who", "kind", "action", "subject", "tenant", "source")
    list_filter = (TenantFilter, ("actor_kind", ChoicesFilter), ObjectTypeFilter, ("at", DateRangeFilter))
    linked_lookups = ("object_id",)
    search_fields = ("action__startswith", "actor", "=object_id", "=request_id", "=source")
    search_help_text = "Who, an action's beginning, an object's id, a request id, an address"
    fields = readonly_fields = (
        "at",
        "who",
        "actor_kind",
        "source",
        "action",
        "object_type",
        "object_id",
        "tenant",
        "request_id",
        "details",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        name = Tenant.objects.filter(pk=OuterRef("tenant_id")).values("name")
        rows: QuerySet[AuditEvent] = super().get_queryset(request).annotate(tenant_name=Subquery(name))
        return rows

    @admin.display(description="when", ordering="at")
    def when(self, obj: AuditEvent) -> SafeString:
        return display.moment(obj.at)

    @admin.display(description="who", ordering="actor")
    def who(self, obj: AuditEvent) -> str | SafeString:
        return display.short(obj.actor) if obj.actor_kind == AuditEvent.ActorKind.DEVICE else obj.actor

    @admin.display(description="by", ordering="actor_kind")
    def kind(self, obj: AuditEvent) -> SafeString:
        actor_kind = AuditEvent.ActorKind(obj.actor_kind)
        return display.label(actor_kind.label, KINDS.get(actor_kind, "neutral"))

    @admin.display(description="object")
    def subject(self, obj: AuditEvent) -> SafeString:
        return display.two_lines(obj.object_type, display.short(obj.object_id))

    @admin.display(description="tenant")
    def tenant(self, obj: Any) -> str:
        return obj.tenant_name or (str(obj.tenant_id) if obj.tenant_id else display.EMPTY)
