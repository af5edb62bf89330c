"""Filters of the lists of device assignment."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from config.api.fields import parse_id
from onboarding.admin.dep_display import BY_VALUE, HERE, STANDINGS
from onboarding.models import DepDevice, DepProfile, DepServer
from tenants.admin.filters import SimpleListFilter

MOST_OFFERED = 500  # choices of one filter


class StandingFilter(SimpleListFilter):
    """What became of the assignment. Devices that left their server are left out unless asked for."""

    title, parameter_name = "assignment", "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        named = [(standing.value, standing.words.capitalize()) for standing in STANDINGS]
        return [*named, ("any", "Any, gone ones too")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DepDevice]) -> QuerySet[DepDevice]:
        if self.value() == "any":
            return queryset
        standing = BY_VALUE.get(self.value() or "")
        return queryset.filter(standing.rows if standing else HERE)


class WantedProfileFilter(SimpleListFilter):
    """By the profile that a device is to have: its own, its server's, or the tenant's default."""

    title, parameter_name = "profile", "profile"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = model_admin.choices_of(DepProfile, request, model_admin.view_role)
        return [(str(pk), name) for pk, name in rows.order_by("name").values_list("pk", "name")[:MOST_OFFERED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DepDevice]) -> QuerySet[DepDevice]:
        known = parse_id(self.value() or "")
        profile = DepProfile.objects.filter(pk=known).first() if known else None
        return queryset.filter(wanting(profile)) if profile else queryset


def wanting(profile: DepProfile) -> Q:
    """The devices that are to have this profile."""
    return Q(own_profile=profile) | Q(own_profile=None, server__in=servers_of(profile))


def servers_of(profile: DepProfile) -> QuerySet[DepServer]:
    """Those that give it to devices that have no other."""
    chosen = Q(profile=profile)
    if profile.is_default:
        chosen |= Q(profile=None)
    return DepServer.objects.filter(chosen, tenant=profile.tenant_id)
