"""Reads about converges. Tenant first, always."""

import uuid
from collections.abc import Collection

from django.db.models import QuerySet

from commands.models import CommandStatus, Converge
from config.api.errors import NotFound
from config.api.fields import parse_id
from tenants.models import Tenant


def get_converge(*, tenant: Tenant, converge_id: str | uuid.UUID) -> Converge:
    """The only way from an outside id to a converge."""
    known = parse_id(str(converge_id))
    converge = Converge.objects.filter(tenant=tenant, pk=known).first() if known else None
    if converge is None:
        raise NotFound("No converge has this id.")
    return converge


def list_converges(tenant: Tenant, *, device_ids: Collection[uuid.UUID] = ()) -> QuerySet[Converge]:
    """Of these devices or of all, the newest first."""
    rows = Converge.objects.filter(tenant=tenant)
    if device_ids:
        rows = rows.filter(device_id__in=device_ids)
    return rows.order_by("-created_at", "id")


def commands_of_converge(converge: Converge) -> QuerySet[CommandStatus]:
    """The rows of its commands, in the order in which they were sent."""
    rows = CommandStatus.objects.filter(tenant_id=converge.tenant_id, request__step__converge=converge)
    return rows.select_related("request__step").defer("request__secret_args").order_by("request__step__number")
