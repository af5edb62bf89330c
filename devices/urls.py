"""Device routes. `/api/device/v0/devices/{id}/` is in `commands.urls`: deleting a device ends its commands.

So is `/api/v2/devicegroups/{id}/devices`: moving devices starts converges.
"""

from django.urls import path

from devices.views.devices import DeviceStateViewSet, DeviceViewSet, HeartbeatViewSet
from devices.views.groups import DeviceGroupViewSet, SubgroupViewSet

urlpatterns = [
    path("api/device/v0/devices/", DeviceViewSet.as_view({"get": "list"})),
    path("api/device/v0/devices/<str:id>/devicestate", DeviceStateViewSet.as_view({"get": "retrieve"})),
    path("api/device/v0/heartbeat/<str:id>/", HeartbeatViewSet.as_view({"get": "retrieve"})),
    path("api/device/v2/heartbeat/", HeartbeatViewSet.as_view({"get": "list"})),
    path("api/v2/devicegroups/", DeviceGroupViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "api/v2/devicegroups/<str:id>/",
        DeviceGroupViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
    ),
    path("api/v2/subgroups", SubgroupViewSet.as_view({"get": "list"})),
]
