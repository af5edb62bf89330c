"""Counts in the side bar: the credentials of the user's tenants that somebody should renew."""

import uuid
from typing import Any

from django.http import HttpRequest

from tenants.admin.base import roles_of, user_of
from tenants.credentials import Kind, troubled_kinds


def tenants_seen(request: HttpRequest) -> list[uuid.UUID] | None:
    """None: all."""
    return None if user_of(request).is_superuser else list(roles_of(request))


def _troubled(request: HttpRequest) -> dict[Kind, list[bool]]:
    """Asked of the database once per request."""
    found: dict[Kind, list[bool]] | None = getattr(request, "troubled_kinds", None)
    if found is None:
        found = troubled_kinds(tenants_seen(request))
        request.troubled_kinds = found  # type: ignore[attr-defined]
    return found


def apns_certificates(request: HttpRequest) -> dict[str, Any]:
    return _badge(request, Kind.APNS)


def dep_tokens(request: HttpRequest) -> dict[str, Any]:
    return _badge(request, Kind.DEP)


def vpp_tokens(request: HttpRequest) -> dict[str, Any]:
    return _badge(request, Kind.VPP)


def _badge(request: HttpRequest, kind: Kind) -> dict[str, Any]:
    """What Unfold needs for an entry; nothing if all is well. Red once one is of no use."""
    urgent = _troubled(request).get(kind, [])
    return {"badge": len(urgent), "badge_variant": "danger" if any(urgent) else "warning"} if urgent else {}
