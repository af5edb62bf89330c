"""Versions of one app, the tenant's own or published for it, without the files themselves."""

from typing import Any

from apps_domain.models import TenantApp, TenantAppVersion, VendorApp, VendorAppRelease, VendorAppVersion
from tenants.models import Tenant
from tests.factories.tenant_apps import StoredFileFactory

BUNDLE = "com.example.till"
MADE = {
    "app_name": "Till",
    "version_name": "4.2",
    "build_number": "420",
    "min_os_version": "16.0",
    "device_family": ["iphone", "ipad"],
}


def AppVersionFactory(tenant: Tenant, *, bundle_id: str = BUNDLE, **fields: Any) -> TenantAppVersion:
    """A version of the tenant's own app, which is made if there is none."""
    app, _ = TenantApp.objects.get_or_create(tenant=tenant, package_name=bundle_id, defaults={"app_name": "Till"})
    if "file" not in fields:
        fields["file"] = StoredFileFactory()
    return TenantAppVersion.objects.create(**{"tenant": tenant, "app": app, **MADE, **fields})


def VendorVersionFactory(*tenants: Tenant | None, bundle_id: str = BUNDLE, **fields: Any) -> VendorAppVersion:
    """A version published for these tenants; None is all of them."""
    app, _ = VendorApp.objects.get_or_create(
        platform=fields.pop("platform", "APPLE"), package_name=bundle_id, defaults={"app_name": "Till"}
    )
    if "file" not in fields:
        fields["file"] = StoredFileFactory()
    version = VendorAppVersion.objects.create(**{"app": app, **MADE, **fields})
    VendorAppRelease.objects.bulk_create(VendorAppRelease(version=version, tenant=tenant) for tenant in tenants)
    return version
