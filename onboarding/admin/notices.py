"""What of device assignment needs somebody: on the console's first page, and as a count in its side bar."""

import uuid
from collections.abc import Collection
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from onboarding.models import DepServer
from tenants.admin.badges import tenants_seen

NAMED = 5  # servers told one by one
Notice = tuple[str, str, str]  # kind, text, link
STOPPED = ~Q(problem="")


def stopped_servers(request: HttpRequest) -> dict[str, Any]:
    """The badge: how many of the user's servers nothing can be done with until somebody does something."""
    seen = tenants_seen(request)
    rows = DepServer.objects.filter(STOPPED) if seen is None else DepServer.objects.filter(STOPPED, tenant__in=seen)
    number = rows.order_by().count()
    return {"badge": number, "badge_variant": "danger"} if number else {}


def notices(tenant_ids: Collection[uuid.UUID]) -> list[Notice]:
    rows = DepServer.objects.filter(STOPPED, tenant_id__in=tenant_ids).order_by("problem_at", "id")
    found = list(rows.select_related("tenant").defer("cursor", "account")[: NAMED + 1])
    named = [("danger", f"{row.tenant}: DEP server {row}: {row.problem}", _page_of(row)) for row in found[:NAMED]]
    more = reverse("admin:onboarding_depserver_changelist") + "?state=stopped"
    return [*named, *([("danger", "More DEP servers are stopped.", more)] if len(found) > NAMED else [])]


def _page_of(server: DepServer) -> str:
    return reverse("admin:onboarding_depserver_change", args=[server.pk])
