from django.urls import path

from commands.views.apns_certificates import ManagedApnsCertificateViewSet
from commands.views.assignments import AssignmentViewSet
from commands.views.blueprints import BlueprintVersionViewSet, BlueprintViewSet
from commands.views.converges import ConvergeCommandViewSet, ConvergeViewSet
from commands.views.devices import ManagedDeviceViewSet
from commands.views.drift import DriftViewSet
from commands.views.group_devices import GroupDevicesViewSet
from commands.views.requests import CommandRequestViewSet
from commands.views.statuses import CommandStatusViewSet

BLUEPRINT = "api/v2/blueprints/<str:blueprint_id>/"

urlpatterns = [
    path("api/commands/v0/commands/", CommandRequestViewSet.as_view({"get": "list", "post": "create"})),
    path("api/commands/v0/commands/<str:id>/", CommandRequestViewSet.as_view({"get": "retrieve"})),
    path("api/commands/v0/commands/<str:id>/stats/", CommandRequestViewSet.as_view({"get": "stats"})),
    path("api/commands/v0/status/", CommandStatusViewSet.as_view({"get": "list"})),
    path("api/commands/v0/status/<str:id>/", CommandStatusViewSet.as_view({"get": "retrieve", "put": "update"})),
    path("api/v2/blueprints/", BlueprintViewSet.as_view({"get": "list", "post": "create"})),
    path(BLUEPRINT, BlueprintViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"})),
    path(f"{BLUEPRINT}versions/", BlueprintVersionViewSet.as_view({"get": "list"})),
    path(f"{BLUEPRINT}versions/<str:version_id>/", BlueprintVersionViewSet.as_view({"get": "retrieve"})),
    path(f"{BLUEPRINT}versions/<str:version_id>/diff/", BlueprintVersionViewSet.as_view({"get": "diff"})),
    path(f"{BLUEPRINT}assignments", AssignmentViewSet.as_view({"post": "create", "delete": "destroy"})),
    path("api/v2/devicegroups/<str:id>/devices", GroupDevicesViewSet.as_view({"post": "create", "delete": "destroy"})),
    path("api/v2/devices/<str:id>/drift", DriftViewSet.as_view({"get": "retrieve", "post": "create"})),
    path("api/v2/converge", ConvergeViewSet.as_view({"get": "list", "post": "create"})),
    path("api/v2/converge/<str:id>", ConvergeViewSet.as_view({"get": "retrieve"})),
    path("api/v2/converge/<str:id>/commands", ConvergeCommandViewSet.as_view({"get": "list"})),
    path("api/device/v0/devices/<str:id>/", ManagedDeviceViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path(
        "api/tenant/v0/apnscertificates/<str:id>/",
        ManagedApnsCertificateViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
    ),
]
