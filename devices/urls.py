"""Device routes. `/api/device/v0/devices/{id}/` is in `commands.urls`: deleting a device ends its commands."""

from django.urls import path

from devices.views import DeviceStateViewSet, DeviceViewSet, HeartbeatViewSet

urlpatterns = [
    path("api/device/v0/devices/", DeviceViewSet.as_view({"get": "list"})),
    path("api/device/v0/devices/<str:id>/devicestate", DeviceStateViewSet.as_view({"get": "retrieve"})),
    path("api/device/v0/heartbeat/<str:id>/", HeartbeatViewSet.as_view({"get": "retrieve"})),
    path("api/device/v2/heartbeat/", HeartbeatViewSet.as_view({"get": "list"})),
]
