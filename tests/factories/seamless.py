"""Who is expected."""

from typing import Any

from django.utils import timezone

from onboarding.models import SeamlessIdentifier, SeamlessRegistration, SeamlessRow, SeamlessUpload
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


def SeamlessUploadFactory(tenant: Tenant, **fields: Any) -> SeamlessUpload:
    """A file that is worked off, without its rows."""
    made = {"source": SeamlessUpload.Source.CONSOLE, "file_name": "devices.csv", "ended_at": timezone.now()}
    return SeamlessUpload.objects.create(**{"tenant": tenant, **made, **fields})


def SeamlessRowFactory(upload: SeamlessUpload, **fields: Any) -> SeamlessRow:
    """The next line of the upload; it became a registration."""
    made = {"line": upload.rows.count() + 2, "unique_ids": "C02EXPECTED", "status": SeamlessRow.Status.SUCCESS}
    return SeamlessRow.objects.create(**{"tenant": upload.tenant, "upload": upload, **made, **fields})
