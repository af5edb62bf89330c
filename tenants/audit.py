"""The audit log's one writer."""

from typing import Any

import structlog
from django.db.models import Model

from tenants.actors import Actor
from tenants.models import AuditEvent, Tenant


def record(
    *, actor: Actor, action: str, subject: Model, tenant: Tenant | None = None, details: dict[str, Any] | None = None
) -> None:
    """Call it in the transaction that writes. `details` never holds secrets."""
    AuditEvent.objects.create(
        tenant_id=tenant.pk if tenant else getattr(subject, "tenant_id", None),
        actor_kind=actor.kind,
        actor=actor.label[:200],
        source=actor.source[:64],
        action=action,
        object_type=subject._meta.model_name or "",
        object_id=str(subject.pk),
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
        details=details or {},
    )
