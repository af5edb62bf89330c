"""Apps: of the store, and who uses them."""

from itertools import count
from typing import Any

from django.utils import timezone

from apps_domain.models import AppType, DeviceApp, StoreApp, StoreAppVersion, VppLicence, VppLocation
from tenants.models import Tenant
from tests.factories.devices import DeviceFactory
from tests.factories.licences import LicenceFactory, LocationFactory

_numbers = count(9_980_000_001)
APPLE_APP_ID = "9990000001"  # of the store's stand-in


def StoreAppFactory(tenant: Tenant, *, version: str = "1.0", **fields: Any) -> StoreApp:
    """As if the store had just been asked about it."""
    row = StoreApp.objects.create(
        **{
            "tenant": tenant,
            "apple_app_id": APPLE_APP_ID,
            "country": tenant.store_country,
            "name": f"Notes of {tenant.name}",
            "bundle_id": "example.ledgerline.notes",
            "refreshed_at": timezone.now(),
            **fields,
        }
    )
    if version:
        row.current_version = StoreAppVersion.objects.create(app=row, version=version)
        row.save(update_fields=["current_version"])
    return row


def next_store_app(tenant: Tenant) -> StoreApp:
    """Another one with each call."""
    return StoreAppFactory(tenant, apple_app_id=str(next(_numbers)))


def licensed(app: StoreApp, **fields: Any) -> VppLicence:
    """Bought by its tenant, at a location that is made if there is none."""
    location = VppLocation.objects.filter(tenant=app.tenant).first() or LocationFactory(app.tenant)
    return LicenceFactory(location, app.apple_app_id, **fields)


def on_a_device(app: StoreApp, **fields: Any) -> DeviceApp:
    device = fields.pop("device", None) or DeviceFactory(tenant=app.tenant)
    return DeviceApp.objects.create(
        tenant=app.tenant,
        device=device,
        app_type=AppType.VPP,
        app_id=app.pk,
        app_version_id=app.current_version_id,
        bundle_id=app.bundle_id,
        app_config=b"",
        **fields,
    )
