"""Apps that the operator publishes, as rows; their files are not in the storage."""

from itertools import count
from typing import Any

from apps_domain.models import VendorApp, VendorAppRelease, VendorAppVersion
from tenants.models import Tenant
from tests.factories.tenant_apps import StoredFileFactory

_numbers = count(1)


def VendorAppFactory(**fields: Any) -> VendorApp:
    number = next(_numbers)
    made = {"platform": "APPLE", "package_name": f"org.example.vendor{number}", "app_name": f"Vendor app {number}"}
    return VendorApp.objects.create(**{**made, **fields})


def VendorAppVersionFactory(app: VendorApp, *tenants: Tenant | None, **fields: Any) -> VendorAppVersion:
    """Published for these tenants; None is all of them."""
    made: dict[str, Any] = {
        "app": app,
        "app_name": app.app_name,
        "version_name": "1.0",
        "build_number": str(next(_numbers)),
    }
    if "file" not in fields:
        made["file"] = StoredFileFactory(".ipa" if app.platform == "APPLE" else ".apk")
    version = VendorAppVersion.objects.create(**{**made, **fields})
    VendorAppRelease.objects.bulk_create(VendorAppRelease(version=version, tenant=tenant) for tenant in tenants)
    return version
