"""Locations, licences and assignments, as a sync leaves them."""

import datetime as dt
from itertools import count
from typing import Any

from django.utils import timezone

from apps_domain.models import VppAssignment, VppEvent, VppLicence, VppLocation
from tenants.models import Tenant
from tests.factories.apple_tokens import VppTokenFactory

_numbers = count(1)
State = VppAssignment.State


def LocationFactory(tenant: Tenant, **fields: Any) -> VppLocation:
    """Read an hour ago."""
    number = next(_numbers)
    made = {
        "uid": f"2049{number:012}",
        "name": f"{tenant.name} location {number}",
        "notification_secret": f"secret of {number}",
        "synced_at": timezone.now() - dt.timedelta(hours=1),
        "sync_due_at": timezone.now() + dt.timedelta(hours=5),
    }
    if "token" not in fields and "token_id" not in fields:
        fields["token"] = VppTokenFactory(tenant)
    return VppLocation.objects.create(**{"tenant": tenant, **made, **fields})


def LicenceFactory(location: VppLocation, adam_id: str = "408709785", *, total: int = 5, **fields: Any) -> VppLicence:
    made = {"pricing_param": "STDQ", "product_type": "App", "total_count": total, "available_count": total}
    given = {"adam_id": adam_id, "supported_platforms": ["iOS"], **made, **fields}
    return VppLicence.objects.create(tenant_id=location.tenant_id, location=location, **given)


def AssignmentFactory(licence: VppLicence, serial: str, state: str = State.ASSIGNED, **fields: Any) -> VppAssignment:
    return VppAssignment.objects.create(
        **{
            "tenant_id": licence.tenant_id,
            "location_id": licence.location_id,
            "adam_id": licence.adam_id,
            "pricing_param": licence.pricing_param,
            "serial": serial,
            "state": state,
            **fields,
        }
    )


def EventFactory(location: VppLocation, kind: str = VppEvent.Kind.ASSOCIATE, **fields: Any) -> VppEvent:
    made = {"event_id": f"event-{next(_numbers)}", "check_at": timezone.now()}
    return VppEvent.objects.create(**{"location": location, "kind": kind, **made, **fields})
