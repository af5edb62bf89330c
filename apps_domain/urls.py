"""Store look-ups, licences, the tenant's own apps, and what is on each device."""

from django.urls import path

from apps_domain.views.device_apps import DeviceAppViewSet, DevicesWithAppViewSet
from apps_domain.views.licences import VppLicenceViewSet
from apps_domain.views.store import ItunesAppViewSet
from apps_domain.views.tenant_apps import TenantAppVersionViewSet, TenantAppViewSet
from apps_domain.views.vendor_apps import VendorAppViewSet

VERSIONS = "api/v2/tenant-apps/<str:appId>/versions"

urlpatterns = [
    path("api/apps/v0/vpp", VppLicenceViewSet.as_view({"get": "list"})),
    path("api/apps/v0/vpp/<str:appId>", VppLicenceViewSet.as_view({"get": "retrieve"})),
    path("api/v2/itunesapps", ItunesAppViewSet.as_view({"get": "list"})),
    path("api/v2/tenant-apps", TenantAppViewSet.as_view({"get": "list", "post": "create"})),
    path("api/v2/tenant-apps/<str:appId>", TenantAppViewSet.as_view({"get": "retrieve"})),
    path(VERSIONS, TenantAppVersionViewSet.as_view({"get": "list"})),
    path(
        f"{VERSIONS}/<str:versionId>",
        TenantAppVersionViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
    ),
    path("api/v2/tenant-esper-apps", VendorAppViewSet.as_view({"get": "list"})),
    path("api/v2/devices/<str:deviceId>/device-apps/", DeviceAppViewSet.as_view({"get": "list"})),
    path("api/v2/device-apps", DevicesWithAppViewSet.as_view({"get": "list"})),
]
