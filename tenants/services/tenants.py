"""Writes about tenants."""

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction

from config.api.errors import BadRequest
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant
from tenants.services.authority import create_device_authority


@transaction.atomic
def create_tenant(*, name: str, actor: Actor, tenant_id: uuid.UUID | None = None) -> Tenant:
    """A tenant with its device authority. BadRequest if the name or the id is taken."""
    tenant = Tenant(id=tenant_id or uuid.uuid4(), name=name)
    try:
        tenant.full_clean()
    except ValidationError as error:
        raise BadRequest("; ".join(error.messages), content=error.message_dict) from None
    tenant.save(force_insert=True)
    create_device_authority(tenant=tenant)
    audit.record(actor=actor, action="tenant.created", subject=tenant, tenant=tenant, details={"name": name})
    return tenant
