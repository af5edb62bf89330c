"""Asking Apple once more, because somebody wants it: for devices, or for all that a server waits with."""

import uuid
from collections.abc import Collection

from django.db import transaction

from devices.models import Device
from onboarding.models import DepDevice, DepServer
from onboarding.services.dep.profiles import assign_soon
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant


@transaction.atomic
def assign_devices_again(*, tenant: Tenant, device_ids: Collection[uuid.UUID], actor: Actor) -> int:
    """Also those that have their profile: Apple is asked for all of them. Ids of DepDevice rows; how many there are."""
    rows = DepDevice.objects.filter(tenant=tenant, pk__in=device_ids, removed_at=None)
    known = Device.objects.filter(dep_device__in=rows.values("pk")).order_by("pk")
    list(known.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))  # as workers lock them
    number = rows.update(assigned_uuid="", assign_result="", assign_reason="", assign_tries=0, assign_not_before=None)
    details = {"devices": number}
    audit.record(actor=actor, action="dep_devices.assigned_again", subject=tenant, tenant=tenant, details=details)
    assign_soon(tenant.pk)
    return number


@transaction.atomic
def assign_server_now(*, server: DepServer, actor: Actor) -> int:
    """What was put off is due as well, unless Apple asked to wait; how many devices that is."""
    rows = DepDevice.objects.filter(server=server, removed_at=None, assign_not_before__isnull=False)
    put_off = rows.exclude(assign_result=DepDevice.Result.THROTTLED)
    known = Device.objects.filter(dep_device__in=put_off.values("pk")).order_by("pk")
    list(known.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    number = put_off.update(assign_not_before=None)
    audit.record(actor=actor, action="dep_server.assignment_requested", subject=server, details={"name": server.name})
    assign_soon(server.tenant_id)
    return number
