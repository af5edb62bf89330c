"""Expecting devices no longer."""

import uuid
from collections.abc import Collection

from django.db import transaction

from onboarding.models import SeamlessRegistration
from onboarding.services.seamless.matching import hold_registrations_alone
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant


@transaction.atomic
def delete_registrations(*, tenant: Tenant, registration_ids: Collection[uuid.UUID], actor: Actor) -> int:
    """Also those whose device has come, which keeps what it was given. How many there were."""
    hold_registrations_alone(tenant.pk)  # a worker that replaces one would write on without it
    rows = SeamlessRegistration.objects.filter(tenant=tenant, pk__in=registration_ids)
    number = rows.delete()[1].get("onboarding.SeamlessRegistration", 0)
    if number:
        details = {"registrations": number}
        audit.record(actor=actor, action="seamless.deleted", subject=tenant, tenant=tenant, details=details)
    return number
