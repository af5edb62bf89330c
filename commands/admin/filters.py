"""Filters of the device and command lists."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from commands.admin.blueprint_standing import NONE, STANDINGS, UNSEEN, fleet_standing
from commands.catalogue import CATALOGUE
from commands.models import AppleEnrolment, CommandRequest, ScheduleSlot
from config.api.fields import parse_id
from devices.models import Blueprint, Device, DeviceState
from tenants.admin.filters import SimpleListFilter

MOST_OFFERED = 500  # choices of one filter
WITHIN = {"hour": dt.timedelta(hours=1), "day": dt.timedelta(days=1), "week": dt.timedelta(days=7)}


class StateFilter(SimpleListFilter):
    """Removed devices are left out unless asked for, as in the API."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("any", "Any, removed ones too"), *((str(state.value), state.label) for state in DeviceState)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        value = self.value()
        if value == "any":
            return queryset
        if value in {str(state) for state in DeviceState.values}:
            return queryset.filter(state=int(value))
        return queryset.exclude(state=DeviceState.DISABLED)


class LastSeenFilter(SimpleListFilter):
    title = "last seen"
    parameter_name = "last_seen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [
            ("hour", "Within an hour"),
            ("day", "Within a day"),
            ("week", "Within a week"),
            ("older", "Not for a week"),
            ("never", "Never"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        value, now = self.value(), timezone.now()
        if value in WITHIN:
            return queryset.filter(heartbeat__last_seen__gte=now - WITHIN[value])
        if value == "older":
            return queryset.filter(heartbeat__last_seen__lt=now - WITHIN["week"])
        return queryset.filter(heartbeat__isnull=True) if value == "never" else queryset


class PushFilter(SimpleListFilter):
    title = "waking"
    parameter_name = "push"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("dead", "Push token dead"), ("failing", "Pushes fail"), ("blocked", "Blocked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        troubles = {
            "dead": Q(push_token_dead_at__isnull=False, enabled_at__isnull=False),
            "failing": Q(push_failures__gt=0, enabled_at__isnull=False),
            "blocked": Q(blocked_at__isnull=False),
        }
        trouble = troubles.get(self.value() or "")
        if trouble is None:
            return queryset
        enrolments = AppleEnrolment.objects.filter(trouble, channel=AppleEnrolment.Channel.DEVICE)
        return queryset.filter(pk__in=enrolments.values("device"))


class StandingFilter(SimpleListFilter):
    """How devices stand to their blueprint."""

    title = "blueprint"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        named = [(value, words.capitalize()) for value, words, _, _ in STANDINGS]
        return [*named, (UNSEEN, "Never compared"), (NONE, "Without a blueprint")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        value = self.value()
        if value not in {each for each, _ in self.lookups(request, None)}:
            return queryset
        return queryset.annotate(told_standing=fleet_standing()).filter(told_standing=value)


class BlueprintFilter(SimpleListFilter):
    """By the blueprint that counts for a device; of the user's tenants."""

    title = "which blueprint"
    parameter_name = "blueprint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        rows = model_admin.choices_of(Blueprint, request, model_admin.view_role)
        return [(str(pk), name) for pk, name in rows.order_by("name").values_list("pk", "name")[:MOST_OFFERED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        known = parse_id(self.value() or "")
        if known is None:
            return queryset
        inherited = Q(assigned_blueprint=None, group__effective_blueprint=known)
        return queryset.filter(Q(assigned_blueprint=known) | inherited)


class CommandFilter(SimpleListFilter):
    """By command name; `path` leads from the listed model to it."""

    title = "command"
    parameter_name = "command"
    path = "command"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(name, name) for name in sorted(CATALOGUE)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.path: self.value()}) if self.value() else queryset


class CommandOfStatusFilter(CommandFilter):
    path = "request__command"


class OriginFilter(SimpleListFilter):
    """What the platform sent by itself, as the steps of converges, is left out unless asked for."""

    title = "sent by"
    parameter_name = "origin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("any", "Anybody, the platform too"), ("platform", "The platform only")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CommandRequest]) -> QuerySet[CommandRequest]:
        if self.value() == "any":
            return queryset
        return queryset.filter(is_internal=self.value() == "platform")


class WindowFilter(SimpleListFilter):
    """Scheduled requests by their windows. Cancelled ones have none any more."""

    title = "windows"
    parameter_name = "window"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("open", "Open now"), ("coming", "To come"), ("over", "All over")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("open", "coming", "over"):
            return queryset
        slots = ScheduleSlot.objects.filter(request=OuterRef("pk"), due_at__isnull=False)
        live = queryset.exclude(schedule=CommandRequest.Schedule.IMMEDIATE).filter(cancelled_at=None)
        if self.value() == "over":
            return live.filter(~Exists(slots), fanned_out_at__isnull=False)
        now = timezone.now()
        wanted = Q(opens_at__gt=now) if self.value() == "coming" else Q(opens_at__lte=now, closes_at__gt=now)
        return live.filter(Exists(slots.filter(wanted)))
