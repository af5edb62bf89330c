"""Who is expected."""

from typing import Any

from onboarding.models import SeamlessIdentifier, SeamlessRegistration
from onboarding.seamless.identifiers import Kind
from tenants.models import Tenant


def expect(tenant: Tenant, *, serial: str = "", udid: str = "", imei: str = "", **fields: Any) -> SeamlessRegistration:
    """A registration that waits for its device."""
    registration = SeamlessRegistration.objects.create(tenant=tenant, **fields)
    named = {Kind.SERIAL: serial, Kind.UUID: udid, Kind.IMEI: imei}
    SeamlessIdentifier.objects.bulk_create(
        SeamlessIdentifier(tenant=tenant, registration=registration, kind=kind, value=value)
        for kind, value in named.items()
        if value
    )
    return registration
