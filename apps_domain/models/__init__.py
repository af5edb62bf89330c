from apps_domain.models.assignments import VppAssignment, VppEvent
from apps_domain.models.device_apps import AppType, DeviceApp
from apps_domain.models.files import StoredFile
from apps_domain.models.licences import VppLicence, VppLocation, VppNotification, VppServiceConfig
from apps_domain.models.store import StoreApp, StoreAppVersion
from apps_domain.models.tenant_apps import TenantApp, TenantAppVersion
from apps_domain.models.vendor_apps import VendorApp, VendorAppRelease, VendorAppVersion

__all__ = [
    "AppType",
    "DeviceApp",
    "StoreApp",
    "StoreAppVersion",
    "StoredFile",
    "TenantApp",
    "TenantAppVersion",
    "VendorApp",
    "VendorAppRelease",
    "VendorAppVersion",
    "VppAssignment",
    "VppEvent",
    "VppLicence",
    "VppLocation",
    "VppNotification",
    "VppServiceConfig",
]
