"""Rows of Apple's device assignment: servers, devices in their lists, profiles."""

from itertools import count
from typing import Any

from django.utils import timezone

from devices.models import DeviceState
from onboarding.models import DepDevice, DepProfile, DepServer, DepSync
from tenants.models import Tenant
from tests.factories.devices import DeviceFactory

_numbers = count(1)


def DepServerFactory(tenant: Tenant, **fields: Any) -> DepServer:
    """Without a token, unless `server_key` is that of one."""
    number = next(_numbers)
    return DepServer.objects.create(
        **{"tenant": tenant, "server_key": f"{number:064x}", "name": f"Server {number}", **fields}
    )


def DepProfileFactory(tenant: Tenant, **fields: Any) -> DepProfile:
    """The tenant's default, unless told otherwise."""
    number = next(_numbers)
    return DepProfile.objects.create(**{"tenant": tenant, "name": f"Profile {number}", "is_default": True, **fields})


def DepDeviceFactory(server: DepServer, **fields: Any) -> DepDevice:
    """In Apple's list, without a profile; its device is registered and nothing more."""
    serial = fields.pop("serial", f"DEP{next(_numbers):09}")
    device = fields.pop("device", None) or DeviceFactory(
        tenant=server.tenant,
        platform="APPLE",
        serial=serial,
        udid="",
        device_source="ABM",
        state=DeviceState.REGISTERED,
    )
    told = {"device_family": "iPhone", "os": "iOS", "profile_status": "empty", **fields}
    return DepDevice.objects.create(server=server, tenant=server.tenant, serial=serial, device=device, **told)


def DepSyncFactory(tenant: Tenant, **fields: Any) -> DepSync:
    """Ended well."""
    now = timezone.now()
    made = {"status": DepSync.Status.SUCCESS, "started_at": now, "ended_at": now}
    return DepSync.objects.create(**{"tenant": tenant, **made, **fields})
